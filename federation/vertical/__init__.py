"""Vertical federations: organisations that hold different columns about the same people.

May import `batched`, `data`, `losses`, `models`, `privacy`, `protection`, `wire` and the ground.
"""

"""Split learning: each owner runs the part of a network that reads its own columns.

May import `batched`, `models`, `privacy`, `protection`, `saves`, `task`, `wire` and the ground.
"""

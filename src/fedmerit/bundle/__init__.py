"""Bundles: the directory of evidence, and the documents and arrays that it holds.

May import `chain`, `federation`, `incentives`, `scenario` and the ground.
"""

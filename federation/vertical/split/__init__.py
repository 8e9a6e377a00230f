"""Split learning: each owner runs the part of a network that reads its own columns.

May import `wire`, `privacy`, `models` and `vertical.task`.
"""

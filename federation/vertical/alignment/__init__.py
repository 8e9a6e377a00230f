"""Which people two tables have in common, told to nobody but their owners.

May import `data`, `wire` and the ground.
"""

"""Which people two tables have in common, told to nobody but their owners.

May import `wire` and the ground.
"""

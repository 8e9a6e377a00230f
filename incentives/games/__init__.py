"""Games made from others: remembered, repeated, summed over rounds, read from a file, lent out.

May import `game`, `methods` and the ground.
"""

"""Trees, commitments, seals and signatures: what lets a few bytes stand for many.

May import `keys` and the ground.
"""

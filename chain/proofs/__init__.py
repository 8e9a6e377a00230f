"""Trees, commitments, seals and signatures: what lets a few bytes stand for many.

May import `jsonfile`, `keys` and the ground.
"""

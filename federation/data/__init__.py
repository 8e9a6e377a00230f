"""Tables and who holds which rows of them: reading, encoding, dealing out.

May import `behaviours` and the ground.
"""

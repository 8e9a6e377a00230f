"""What messages tell: bits of sums, the accountant of privacy loss, clipping and noise.

May import the ground.
"""

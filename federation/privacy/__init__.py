"""What noise is worth: the accountant of privacy loss, clipping and noise.

May import the ground.
"""

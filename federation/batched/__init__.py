"""Many models at once: what makes training and measuring thousands of them cheap.

May import `models` and the ground.
"""

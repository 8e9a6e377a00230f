"""Many models at once: what makes training and measuring thousands of them cheap.

May import `data`, `losses`, `models` and the ground.
"""

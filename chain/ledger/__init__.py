"""Reading back what the contracts hold, and holding it against what was meant.

May import `settlement` and what it may import.
"""

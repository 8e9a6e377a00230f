"""Reading back what the contracts hold, and holding it against what was meant.

May import `clients`, `contracts`, `jsonfile`, `node`, `proofs`, `settlement` and the ground.
"""

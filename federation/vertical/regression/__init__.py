"""Logistic regression on columns of several owners, under Paillier encryption.

May import `checkpoints`, `privacy`, `protection`, `replay`, `split`, `task`, `wire` and the ground.
"""

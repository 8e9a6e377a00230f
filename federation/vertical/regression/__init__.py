"""Logistic regression on columns of several owners, under Paillier encryption.

May import `protection`, `saves`, `split`, `task`, `wire` and the ground.
"""

"""Logistic regression on columns of several owners, under Paillier encryption.

May import `checkpoints`, `entropies`, `privacy`, `protection`, `replay`, `split`, `task`, `wire`
and the ground.
"""

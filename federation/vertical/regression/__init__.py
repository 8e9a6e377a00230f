"""Logistic regression on columns of several owners, under Paillier encryption.

May import `wire`, `protection` and `vertical.task`.
"""

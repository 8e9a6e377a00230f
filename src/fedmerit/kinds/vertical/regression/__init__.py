"""Logistic regression on numbers encrypted by Paillier's cryptosystem, as a run does it.

May import the modules of :mod:`fedmerit.kinds.vertical` beside it, and what those may.
"""

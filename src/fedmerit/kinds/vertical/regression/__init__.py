"""Logistic regression on numbers encrypted by Paillier's cryptosystem, as a run does it.

May import `apart`, `bundle`, `federation`, `models`, `protocols`, `report` and `scenario`.
"""

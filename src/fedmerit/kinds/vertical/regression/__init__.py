"""Logistic regression on numbers encrypted by Paillier's cryptosystem, as a run does it.

May import `bundle`, `federation`, `models`, `privacy`, `processes`, `protocols`, `report` and
`scenario`.
"""

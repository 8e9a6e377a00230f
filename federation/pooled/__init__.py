"""Estimators of scikit-learn's form, fitted to the rows of coalitions in one place.

May import `batched`, `data` and the ground.
"""

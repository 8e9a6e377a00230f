"""Members own rows of one table's form and train by federated averaging.

May import every room below :mod:`fedmerit.simulation`.
"""

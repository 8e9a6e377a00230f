"""Training by federated averaging: rounds, the engine beneath them, and their record.

May import `batched`, `behaviours`, `data`, `losses`, `models` and the ground.
"""

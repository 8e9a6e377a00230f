"""Training by federated averaging: rounds, the engine beneath them, and their record.

May import `batched`, `data`, `behaviours`, `models` and the ground.
"""

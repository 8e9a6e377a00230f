"""The games that training induces: coalitions trained again, or valued by a run's own rounds.

May import `batched`, `data`, `horizontal`, `models` and the ground.
"""

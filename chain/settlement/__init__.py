"""Settling a job: its terms, contracts, draw, steps and receipt.

May import `node`, `clients`, `proofs` and what they may import.
"""

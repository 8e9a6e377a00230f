"""Settling a job: its terms, contracts, draw, steps and receipt.

May import `clients`, `contracts`, `jsonfile`, `keys`, `node`, `proofs` and the ground.
"""

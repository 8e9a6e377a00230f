"""Scenarios: the settings of a run, read from TOML or shipped, and refused where they are wrong.

May import `chain`, `incentives` and the ground.
"""

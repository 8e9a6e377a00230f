"""Scenarios: the settings of a run, read from TOML or shipped, and refused where they are wrong.

May import `chain`, `federation`, `incentives` and the ground.
"""

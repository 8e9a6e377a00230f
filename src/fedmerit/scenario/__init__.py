"""Scenarios: the settings of a run, read from TOML or shipped, and refused where they are wrong.

May import the names of the rooms `federation`, `incentives` and `chain`, and the ground.
"""

"""The stages of a run, each from the bundle's files to the bundle's files.

May import `bundle`, `chain`, `federation`, `incentives`, `report`, `scenario` and the ground.
"""

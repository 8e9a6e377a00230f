"""The stages of a run, each from the bundle's files to the bundle's files.

May import the report, the bundle, the scenario and the rooms below them.
"""

"""Bundles: the directory of evidence, and the documents and arrays that it holds.

May import the scenario and the rooms below it.
"""

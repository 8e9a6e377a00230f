"""Members own different columns about the same people and train on protected numbers.

May import every room below :mod:`fedmerit.simulation`. Everything after the valuation, from the
mechanism to the audit of the chain, is what it is for owners of rows.
"""

"""Kinds of federation, a package each: all that differs between who owns rows and who columns.

May import every room below :mod:`fedmerit.simulation`; those reach it through
:func:`fedmerit.scenario.kinds.kind_of` alone.
"""

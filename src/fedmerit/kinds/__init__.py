"""Kinds of federation, a package each: all that differs between who owns rows and who columns.

May import `auditing`, `bundle`, `chain`, `federation`, `incentives`, `report`, `scenario`,
`stages` and the ground.

The rooms below :mod:`fedmerit.simulation` reach a kind by
:func:`fedmerit.scenario.kinds.kind_of` alone.
"""

"""The command line: one module a command, and what they print.

May import `auditing`, `bundle`, `chain`, `federation`, `incentives`, `kinds`, `pipeline`,
`preview`, `report`, `scenario`, `simulation`, `stages` and the ground.
"""

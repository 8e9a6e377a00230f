"""Split learning, a network at each owner, as a run does it.

May import `bundle`, `federation`, `models`, `privacy`, `processes`, `protocols`, `report`,
`scenario` and the ground.
"""

"""Methods that read a run's rounds or updates, and no other game.

May import `enumeration`, `exact`, `game`, `games`, `measures`, `sampling`, `spreads`, `traits`,
`valuation` and the ground.
"""

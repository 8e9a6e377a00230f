"""Methods that draw coalitions or joining orders and average what they show.

May import `enumeration`, `exact`, `game`, `games`, `spreads`, `traits`, `valuation` and the
ground.
"""

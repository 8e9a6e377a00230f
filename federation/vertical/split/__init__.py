"""Split learning: each owner runs the part of a network that reads its own columns.

May import `batched`, `checkpoints`, `models`, `privacy`, `protection`, `replay`, `task`,
`wire` and the ground.
"""

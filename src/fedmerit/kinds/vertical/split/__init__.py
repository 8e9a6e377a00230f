"""Split learning, a network at each owner, as a run does it.

May import the modules of :mod:`fedmerit.kinds.vertical` beside it, and what those may.
"""

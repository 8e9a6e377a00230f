"""How owners of rows enter a simulation: as they are."""

from fedmerit.kinds.horizontal.wiring import assemble

__all__ = ["assemble"]

"""The stages of a run whose members own rows."""

from fedmerit.kinds.horizontal.training import train
from fedmerit.kinds.horizontal.valuing import value
from fedmerit.kinds.horizontal.wiring import assemble as check

__all__ = ["check", "train", "value"]

"""The stages of a run that somebody else made."""

from fedmerit.kinds.recorded.training import train
from fedmerit.kinds.recorded.valuing import value
from fedmerit.kinds.recorded.wiring import check

__all__ = ["check", "train", "value"]

"""The stages of a run on pooled rows."""

from fedmerit.kinds.pooled.training import train
from fedmerit.kinds.pooled.valuing import value
from fedmerit.kinds.pooled.wiring import check

__all__ = ["check", "train", "value"]

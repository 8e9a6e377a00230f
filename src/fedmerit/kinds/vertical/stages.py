"""The stages of a run whose members own columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.kinds.vertical.rehearsal import rehearse
from fedmerit.kinds.vertical.training import train
from fedmerit.kinds.vertical.valuing import value
from fedmerit.kinds.vertical.wiring import assemble

if TYPE_CHECKING:
    from fedmerit.kinds.vertical.wiring import Partnership
    from fedmerit.scenario.model import Scenario

__all__ = ["check", "train", "value"]


def check(scenario: Scenario) -> Partnership:
    """Read and align every table in the clear, to find out now what would stop the run.

    Raises:
        FedmeritError: The scenario cannot be run.
    """
    partnership = assemble(scenario)
    rehearse(partnership, scenario)
    return partnership

"""The stages of a run whose members own columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.kinds.vertical.rehearsal import rehearse
from fedmerit.kinds.vertical.training import train
from fedmerit.kinds.vertical.valuing import value
from fedmerit.kinds.vertical.wiring import assemble

if TYPE_CHECKING:
    from fedmerit.kinds.vertical.wiring import VerticalFederation
    from fedmerit.scenario.model import Scenario

__all__ = ["check", "train", "value"]


def check(scenario: Scenario) -> VerticalFederation:
    """Read and align every table in the clear, to find out now what would stop the run.

    Raises:
        FedmeritError: The scenario cannot be run.
    """
    federation = assemble(scenario)
    rehearse(federation, scenario)
    return federation

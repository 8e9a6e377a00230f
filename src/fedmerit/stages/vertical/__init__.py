"""A run whose parties own columns: its wiring, its training and its valuation.

Everything after that, from the mechanism to the audit of the chain, is what it is for owners of
rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.scenario.model import Scenario
    from fedmerit.stages.chains import Advance
    from fedmerit.stages.vertical.wiring import VerticalFederation

__all__ = ["check", "train", "value"]


def check(scenario: Scenario) -> VerticalFederation:
    """Read and align every table in the clear, to find out now what would stop the run.

    Raises:
        FedmeritError: The scenario cannot be run.
    """
    from fedmerit.stages.vertical.rehearsal import rehearse  # noqa: PLC0415 - owners of rows do without
    from fedmerit.stages.vertical.wiring import assemble  # noqa: PLC0415 - as above

    found = assemble(scenario)
    rehearse(found, scenario)
    return found


def train(bundle: Bundle, advance: Advance) -> None:
    """Do the train stage."""
    from fedmerit.stages.vertical.training import train as stage  # noqa: PLC0415 - as above

    stage(bundle, advance)


def value(bundle: Bundle, advance: Advance) -> None:
    """Do the value stage."""
    from fedmerit.stages.vertical.valuing import value as stage  # noqa: PLC0415 - as above

    stage(bundle, advance)

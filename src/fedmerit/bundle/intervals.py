"""Which sources of error an interval holds, and which it leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fedmerit.scenario.parts import part_of

if TYPE_CHECKING:
    from fedmerit.bundle.schemas import ValuationDocument
    from fedmerit.scenario.model import Scenario

#: What the intervals of every run hold or leave out, in words for a sentence.
ROWS: Final = "the draw of validation rows"
DRAWS: Final = "the draw of coalitions"
TRAINING: Final = "the training's own randomness"
NOISE: Final = "protective noise"


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a value's error.

    Attributes:
        name: In words for a sentence.
        errors: One standard error of each value from it alone, in billionths; None where the
            intervals leave it out.
    """

    name: str
    errors: tuple[int, ...] | None


def sources(valuation: ValuationDocument, scenario: Scenario) -> tuple[Source, ...]:
    """Give every source of error that a run has, held or left out.

    Noise that protects somebody is part of every training, so repeats show both together.
    """
    drawn = () if valuation.errors == "none" else (Source(DRAWS, valuation.sampling_errors),)
    noise = part_of(scenario).draws_noise(scenario)
    if valuation.repeats > 1:
        name = f"{TRAINING} and {NOISE}" if noise else TRAINING
        trained = (Source(name, valuation.training_errors),)
    else:
        trained = (Source(TRAINING, None), *((Source(NOISE, None),) if noise else ()))
    return (Source(ROWS, valuation.validation_errors), *drawn, *trained)


def left_out(valuation: ValuationDocument, scenario: Scenario) -> tuple[str, ...]:
    """Name the sources that the intervals leave out."""
    return tuple(one.name for one in sources(valuation, scenario) if one.errors is None)

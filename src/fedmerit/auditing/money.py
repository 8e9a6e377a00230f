"""How much money an audit's tolerances can move: whoever uses them up moves that much.

Each member in turn is favoured by all that a tolerance lets through, at everybody else's cost,
and the scenario's mechanism decides again. Of a mechanism that pays more for more value and less
for others' that is the most that one member can gain.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.stats import t as student

from fedmerit.auditing.floats import MEAN
from fedmerit.auditing.verdict import Check
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.directory import COALITIONS
from fedmerit.bundle.training import recorded_game
from fedmerit.errors import FedmeritError
from fedmerit.incentives import RecordedGame
from fedmerit.stages.reward import decided
from fedmerit.units import MICRO, NANO

if TYPE_CHECKING:
    from fedmerit.auditing.floats import Judged
    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import ValuationDocument


class Slack(NamedTuple):
    """What a tolerance lets through.

    Attributes:
        value: By how much a value may be off, in billionths.
        half_width: By how much half of its interval may be.
        worth: By how much a coalition's worth may be, in the metric's own unit.
    """

    value: int
    half_width: int = 0
    worth: float = 0.0


#: Of a budget that roundings may move the hundredth part of, nothing is shown.
_MATERIAL: Final = 100
#: What rounding to whole billionths lets through.
ROUNDING = Slack(value=1, half_width=1)


def slack(mean: float, spread: float, rows: int, confidence_ppm: int, repeats: int = 1) -> Slack:
    """Give what follows where coalitions' means and the spread over *rows* may be off by so much.

    A value is made of differences of two means, and its error of the spread of such over rows, and
    over the repeats of the training if there were any.
    """
    at = (1 + confidence_ppm / MICRO) / 2
    times = float(student.ppf(at, max(rows - 1, 1)))
    wider = times * 2 * (spread / max(rows, 1) ** 0.5 + mean)
    if repeats > 1:
        wider += float(student.ppf(at, repeats - 1)) * 2 * (spread + mean)
    return Slack(int(np.ceil(2 * mean * NANO)), int(np.ceil(wider * NANO)), mean)


def most_moved(bundle: Bundle, by: Slack) -> int:
    """Give the most base units that one member gains or loses where its value is off by so much.

    A favour that the mechanism refuses to pay for moves nothing.
    """
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    paid = decided(bundle).payments
    most = 0
    for place, name in enumerate(said.participants):
        for sign in (1, -1):
            with suppress(FedmeritError):
                game = _bent(bundle, said, place, sign * by.worth) if by.worth else None
                found = decided(bundle, _favoured(said, name, sign, by), game).payments
                most = max(most, abs(found[place] - paid[place]))
    return most


def weighed(bundle: Bundle, name: str, found: Judged, by: Slack, what: str) -> Check:
    """Make the check of measurements that float order explains, by the money that lets through.

    Where that is a good part of the budget, nothing was shown: the check says so instead.

    Args:
        bundle: Whose measurements.
        name: The check's.
        found: That they hold.
        by: What was let through.
        what: What was measured again.
    """
    moved, budget = most_moved(bundle, by), bundle.scenario.reward.budget
    allowed = f"{found.mean:.0e} and {found.spread:.0e}"
    if found.mean > MEAN and moved > budget / _MATERIAL:
        return Check(
            name,
            "skipped",
            f"{what}: {found.why}. A rounding alone may move {moved:,} of {budget:,} base units "
            f"(allowed: {allowed}), so whether anybody altered it cannot be told here",
        )
    return Check(
        name,
        "ok",
        f"{what}: {found.why} (allowed: {allowed}, which moves {moved:,} base units at most)",
    )


def _favoured(said: ValuationDocument, name: str, sign: int, by: Slack) -> ValuationDocument:
    """Give the values where *name* has more and all others less, or the reverse."""
    signs = [sign if other == name else -sign for other in said.participants]
    halves = zip(said.half_widths, signs, strict=True)
    values = zip(said.values, signs, strict=True)
    return said.model_copy(
        update={
            "values": tuple(value + each * by.value for value, each in values),
            "half_widths": tuple(max(0, half - each * by.half_width) for half, each in halves),
        }
    )


def _bent(bundle: Bundle, said: ValuationDocument, place: int, worth: float) -> RecordedGame:
    """Give the recorded game where coalitions with a member are worth more, those without less."""
    game, _ = recorded_game(bundle, said.participants)
    coalitions = bundle.tensors(COALITIONS)["coalitions"].astype(np.bool_)
    rows = game.worth_by_row(coalitions)
    signs = np.where(coalitions[:, place], 1.0, -1.0) * coalitions.any(axis=1)
    bent = rows + worth * signs[:, None]
    return RecordedGame(said.participants, coalitions, bent, repeats=game.repeats)

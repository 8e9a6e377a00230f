"""What a scenario says of rows that are pooled for an estimator."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.kinds.horizontal.scenario import anchored, draws_noise, offers
from fedmerit.kinds.horizontal.scenario import check_sections as check_rows
from fedmerit.scenario.model import Scenario, Training

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "LEFT_OUT",
    "MODEL",
    "anchored",
    "catalogue",
    "check_sections",
    "draws_noise",
    "example",
    "offers",
]

MODEL: Final = Scenario
LEFT_OUT: Final = frozenset({"training"})
#: Behaviours that act on rows: nobody sends updates here.
BEHAVIOURS: Final = ("honest", "free-rider", "label-flip", "feature-noise")


class Sklearn:
    """An ``estimator`` of scikit-learn's form on pooled rows: no federated averaging."""


def check_sections(scenario: Scenario) -> None:
    """Refuse what is for members that train and send updates."""
    check_rows(scenario)
    if scenario.training != Training():
        msg = "[training] is for federated averaging, and an estimator is fitted to pooled rows"
        raise ValueError(msg)
    if scenario.valuation.game != "retraining":
        msg = (
            f"valuation.game = {scenario.valuation.game!r} is of updates, and pooled rows make "
            "none: leave it out"
        )
        raise ValueError(msg)
    if scenario.valuation.metric != "loss":
        msg = f"valuation.metric = {scenario.valuation.metric!r} is for federated averaging"
        raise ValueError(msg)
    if scenario.data.validation:
        msg = "data.validation is for federated averaging: members pool validation rows here"
        raise ValueError(msg)
    if scenario.valuation.repeats > 1:
        msg = (
            f"valuation.repeats = {scenario.valuation.repeats} is of federated training: an "
            "estimator is fitted once to each coalition's pooled rows"
        )
        raise ValueError(msg)
    if scenario.spans:
        msg = "from_round and until_round are of rounds, and pooled rows make none"
        raise ValueError(msg)
    for member in scenario.members:
        if member.behaviour not in BEHAVIOURS:
            msg = (
                f"member {member.name!r}: {member.behaviour!r} acts on updates, and pooled rows "
                f"make none: choose one of {', '.join(BEHAVIOURS)}"
            )
            raise ValueError(msg)


def example() -> Iterator[str]:
    """Show nothing: the settings are those of ``[model]``."""
    yield from ()


def catalogue() -> Mapping[str, Mapping[str, object]]:
    """Give the one model that makes a scenario one of this kind."""
    return MappingProxyType({"Models": {"sklearn": Sklearn}})

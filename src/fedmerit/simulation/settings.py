"""What a simulation is told besides the scenario: one frozen object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fedmerit.errors import RewardError, suggestion
from fedmerit.incentives import MECHANISMS
from fedmerit.incentives.mechanisms import Need
from fedmerit.incentives.participation import LIES, RISING, SIMULATED, UNSIMULATED, Patience

#: Up to so many members every coalition of a round can be looked at, round by round.
MOST_IN_A_GAME: Final = 12

_SHARES: Final = ("misreporting", "responding", "lying")
_CHANCES: Final = ("audit", "detection", "false_alarm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """How a federation is run under several mechanisms.

    Amounts are shares of the round's budget, or of an equal share of it, so that they mean
    the same whatever the scenario pays.
    """

    mechanisms: tuple[str, ...]
    """Under which; each a key of ``SIMULATED``."""
    rounds: int = 10
    """How many, each paid from the same budget."""
    deviators: int = 4
    """Honest members that deviate one at a time, to see what that brings them."""
    cost: float = 0.5
    """What everybody's work of a round costs together, of its budget."""
    rising: bool = False
    """Whether work gets dearer the more there is of it: half of it then costs a quarter."""
    outside: float = 0.0
    """What each has elsewhere a round, of an equal share of the budget."""
    benefit: float = 0.1
    """Part of what the joint model brings in that is its members', in equal parts."""
    stake: float = 1.0
    """What each puts down at first, in equal shares of the budget."""
    patience: Patience = field(default_factory=Patience)
    """When members leave."""
    misreporting: float = 0.0
    """Share of the honest members that overstate their costs by a half."""
    responding: float = 0.0
    """Share of the honest members that look for what pays them best."""
    lying: float = 0.0
    """Share of the evaluators that lie about what their rows showed."""
    lie: str = "praise"
    """How, a key of ``LIES``."""
    audit: float = 0.0
    """Chance that an evaluator's rows are looked at again in a round."""
    detection: float = 1.0
    """Chance that a lie is found if so; what was said is then put right."""
    false_alarm: float = 0.0
    """Chance that an honest evaluator is taken for a liar if so."""
    slash: float = 0.0
    """What an evaluator that is taken for a liar loses of its stake, in equal shares."""
    coalitions: int = 128
    """Coalitions that each round is valued by, at least; with few members all of them."""

    def __post_init__(self) -> None:
        if not self.mechanisms:
            raise RewardError(
                "there is nothing to compare", hint=f"Name some of: {', '.join(SIMULATED)}."
            )
        for name in self.mechanisms:
            _check_mechanism(name, rising=self.rising)
        if self.lie not in LIES:
            raise RewardError(f"no lie is called {self.lie!r}", hint=suggestion(self.lie, LIES))
        for name in (*_SHARES, *_CHANCES, "benefit"):
            if not 0 <= getattr(self, name) <= 1:
                raise RewardError(f"{name} is a part of 1, and is {getattr(self, name)}")
        for name in ("cost", "outside", "stake", "slash"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise RewardError(f"{name} must not be negative, and is {getattr(self, name)}")
        for name, least in (("rounds", 1), ("deviators", 0), ("coalitions", 2)):
            if getattr(self, name) < least:
                raise RewardError(f"{name} must be {least} or more, and is {getattr(self, name)}")

    def check_size(self, members: int) -> None:
        """Refuse mechanisms that look at every coalition, where there are too many.

        Raises:
            RewardError: With the mechanisms, and how many members they can take.
        """
        whole = [name for name in self.mechanisms if Need.GAME in MECHANISMS[name].needs]
        if whole and members > MOST_IN_A_GAME:
            raise RewardError(
                f"{', '.join(whole)} look at all 2**{members} coalitions of every round",
                hint=f"Leave them out, or simulate at most {MOST_IN_A_GAME} members.",
            )


def _check_mechanism(name: str, *, rising: bool) -> None:
    if name not in MECHANISMS:
        raise RewardError(f"no mechanism is called {name!r}", hint=suggestion(name, SIMULATED))
    if name in UNSIMULATED:
        raise RewardError(
            f"no federation can be simulated under {name!r}: {UNSIMULATED[name]}",
            hint=f"Choose among: {', '.join(SIMULATED)}.",
        )
    if name in RISING and not rising:
        raise RewardError(
            f"{name!r} pays for work that gets dearer the more there is, and here a round's steps "
            "cost all the same",
            hint="Simulate with rising costs: --rising, or Simulation(rising=True).",
        )

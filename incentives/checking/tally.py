"""The attempts at one property of one mechanism, sorted by whether they lie where it is claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.incentives.checking.domains import outside
from fedmerit.incentives.checking.results import PropertyResult
from fedmerit.incentives.mechanisms.properties import Condition

if TYPE_CHECKING:
    from fedmerit.incentives.checking.results import Attempt, Status
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism, Property


class Tally:
    """What was found so far.

    A property that is not claimed is looked at first where every condition holds: a case without
    harm, and with plain copies, says more.

    Args:
        mechanism: That is tried.
        claim: The property that is tried.
    """

    def __init__(self, mechanism: Mechanism, claim: Property) -> None:
        self.mechanism = mechanism
        self.claim = claim
        self.worst: Attempt | None = None
        self._outside: Attempt | None = None
        self._tried = 0
        self._domain = mechanism.domains.get(claim, frozenset(Condition))
        self._last: tuple[Setting | None, frozenset[Condition]] = (None, frozenset())

    def add(self, attempt: Attempt) -> None:
        """Count an attempt, and keep it if it is the worst of its kind."""
        if self._misses(attempt):
            if attempt.broke and (self._outside is None or attempt.beyond > self._outside.beyond):
                self._outside = attempt
            return
        self._tried += 1
        if self.worst is None or (attempt.broke, attempt.beyond) > (
            self.worst.broke,
            self.worst.beyond,
        ):
            self.worst = attempt

    @property
    def broken(self) -> bool:
        """Whether the property is claimed, and was broken where it is."""
        claimed = self.claim in self.mechanism.claims
        return claimed and self.worst is not None and self.worst.broke

    def result(self) -> PropertyResult:
        """Say what was found."""
        claimed, worst, outside_ = self.claim in self.mechanism.claims, self.worst, self._outside
        broke = worst is not None and worst.broke
        status: Status = "not claimed"
        if claimed:
            status = "violated" if broke else "held" if self._tried else "never tried"
        elif not broke and outside_ is not None:
            worst, outside_, broke = outside_, None, True
        needs = self.mechanism.needs
        return PropertyResult(
            claim=self.claim,
            domain=tuple(sorted(self._domain)) if claimed else (),
            status=status,
            gain=None if worst is None else float(worst.gain) if broke else 0.0,
            witness=worst.witness(needs) if worst is not None and broke else "",
            outside=outside_.witness(needs) if claimed and outside_ is not None else "",
            trials=self._tried,
        )

    def _misses(self, attempt: Attempt) -> bool:
        """Say whether an attempt lies outside the domain; the last setting's is remembered."""
        setting, missed = self._last
        if attempt.setting is not None and attempt.setting is not setting:
            missed = outside(self.mechanism, attempt.setting, self._domain)
            self._last = attempt.setting, missed
        return bool(missed | attempt.outside & self._domain)

"""Hold mechanisms to what they claim, in drawn settings, and keep the worst case found.

Properties that a mechanism does not claim are tried too, where they apply: what it costs to
do without a promise is what one chooses mechanisms by.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.errors import Deficit, RewardError
from fedmerit.incentives.checking import accounting, coalitional, strategic
from fedmerit.incentives.checking.believing import is_truthful_on_average
from fedmerit.incentives.checking.results import PropertyResult, Verdict
from fedmerit.incentives.checking.samplers import sampler_of
from fedmerit.incentives.mechanisms.properties import Property
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import numpy as np

    from fedmerit.incentives.checking.results import Attempt, Status
    from fedmerit.incentives.checking.samplers import Sampler
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms import Mechanism

    #: Tries to break a property in one setting; None where it does not apply.
    Check = Callable[[Mechanism, Setting, np.random.Generator], Attempt | None]

#: How each property is tried in a setting; truth on average needs many at once.
CHECKS: Final[Mapping[Property, Check]] = MappingProxyType(
    {
        Property.CONSERVATION: accounting.conserves,
        Property.DSIC: strategic.is_truthful,
        Property.NASH: strategic.is_equilibrium,
        Property.IR: accounting.harms_nobody,
        Property.WBB: accounting.stays_in_budget,
        Property.SBB: accounting.pays_out,
        Property.EFF: strategic.is_efficient,
        Property.SYM: coalitional.is_symmetric,
        Property.NULL: coalitional.ignores_nulls,
        Property.ADD: coalitional.is_additive,
        Property.CORE: coalitional.is_stable,
        Property.REPLICATION: coalitional.defies_copies,
        Property.SYBIL: coalitional.defies_sybils,
        Property.MONO: coalitional.rewards_growth,
        Property.SCALE: coalitional.keeps_units,
    }
)
#: Settings that a mean over the others' types is taken over, for each trial asked for.
_DRAWS_A_TRIAL: Final = 12
#: With so many, all mechanisms there are take a minute or so on one core.
TRIALS: Final = 60


def check(
    mechanism: Mechanism,
    *,
    claims: Iterable[Property] = Property,
    trials: int = TRIALS,
    seed: int = 0,
    sampler: Sampler | None = None,
) -> Verdict:
    """Try properties of *mechanism*: whether it claims them or not.

    Args:
        mechanism: To be tried.
        claims: Which properties; all, if absent.
        trials: Settings a property; the same seed tries the same ones first.
        seed: Not negative.
        sampler: Draws the settings; by what the mechanism needs, if absent.

    Raises:
        RewardError: *trials* is below 1, or the mechanism refuses a setting.
    """
    if trials < 1:
        raise RewardError(f"a property is tried in 1 setting or more, not {trials}")
    draw = sampler or sampler_of(mechanism)
    return Verdict(
        mechanism=mechanism.name,
        results=tuple(_result(mechanism, claim, draw, trials, seed) for claim in claims),
    )


def _result(
    mechanism: Mechanism, claim: Property, draw: Sampler, trials: int, seed: int
) -> PropertyResult:
    claimed = claim in mechanism.claims
    largest: Attempt | None = None
    tried = 0
    for attempt in _attempts(mechanism, claim, draw, trials, seed):
        tried += 1
        if largest is None or attempt.gain - attempt.allowed > largest.gain - largest.allowed:
            largest = attempt
    broke = largest is not None and largest.broke
    status: Status = "not claimed" if not claimed else "violated" if broke else "held"
    if claimed and not tried:
        raise RewardError(
            f"{mechanism.name} claims {claim}, and no setting tries it",
            hint="Give check() a sampler that draws settings in which the claim says something.",
        )
    return PropertyResult(
        claim=claim,
        status=status,
        gain=None if largest is None else largest.gain if largest.broke else 0.0,
        witness=largest.says if largest is not None and largest.broke else "",
        trials=tried,
    )


def _attempts(
    mechanism: Mechanism, claim: Property, draw: Sampler, trials: int, seed: int
) -> Iterator[Attempt]:
    if claim is Property.BNIC:
        if claim in mechanism.claims:
            rng = generator(seed, "checking", mechanism.name, claim)
            attempt = is_truthful_on_average(mechanism, draw, rng, trials * _DRAWS_A_TRIAL)
            if attempt is not None:
                yield attempt
        return
    for trial in range(trials):
        rng = generator(seed, "checking", mechanism.name, claim, trial)
        try:
            attempt = CHECKS[claim](mechanism, draw(rng), rng)
        except Deficit:
            continue  # what it owes cannot be paid: WBB says so, and nothing else can be tried
        if attempt is not None:
            yield attempt

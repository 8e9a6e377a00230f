"""Hold mechanisms to what they claim, wherever it is claimed, and keep the worst case found.

Settings are drawn, put into corners that draws miss, taken from small grids from end to end,
and then climbed from the worst of them. Properties that a mechanism does not claim are tried
too, where they apply: what it costs to do without a promise is what one chooses mechanisms by.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.errors import RewardError
from fedmerit.incentives.checking import accounting, coalitional, names, strategic
from fedmerit.incentives.checking.believing import is_truthful_on_average
from fedmerit.incentives.checking.climbing import neighbour
from fedmerit.incentives.checking.corners import cornered
from fedmerit.incentives.checking.grids import every_bid, small_games
from fedmerit.incentives.checking.results import Verdict
from fedmerit.incentives.checking.samplers import sampler_of
from fedmerit.incentives.checking.tally import Tally
from fedmerit.incentives.mechanisms.properties import Need, Property
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import numpy as np

    from fedmerit.incentives.checking.results import Attempt
    from fedmerit.incentives.checking.samplers import Sampler
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Mechanism

    #: Tries to break a property in one setting; nothing where it does not apply.
    Check = Callable[[Mechanism, Setting, np.random.Generator], Iterator[Attempt]]

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
        Property.REPLICATION: names.defies_copies,
        Property.SYBIL: names.defies_sybils,
        Property.MONO: coalitional.rewards_growth,
        Property.SCALE: coalitional.keeps_units,
    }
)
#: Settings that a mean over the others' types is taken over, for each trial asked for.
_DRAWS_A_TRIAL: Final = 12
#: With so many, all mechanisms there are take a minute or so on one core.
TRIALS: Final = 40
#: Steps of the dearest of the asks that are tried from end to end.
GRID: Final = 6
#: Of so many settings, one is a corner.
_A_CORNER_IN: Final = 3


def check(
    mechanism: Mechanism,
    *,
    claims: Iterable[Property] = Property,
    trials: int = TRIALS,
    grid: int = GRID,
    seed: int = 0,
    sampler: Sampler | None = None,
) -> Verdict:
    """Try properties of *mechanism*: whether it claims them or not.

    Args:
        mechanism: To be tried.
        claims: Which properties; all, if absent.
        trials: Settings a property; the same seed tries the same ones first.
        grid: Steps of the small grids that are tried from end to end; 0 for none.
        seed: Not negative.
        sampler: Draws the settings; by what the mechanism needs, if absent.

    Raises:
        RewardError: *trials* is below 1.
    """
    if trials < 1:
        raise RewardError(f"a property is tried in 1 setting or more, not {trials}")
    draw = sampler or sampler_of(mechanism)
    results = []
    for claim in claims:
        tally = Tally(mechanism, claim)
        _fill(tally, draw, trials, grid, seed)
        results.append(tally.result())
    return Verdict(mechanism=mechanism.name, results=tuple(results))


def _fill(tally: Tally, draw: Sampler, trials: int, grid: int, seed: int) -> None:
    """Try the tally's property in *trials* settings, in the grids, and from the worst of them."""
    if tally.claim is Property.BNIC:
        _try_habits(tally, draw, trials, seed)
        return
    for trial in range(trials):
        rng = generator(seed, "checking", tally.mechanism.name, tally.claim, trial)
        setting = draw(rng)
        if trial % _A_CORNER_IN == _A_CORNER_IN - 1:
            setting = cornered(tally.mechanism, setting, trial // _A_CORNER_IN + seed) or setting
        _try(tally, setting, rng)
        if tally.broken:
            return  # it is no claim any more, and the rest would not mend it
    if tally.claim in tally.mechanism.claims:
        rng = generator(seed, "checking", tally.mechanism.name, tally.claim, "grid")
        if grid:
            _try_grids(tally, draw, grid, rng)
        climb(tally, trials // 2, rng)


def _try(tally: Tally, setting: Setting, rng: np.random.Generator) -> None:
    for attempt in CHECKS[tally.claim](tally.mechanism, setting, rng):
        tally.add(attempt)


def _try_habits(tally: Tally, draw: Sampler, trials: int, seed: int) -> None:
    """Try lies that are kept up: only against who claims that they gain nothing on average."""
    if tally.claim in tally.mechanism.claims:
        rng, draws = (
            generator(seed, "checking", tally.mechanism.name, tally.claim),
            trials * _DRAWS_A_TRIAL,
        )
        for attempt in is_truthful_on_average(tally.mechanism, draw, rng, draws):
            tally.add(attempt)


def _try_grids(tally: Tally, draw: Sampler, grid: int, rng: np.random.Generator) -> None:
    for attempt in every_bid(tally.mechanism, tally.claim, draw, rng, grid):
        tally.add(attempt)
    if tally.mechanism.needs & {Need.GAME, Need.CONTRIBUTIONS}:
        for setting in small_games(draw(rng)):
            _try(tally, setting, rng)


def climb(tally: Tally, steps: int, rng: np.random.Generator) -> None:
    """Go from the worst setting within the domain to a worse one, until one breaks the claim."""
    for _ in range(steps):
        worst = tally.worst
        if worst is None or worst.setting is None or worst.broke:
            return
        _try(tally, neighbour(tally.mechanism, worst.setting, rng), rng)

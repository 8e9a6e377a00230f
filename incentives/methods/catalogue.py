"""Valuation methods by name, and the one way in.

There is no registry. :data:`METHODS` is the list, in one place: a new method is a function
of the form :class:`~fedmerit.incentives.valuation.Valuator` under
:func:`~fedmerit.incentives.methods.traits.valuation_method`, and an entry here.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.errors import BudgetTooSmall, GameError, suggestion
from fedmerit.incentives.game import EnumerableGame
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.methods.cores.cores import least_core, nucleolus
from fedmerit.incentives.methods.exact import exact, leave_one_out
from fedmerit.incentives.methods.runs.alignment import cgsv, gradient_alignment
from fedmerit.incentives.methods.runs.comfedsv import comfedsv
from fedmerit.incentives.methods.runs.fedsv import fedsv
from fedmerit.incentives.methods.runs.groups import grouped
from fedmerit.incentives.methods.runs.gtg import gtg
from fedmerit.incentives.methods.sampling.owen import owen
from fedmerit.incentives.methods.sampling.permutation import antithetic, permutation, truncated
from fedmerit.incentives.methods.sampling.regression import kernel_shap, leverage
from fedmerit.incentives.methods.sampling.semivalues import banzhaf, beta_shapley, individual
from fedmerit.incentives.methods.sampling.stratified import complementary, stratified, svarm
from fedmerit.incentives.methods.surrogates import gaussian_process, regression_adjusted, surrogate
from fedmerit.incentives.methods.traits import Concept, Reads
from fedmerit.incentives.valuation import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.methods.stopping import Rule
    from fedmerit.incentives.methods.traits import Method
    from fedmerit.incentives.valuation import Valuation

    #: A method, or one with some of its settings given.
    Valuator = Callable[..., Valuation]

#: Every method, under the name that scenarios and the command line use: those of Shapley
#: values of any game, of a run's rounds or updates, and of other concepts.
METHODS: Final[Mapping[str, Method[...]]] = MappingProxyType(
    {
        method.name: method
        for method in (
            exact,
            permutation,
            antithetic,
            truncated,
            stratified,
            svarm,
            complementary,
            owen,
            kernel_shap,
            leverage,
            gaussian_process,
            regression_adjusted,
            surrogate,
            gtg,
            fedsv,
            comfedsv,
            gradient_alignment,
            cgsv,
            grouped,
            banzhaf,
            beta_shapley,
            least_core,
            nucleolus,
            leave_one_out,
            individual,
        )
    }
)
#: Those whose estimates of any game approach its Shapley values as the budget grows.
SHAPLEY: Final = tuple(
    name for name, method in METHODS.items() if method.concept is Concept.SHAPLEY
)
AUTO: Final = "auto"
#: Fewest coalitions that a fitted model has not seen for its errors to tell.
_TESTED: Final = 12
#: Most participants that models are fitted for: at 500 they took 105 seconds on 1,002
#: coalitions, and a quarter of their intervals held.
_MAX_FITTED: Final = 100
#: What fitting takes, at least where it is chosen: 0.3 to 4 seconds for 60 to 1,000 coalitions.
_SECONDS_TO_FIT: Final = 1.0
#: How a budget grows from one look to the next: for the trace, and where a rule may stop it.
_GROWTH: Final = 2.0
_GROWTH_UNDER_RULES: Final = 1.25


def value(
    game: Game,
    *,
    method: str = AUTO,
    budget: int,
    seed: int,
    until: Sequence[Rule] = (),
    price: float | None = None,
    orders: int | None = None,
) -> Valuation:
    """Value every participant of *game*.

    A sampling method is looked at on the way, with a growing part of the budget, which gives
    the trace. It draws the same whatever the budget, so a look costs no evaluation, and to
    go on from an earlier estimate is to value the same
    :class:`~fedmerit.incentives.games.cache.CachedGame`, or one recorded, with a larger budget.

    If the budget has room, the game is asked once more for one coalition, to catch one that
    answers differently each time.

    Args:
        game: Anything with ``participants`` and ``worth(coalitions)``.
        method: A key of :data:`METHODS`, or ``"auto"``, which chooses by the number of
            participants and the budget and says why in the result.
        budget: Distinct coalitions that may be asked for; never exceeded. Each call
            counts its own, even on a :class:`~fedmerit.incentives.games.cache.CachedGame`
            that knows them, so that one seed gives the same numbers either way.
        seed: Not negative; the same seed gives the same numbers.
        until: Rules that stop a sampling method early; the first that is met does.
        price: Seconds that one coalition takes, for ``"auto"``; see :func:`choice`.
        orders: Joining orders that ``"permutation"`` draws at most, whatever more the budget
            would buy: a number that was agreed on before the seed was known.

    Raises:
        BudgetTooSmall: With the budget that works.
        GameError: No method has this name, the seed is negative, or the game breaks
            its contract.
    """
    if method != AUTO and method not in METHODS:
        raise GameError(
            f"no valuation method is called {method!r}", hint=suggestion(method, [AUTO, *METHODS])
        )
    if seed < 0:
        raise GameError(f"a seed must not be negative, and is {seed}")
    reason = ""
    if method == AUTO:
        method, reason = choice(len(game.participants), budget, price)
    chosen = METHODS[method]
    if orders is not None and method != "permutation":
        raise GameError(f"{method!r} is not valued in a number of joining orders")
    if _reads_itself(chosen, game):
        valuation = chosen(game, budget=budget, seed=seed)
        return replace(
            valuation, reason=reason or valuation.reason, trace=(_checkpoint(valuation),)
        )
    valuator: Valuator = chosen if orders is None else partial(permutation, orders=orders)
    looks = list(_looks(game, method, valuator, budget=budget, seed=seed, until=until))
    return replace(
        looks[-1], reason=reason or looks[-1].reason, trace=tuple(map(_checkpoint, looks))
    )


def choice(n: int, budget: int, price: float | None = None) -> tuple[str, str]:
    """Choose a method for *n* participants and *budget* coalitions, and say why.

    Args:
        n: How many participants.
        budget: Distinct coalitions.
        price: Seconds that one coalition takes, if known: where all of them together take
            less than fitting models to them, orders are drawn instead. A run gives none. Its
            budget, and with it the form of its report, is agreed on before anyone trains: orders
            could not spend the time that they save, and a clock would decide who is paid what.
    """
    plain = "permutation"
    if 2**n <= budget:
        return "exact", f"all {2**n} coalitions of {n} participants fit the budget of {budget}"
    if budget < 2 * n + 2:
        return plain, f"a budget of {budget} allows a few joining orders and no more"
    if n > _MAX_FITTED:
        return plain, (
            f"{n} participants: models fitted to so many take minutes, and have been found to "
            f"state too small errors; they are chosen up to {_MAX_FITTED}"
        )
    if (tested := budget - n - 2) < _TESTED:
        return plain, (
            f"a budget of {budget} for {n} participants leaves {tested} coalitions to test a "
            f"fitted model on, too few to say how far it is off: it takes {_TESTED}"
        )
    if price is not None and price * budget < _SECONDS_TO_FIT:
        return plain, (
            f"{budget} coalitions take {price * budget:.2g} seconds, less than fitting models "
            "to them: a larger budget buys more"
        )
    return "surrogate", (
        f"a budget of {budget} for {n} participants: fitted models had smaller errors in the "
        "benchmark of estimators than every sampler, from 3 to 100 coalitions a participant"
    )


def reads_rounds(method: str) -> bool:
    """Say whether *method*, which may be ``"auto"``, values each round of a run by itself."""
    return method in METHODS and METHODS[method].reads is Reads.ROUNDS


def _reads_itself(method: Method[...], game: Game) -> bool:
    """Say whether *method* reads more of *game* than worths one by one, which a cache hides."""
    if method.tabulates and isinstance(game, EnumerableGame):
        return True
    return method.reads is not Reads.WORTHS


def _looks(
    game: Game,
    method: str,
    valuator: Valuator,
    *,
    budget: int,
    seed: int,
    until: Sequence[Rule],
) -> Iterator[Valuation]:
    """Give the method's estimates as its budget grows, up to the last."""
    cached = CachedGame(game)
    began = monotonic()
    looks: list[Valuation] = []
    growth = _GROWTH_UNDER_RULES if until else _GROWTH
    least = budget if METHODS[method].at_once else least_budget(game, method, seed)
    for part in _parts(least, budget, growth):
        look = valuator(cached, budget=part, seed=seed)
        if looks and look.evaluations == looks[-1].evaluations:
            continue  # the larger part did not buy another draw
        looks.append(look)
        yield look
        if any(rule(looks, monotonic() - began) for rule in until):
            break
    if 0 < cached.evaluations < budget:
        cached.ask_again()


def least_budget(game: Game, method: str, seed: int) -> int:
    """Give the least budget of a method, which it tells without asking for anything.

    0 for one that always asks for the same.
    """
    try:
        METHODS[method](game, budget=0, seed=seed)
    except BudgetTooSmall as error:
        return error.needed
    return 0


def _parts(least: int, budget: int, growth: float) -> list[int]:
    """Give growing budgets from *least* to *budget*, the last two at least a step apart."""
    parts = []
    part = float(max(1, least))
    while part * growth**0.5 < budget:
        parts.append(int(part))
        part *= growth
    return [*parts, budget]


def _checkpoint(valuation: Valuation) -> Checkpoint:
    return Checkpoint(valuation.evaluations, valuation.values, valuation.standard_errors)

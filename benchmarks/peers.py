"""Other libraries' estimators of Shapley values, as functions of a game, a budget and a seed.

shapiq 1.4 runs on Python 3.11 and 1.8 on 3.12; what a version does not have is left out.
shapiq counts every evaluation, pyDVL counts none, and we count distinct coalitions, which is
kinder to both: a shapiq method that repeats itself is given more until its distinct
coalitions come to the budget, and pyDVL's samplers go on until the budget is spent.

Left out, for their time: shapiq's ShaplEIG (ten seconds a run and more) and ProxySPEX (its
default tuning takes minutes).
"""

from __future__ import annotations

import warnings
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from families import Known
    from numpy.typing import NDArray

#: Below this share of its budget, a shapiq method that repeats itself is given more.
_SPENT: Final = 0.95
_ATTEMPTS: Final = 5
#: A sampler that truncates may never meet new coalitions again: so many calls for each one
#: of the budget are its last.
_CALLS: Final = 20


class Peer(Protocol):
    """Another library's method: a game in, its values out, shape ``(n,)``."""

    def __call__(self, game: Known, *, budget: int, seed: int) -> NDArray[np.float64]:
        """Value every participant with at most *budget* distinct coalitions."""


class Unable(Exception):
    """The peer has no answer for this budget, or failed."""


class Spent(Exception):
    """The budget does not cover the next coalition."""


class Counted:
    """A game that counts its distinct coalitions, and can refuse to go past *most* of them."""

    def __init__(self, game: Known, most: int | None = None) -> None:
        self._game = game
        self._most = most
        self._seen: set[bytes] = set()
        self._calls = 0

    def __call__(self, coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Give the worth of each row; shapiq asks for one coalition as a vector too."""
        rows = np.atleast_2d(np.asarray(coalitions)).astype(np.bool_)
        self._seen.update(row.tobytes() for row in rows)
        self._calls += 1
        if self._most is not None and (
            len(self._seen) > self._most or self._calls > _CALLS * self._most
        ):
            raise Spent
        return self._game.worth(rows)

    @property
    def distinct(self) -> int:
        """How many coalitions were asked for, repeats counted once."""
        return len(self._seen)


def installed() -> dict[str, str]:
    """Give the versions of the peers that can be imported, by name."""
    found = {}
    for name in ("shapiq", "pydvl"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import_module({"shapiq": "shapiq.approximator", "pydvl": "pydvl.valuation"}[name])
            found[name] = version(name)
        except (ImportError, PackageNotFoundError):
            continue
    return found


def peers(n: int) -> dict[str, Peer]:
    """Give every peer that is installed and can cope with *n* participants, by name."""
    found: dict[str, Peer] = {}
    have = installed()
    if "shapiq" in have:
        approximators = import_module("shapiq.approximator")
        for name, (class_, most, settings) in _SHAPIQ.items():
            if n <= most and hasattr(approximators, class_):
                found[f"shapiq {name}"] = partial(_shapiq, class_=class_, settings=settings)
    if "pydvl" in have:
        found |= {f"pyDVL {name}": partial(_pydvl, make=make) for name, make in _PYDVL.items()}
    return found


_EVERY: Final = 10**6
#: shapiq's methods: the class, the most participants it copes with in seconds, its settings.
_SHAPIQ: Final[Mapping[str, tuple[str, int, dict[str, Any]]]] = MappingProxyType(
    {
        "permutation": ("PermutationSamplingSV", _EVERY, {}),
        "stratified": ("StratifiedSamplingSV", _EVERY, {}),
        "Owen": ("OwenSamplingSV", _EVERY, {}),
        "SVARM": ("SVARM", 50, {}),
        "SVARM paired": ("SVARM", 50, {"pairing_trick": True}),
        "unbiased KernelSHAP": ("UnbiasedKernelSHAP", _EVERY, {"pairing_trick": True}),
        "KernelSHAP": ("KernelSHAP", _EVERY, {"pairing_trick": True}),
        "kADD-SHAP": ("kADDSHAP", 50, {"max_order": 2, "pairing_trick": True}),
        "LeverageSHAP": ("LeverageSHAP", _EVERY, {}),
        "PolySHAP 3": ("PolySHAP", 12, {"max_order": 3, "pairing_trick": True}),
        "PolySHAP 4": ("PolySHAP", 12, {"max_order": 4, "pairing_trick": True}),
        "PolySHAP 5": ("PolySHAP", 12, {"max_order": 5, "pairing_trick": True}),
        "OddSHAP": ("OddSHAP", 100, {}),
        "RegressionMSR": ("RegressionMSR", _EVERY, {"index": "SV"}),
        "ProxySHAP": ("ProxySHAP", _EVERY, {"index": "SV", "max_order": 1}),
        "ProxySHAP adjusted": (
            "ProxySHAP",
            _EVERY,
            {"index": "SV", "max_order": 1, "adjustment": True},
        ),
    }
)


def _shapiq(
    game: Known, *, budget: int, seed: int, class_: str, settings: dict[str, Any]
) -> NDArray[np.float64]:
    """Run one of shapiq's approximators, with more evaluations if it repeats itself."""
    approximators = import_module("shapiq.approximator")
    n = len(game.participants)
    asked, best = budget, None
    for _ in range(_ATTEMPTS):
        counted = Counted(game)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                method = getattr(approximators, class_)(n=n, random_state=seed, **settings)
                found = method.approximate(budget=asked, game=counted)
                values = np.array([found[(i,)] for i in range(n)], dtype=np.float64)
        except Exception as error:  # what others raise is theirs to choose
            if best is None:
                raise Unable(f"{type(error).__name__}: {error}") from error
            break
        if counted.distinct > budget:
            break
        best = values
        if counted.distinct > _SPENT * budget:
            break
        asked = int(asked * budget / counted.distinct)
    if best is None:
        raise Unable(f"spent {counted.distinct} distinct coalitions of {budget}")
    return best


def _pydvl(
    game: Known, *, budget: int, seed: int, make: Callable[[Any, int], Any]
) -> NDArray[np.float64]:
    """Run one of pyDVL's samplers until the budget is spent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        valuation = import_module("pydvl.valuation")
        from pydvl.valuation.utility.base import UtilityBase  # noqa: PLC0415 - a peer

    n = len(game.participants)
    counted = Counted(game, most=budget)

    class Worth(UtilityBase):  # type: ignore[misc,type-arg] # a peer's class
        def __call__(self, sample: Any) -> float:  # noqa: ANN401 - pyDVL's own type
            inside = np.zeros((1, n), dtype=np.bool_)
            if sample is not None:
                inside[0, np.asarray(sample.subset, dtype=np.int64)] = True
            return float(counted(inside)[0])

    indices = np.arange(n)
    data = valuation.Dataset(np.zeros((n, 1)), np.zeros(n))
    utility = Worth().with_dataset(data)
    sampler = make(valuation, seed)
    asker = valuation.ShapleyValuation(utility, sampler, is_done=valuation.NoStopping())
    result = valuation.ValuationResult.zeros(indices=indices)
    try:
        strategy = sampler.make_strategy(utility, asker.log_coefficient)
        updater = sampler.result_updater(result)
        for batch in sampler.generate_batches(indices):
            for update in strategy.process(batch=list(batch), is_interrupted=lambda: False):
                result = updater.process(update)
            if counted.distinct >= min(budget, 2**n):
                break
    except Spent:
        pass
    if not np.asarray(result.counts).all():
        raise Unable("the budget ended before everyone had a value")
    return np.asarray(result.values, dtype=np.float64)


#: pyDVL's samplers, all with the Shapley coefficient.
_PYDVL: Final[Mapping[str, Callable[[Any, int], Any]]] = MappingProxyType(
    {
        "permutation": lambda v, seed: v.PermutationSampler(v.NoTruncation(), seed=seed),
        "antithetic permutation": lambda v, seed: v.AntitheticPermutationSampler(
            v.NoTruncation(), seed=seed
        ),
        "TMC": lambda v, seed: v.PermutationSampler(
            v.RelativeTruncation(rtol=0.01, burn_in_fraction=0.4), seed=seed
        ),
    }
)

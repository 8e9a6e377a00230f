"""The axioms that each method claims, and how strictly, asked of every one of them.

Methods that draw take their draws from streams named for what they are for, by column and
not by name. So the same columns under other names give the same numbers to the last bit,
while the same participants in other columns meet other draws: their values move with them
on average, and in every run only where a method draws nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import Flag, auto
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readable import readable

from fedmerit.incentives import METHODS
from fedmerit.incentives.methods import SHAPLEY

N = 6
CODES = np.arange(2**N)
BITS = 1 << np.arange(N)
#: Below 2**6, so that samplers truly sample; "stratified" needs 50.
SAMPLED, WHOLE_BUDGET = 54, 64
SEEDS = range(120)


class Holds(Flag):
    """When an axiom holds."""

    NEVER = 0
    ON_AVERAGE = auto()  # over seeds, at any budget
    WHOLE = auto()  # in every run whose budget covers all coalitions
    ALWAYS = auto()  # in every run


NEVER, ALWAYS, WHOLE = Holds.NEVER, Holds.ALWAYS, Holds.WHOLE
ON_AVERAGE = Holds.ON_AVERAGE
UNBIASED = ON_AVERAGE | WHOLE


@dataclass(frozen=True)
class Claims:
    """What a method promises, and who says so.

    Efficiency: values add up to what everyone adds to nobody. Symmetry: two who can stand in
    for each other are worth the same. Null player: who never changes anything is worth 0.
    Additivity: the values of a sum of games are the sums of the values. Relabelling: values
    go with the participants into other columns.
    """

    source: str
    efficiency: Holds
    symmetry: Holds
    null: Holds
    additivity: Holds
    relabelling: Holds
    slack: float = 0.0  # share of the total that efficiency may be missed by
    precision: float = 1e-9  # a linear program's is another


#: What is averaged over whole joining orders, drawn whatever the worths.
ORDERS = {
    "efficiency": ALWAYS,
    "symmetry": UNBIASED,
    "null": ALWAYS,
    "additivity": ALWAYS,
    "relabelling": UNBIASED,
}
#: What weighs worths one by one: a total, or a 0, only comes out on average.
SUMS = ORDERS | {"efficiency": UNBIASED, "null": UNBIASED}
#: Fits with weights that do not depend on the worths, held to the total.
FITS = ORDERS | {"null": UNBIASED}
#: Fits whose weights do: no promise but the total where a coalition is missing.
LEARNED = {
    "efficiency": ALWAYS,
    "symmetry": WHOLE,
    "null": WHOLE,
    "additivity": WHOLE,
    "relabelling": WHOLE,
}
#: Marginal contributions that nobody meant to add up.
SEMIVALUES = SUMS | {"efficiency": NEVER}
MARGINALS = dict.fromkeys(LEARNED, ALWAYS) | {"efficiency": NEVER}
#: Solutions that are unique, and not linear in the game.
CORES = dict.fromkeys(LEARNED, WHOLE) | {"efficiency": ALWAYS, "additivity": NEVER}

CLAIMS = {
    "exact": Claims("Shapley (1953): the four define it", **dict.fromkeys(LEARNED, ALWAYS)),
    "permutation": Claims("Castro et al. (2009): efficient, unbiased", **ORDERS),
    "antithetic": Claims("Mitchell et al. (2022): a mean over orders", **ORDERS),
    "tmc": Claims(
        "Ghorbani and Zou (2019): what is cut off depends on the worths, so not additive",
        **ORDERS | {"additivity": WHOLE},
        slack=0.01,
    ),
    "stratified": Claims("Castro et al. (2017); ours takes whole orders", **ORDERS),
    "svarm": Claims("Kolpaczki et al. (2024): unbiased", **SUMS),
    "complementary": Claims("Zhang et al. (2023): unbiased", **SUMS),
    "owen": Claims(
        "Okhrati and Lipani (2021): mean marginal contributions", **SUMS | {"null": ALWAYS}
    ),
    "kernel-shap": Claims("Covert and Lee (2021): efficient, unbiased in the limit", **FITS),
    "leverage": Claims("Musco and Witter (2025): efficient, unbiased in the limit", **FITS),
    "gp": Claims("ours: a process fitted to the worths", **LEARNED),
    "trees": Claims("Witter, Liu and Musco (2025): trees fitted to the worths", **LEARNED),
    "surrogate": Claims("ours: a trend chosen by the worths", **LEARNED),
    "gtg": Claims(
        "Liu et al. (2022): cut off as in tmc",
        **ORDERS | {"additivity": WHOLE},
        slack=0.01,
    ),
    "fedsv": Claims("Wang et al. (2020), theorem 1: round by round", **ORDERS),
    "comfedsv": Claims(
        "Fan et al. (2022): where everyone was there, nothing is completed",
        **ORDERS,
    ),
    "gradient-alignment": Claims(
        "exact Shapley values of the first-order game", **dict.fromkeys(LEARNED, ALWAYS)
    ),
    "cgsv": Claims(
        "Xu et al. (2021): shares of 1 by direction alone, and slow to fall to 0",
        **dict.fromkeys(LEARNED, ALWAYS) | {"null": NEVER, "additivity": NEVER},
    ),
    "group-shapley": Claims(
        "Ma et al. (2021): who adds nothing shares in what its groups add",
        efficiency=ALWAYS,
        symmetry=ON_AVERAGE,
        null=NEVER,
        additivity=ALWAYS,
        relabelling=ON_AVERAGE,
    ),
    "banzhaf": Claims("Dubey, Neyman and Weber (1981)", **SEMIVALUES),
    "beta-shapley": Claims("Kwon and Zou (2022)", **SEMIVALUES),
    "least-core": Claims(
        "Maschler et al. (1979): giving up what a null player got would please all others",
        **CORES,
        precision=1e-6,
    ),
    "nucleolus": Claims("Schmeidler (1969), in the least core", **CORES, precision=1e-6),
    "leave-one-out": Claims("one marginal contribution each", **MARGINALS),
    "individual": Claims("one marginal contribution each", **MARGINALS),
}
#: Those that take long enough for a few examples to do.
DEAR = {"gp", "trees", "surrogate", "least-core"}
#: Those that ask for everything, or for nothing.
NEEDS_ALL = {"exact", "nucleolus"}


def test_every_method_says_which_axioms_it_claims():
    assert CLAIMS.keys() == METHODS.keys()


def test_every_estimator_of_shapley_values_claims_all_of_them_where_it_sees_everything():
    for method in SHAPLEY:
        claimed = CLAIMS[method]
        for axiom in LEARNED:
            assert getattr(claimed, axiom) & (WHOLE | ALWAYS), (method, axiom)


class Hashed:
    """A game that is the same if its numbers are."""

    def renamed(self):
        return replace(self, participants=tuple("uvwxyz"))

    def _key(self):
        parts = [getattr(self, field.name) for field in fields(self)]
        return tuple(p.tobytes() if isinstance(p, np.ndarray) else p for p in parts)

    def __hash__(self):
        return hash(self._key())

    def __eq__(self, other):
        return type(self) is type(other) and self._key() == other._key()


@dataclass(frozen=True, eq=False)
class Table(Hashed):
    """A game of six written out as 64 worths, by the code of the coalition."""

    worths: np.ndarray
    participants: tuple[str, ...] = tuple("abcdef")

    def worth(self, coalitions, /):
        return self.worths[coalitions @ BITS]

    def total(self):
        return self.worths[-1] - self.worths[0]

    def idle(self, who):
        return Table(self.worths[CODES & ~(1 << who)])

    def twinned(self, one, other):
        return Table(self.worths + self.moved(swapped(one, other)).worths)

    def plus(self, other):
        return Table(self.worths + other.worths)

    def moved(self, order):
        codes = ((CODES[:, None] & BITS > 0) * BITS[order]).sum(axis=1)
        return Table(self.worths[codes])


@dataclass(frozen=True, eq=False)
class Run(Hashed):
    """A run of three rounds whose validation loss is linear along the updates."""

    updates: np.ndarray
    weights: np.ndarray
    gradients: np.ndarray
    participants: tuple[str, ...] = tuple("abcdef")

    @property
    def present(self):
        return self.weights > 0

    def worth(self, coalitions, /):
        raise AssertionError(coalitions)  # nobody reads updates and asks as well

    def descents(self):
        return -(self.weights[..., None] * self.updates * self.gradients[:, None]).sum(axis=2)

    def total(self):
        return self.descents().sum()

    def idle(self, who):
        updates = self.updates.copy()
        updates[:, who] = 0
        return replace(self, updates=updates)

    def twinned(self, one, other):
        updates, weights = self.updates.copy(), self.weights.copy()
        updates[:, other], weights[:, other] = updates[:, one], weights[:, one]
        return replace(self, updates=updates, weights=weights)

    def plus(self, other):
        """Add up the losses of the same steps."""
        return replace(self, gradients=self.gradients + other.gradients)

    def moved(self, order):
        return replace(self, updates=self.updates[:, order], weights=self.weights[:, order])


def swapped(one, other):
    order = np.arange(N)
    order[[one, other]] = order[[other, one]]
    return order


def run(seed):
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 4, size=(3, N)) / 8
    return Run(rng.normal(size=(3, N, 4)), weights, rng.normal(size=(3, 4)))


def beside(game, seed):
    """Give another game that can be added to *game*."""
    rng = np.random.default_rng([7, seed])
    if isinstance(game, Table):
        return Table(rng.normal(size=2**N))
    return replace(game, gradients=rng.normal(size=(3, 4)))


tables = st.binary(min_size=64, max_size=64).map(lambda b: Table(np.frombuffer(b, np.int8) / 64))
runs = st.integers(0, 10**6).map(run)
seeds = st.integers(0, 2**32)
members = st.integers(0, N - 1)
orders = st.permutations(range(N)).map(tuple)


def games(method):
    return runs if method in {"gradient-alignment", "cgsv"} else tables


@cache
def values(method, game, seed, *, whole=False):
    """Value a game; once, since several axioms ask for the same."""
    budget = WHOLE_BUDGET if whole or method in NEEDS_ALL else SAMPLED
    found = METHODS[method](readable(method, game), budget=budget, seed=seed).values
    found.flags.writeable = False
    return found


@dataclass(frozen=True)
class Example:
    """What an axiom is asked of: a game and a seed, two members, and other columns."""

    game: Table | Run
    seed: int
    one: int
    other: int
    order: tuple[int, ...]


@cache
def drawn(kind, count):
    """Let hypothesis draw *count* examples, the same for every axiom and method."""
    found = []

    @settings(max_examples=count)
    @given(game=kind, seed=seeds, one=members, other=members, order=orders)
    def keep(game, seed, one, other, order):
        found.append(Example(game, seed, one, other, order))

    keep()
    return found


def examples(method):
    """Give examples for a method, fewer of them where it takes long."""
    return drawn(games(method), 4 if method in DEAR else 25)


def claiming(axiom):
    """Name who claims an axiom in every run, and at which budget."""
    return pytest.mark.parametrize(
        ("method", "whole"),
        [
            pytest.param(method, whole, id=f"{method}, {'all' if whole else 'some'} coalitions")
            for method, claims in CLAIMS.items()
            for whole, wanted in ((False, ALWAYS), (True, WHOLE))
            if getattr(claims, axiom) & wanted
        ],
    )


def on_average(axiom):
    claim = [method for method, claims in CLAIMS.items() if getattr(claims, axiom) & ON_AVERAGE]
    return pytest.mark.parametrize("method", claim)


def near(number, method):
    return pytest.approx(number, abs=CLAIMS[method].precision)


@claiming("efficiency")
def test_values_add_up_to_what_everyone_adds_to_nobody(method, whole):
    slack = 0 if whole else CLAIMS[method].slack

    for given_ in examples(method):
        total = 1.0 if method == "cgsv" else given_.game.total()
        off = values(method, given_.game, given_.seed, whole=whole).sum() - total
        assert abs(off) <= slack * abs(total) + CLAIMS[method].precision, given_


@claiming("symmetry")
def test_two_who_can_stand_in_for_each_other_are_worth_the_same(method, whole):
    for given_ in examples(method):
        twins = given_.game.twinned(given_.one, given_.other)
        found = values(method, twins, given_.seed, whole=whole)
        assert found[given_.one] == near(found[given_.other], method), given_


@claiming("null")
def test_who_never_changes_anything_is_worth_nothing(method, whole):
    for given_ in examples(method):
        found = values(method, given_.game.idle(given_.one), given_.seed, whole=whole)
        assert found[given_.one] == near(0, method), given_


@claiming("additivity")
def test_the_values_of_a_sum_are_the_sum_of_the_values(method, whole):
    for given_ in examples(method):
        game, other = given_.game, beside(given_.game, given_.seed)
        apart = sum(values(method, part, given_.seed, whole=whole) for part in (game, other))
        found = values(method, game.plus(other), given_.seed, whole=whole)
        assert found == near(apart, method), given_


@claiming("relabelling")
def test_values_go_with_the_participants_into_other_columns(method, whole):
    for given_ in examples(method):
        order = np.array(given_.order)
        moved = values(method, given_.game.moved(order), given_.seed, whole=whole)
        found = values(method, given_.game, given_.seed, whole=whole)
        assert moved == near(found[order], method), given_


@pytest.mark.parametrize("method", METHODS)
def test_the_same_columns_under_other_names_have_the_same_values(method):
    for given_ in examples(method):
        renamed = values(method, given_.game.renamed(), given_.seed)
        assert renamed.tolist() == values(method, given_.game, given_.seed).tolist(), given_


#: One game with twins, the first two, and an idle third; and the same in other columns.
ORDER = np.array([4, 2, 0, 5, 1, 3])
SPECIAL = Table(np.random.default_rng(6).random(2**N)).idle(2).twinned(0, 1)


@cache
def draws(method, *, moved):
    game = SPECIAL.moved(ORDER) if moved else SPECIAL
    return np.array([values(method, game, seed) for seed in SEEDS])


def unlike(sample, mean=0.0):
    """Say by how many standard errors the mean of a sample is off; rounding is none."""
    error = sample.std(axis=0) / np.sqrt(len(sample))
    return np.abs(sample.mean(axis=0) - mean) / np.maximum(error, 1e-9)


@on_average("efficiency")
def test_values_add_up_on_average(method):
    assert unlike(draws(method, moved=False).sum(axis=1), SPECIAL.total()) < 4


@on_average("symmetry")
def test_two_who_can_stand_in_for_each_other_are_worth_the_same_on_average(method):
    found = draws(method, moved=False)

    assert unlike(found[:, 0] - found[:, 1]) < 4


@on_average("null")
def test_who_never_changes_anything_is_worth_nothing_on_average(method):
    assert unlike(draws(method, moved=False)[:, 2]) < 4


@on_average("relabelling")
def test_values_go_with_the_participants_on_average(method):
    gaps = draws(method, moved=True) - draws(method, moved=False)[::-1, ORDER]  # other seeds

    assert unlike(gaps).max() < 4


@dataclass(frozen=True)
class Rounds:
    """A game of rounds in which not everyone is there."""

    rounds: tuple[Table, ...]
    present: np.ndarray
    participants: tuple[str, ...] = tuple("abcdef")

    def worth(self, coalitions, /):
        return np.sum([round_.worth(coalitions) for round_ in self.rounds], axis=0)

    @classmethod
    def of(cls, seed, *, share):
        rng = np.random.default_rng(seed)
        present = rng.random((3, N)) < share
        tables_ = [Table(worths) for worths in rng.random((3, 2**N))]
        return cls(
            tuple(Table(t.worths[CODES & p @ BITS]) for t, p in zip(tables_, present, strict=True)),
            present,
        )


@pytest.mark.parametrize(
    ("method", "share", "slack"),
    [("fedsv", 0.7, 0), ("group-shapley", 0.7, 0), ("gtg", 0.7, 0.03), ("comfedsv", 1.1, 0)],
)
@given(seed=seeds)
@settings(max_examples=15)
def test_values_of_a_run_add_up_to_what_everyone_added_in_all_rounds(method, share, slack, seed):
    game = Rounds.of(seed, share=share)
    gains = [round_.total() for round_ in game.rounds]

    found = METHODS[method](game, budget=120, seed=seed).values.sum()

    # A round is left out, and an order cut, at a hundredth of the best round's gain.
    assert abs(found - sum(gains)) <= slack * max(map(abs, gains)) + 1e-9


@given(seed=seeds)
@settings(max_examples=20)
def test_an_order_and_its_reverse_are_exact_where_only_pairs_interact(seed):
    rng = np.random.default_rng(0)
    singles, pairs = rng.normal(size=N), np.triu(rng.normal(size=(N, N)), 1)
    inside = (CODES[:, None] & BITS > 0).astype(float)
    game = Table(inside @ singles + np.einsum("ri,ij,rj->r", inside, pairs, inside))

    result = METHODS["antithetic"](game, budget=22, seed=seed)

    assert result.values == pytest.approx(singles + (pairs + pairs.T).sum(axis=1) / 2)
    # Of draws that all agree one more may differ, by as much as anybody is worth.
    draws = result.sampling_degrees + 1
    assert result.sampling_errors == pytest.approx(1.5 * np.abs(result.values).max() / draws)

"""Promises that no mechanism can make together, and why: which one to give up is the choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fedmerit.incentives.mechanisms.properties import Need, Property

if TYPE_CHECKING:
    from fedmerit.incentives.mechanisms.properties import Mechanism


@dataclass(frozen=True, slots=True, kw_only=True)
class Impossibility:
    """A theorem that binds mechanisms.

    Attributes:
        claims: What cannot all be had.
        needs: It binds mechanisms that decide by one of these.
        says: Why, in a sentence.
        source: Who showed it.
    """

    claims: frozenset[Property]
    needs: frozenset[Need]
    says: str
    source: str


IMPOSSIBLE: Final = (
    Impossibility(
        claims=frozenset({Property.SBB, Property.SYM, Property.REPLICATION}),
        needs=frozenset({Need.GAME, Need.CONTRIBUTIONS}),
        says="Of three names with the same data nobody can say whether one member has two of "
        "them. Paid in full and alike, two names get 2/3 where one of two got 1/2.",
        source="Agarwal, Dahleh and Sarkar (2019), proposition 5.1",
    ),
    Impossibility(
        claims=frozenset({Property.DSIC, Property.EFF, Property.IR, Property.WBB}),
        needs=frozenset({Need.GAME}),
        says="Where members complement one another, each can withhold all of the gain, so each "
        "must be left all of it; together that is more than there is.",
        source="Green and Laffont (1977); Myerson and Satterthwaite (1983)",
    ),
    Impossibility(
        claims=frozenset({Property.SBB, Property.SYM, Property.NULL, Property.ADD, Property.CORE}),
        needs=frozenset({Need.GAME, Need.CONTRIBUTIONS}),
        says="The Shapley value is the only division that has the first four, and it is in the "
        "core for certain only of convex games.",
        source="Shapley (1953, 1971)",
    ),
    Impossibility(
        claims=frozenset({Property.SBB, Property.CORE, Property.MONO}),
        needs=frozenset({Need.GAME}),
        says="From five members on, whoever always divides within the core sometimes pays a "
        "member less because a coalition of it became worth more.",
        source="Young (1985)",
    ),
    Impossibility(
        claims=frozenset({Property.NASH, Property.EFF, Property.SBB}),
        needs=frozenset({Need.BIDS}),
        says="If all of what a team makes is shared out, nobody has the whole of what its own "
        "effort adds, so each brings too little, or, in a contest, too much.",
        source="Holmstrom (1982)",
    ),
)


def given_up(mechanism: Mechanism) -> list[tuple[Property, Impossibility]]:
    """Give the claims that *mechanism* does without because it makes all the others."""
    return [
        (next(iter(theorem.claims - mechanism.claims)), theorem)
        for theorem in IMPOSSIBLE
        if theorem.needs & mechanism.needs and len(theorem.claims - mechanism.claims) == 1
    ]

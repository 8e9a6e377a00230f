"""Checks of the evidence against itself that are alike for every kind of federation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard

from fedmerit.auditing.money import ROUNDING, most_moved
from fedmerit.auditing.verdict import Check, amounts_differing, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.stages.reward import decided_with_intervals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import FederationDocument

#: How much two numbers may differ, by the path of the place they are at.
Tolerance = Callable[[str], int]
#: Sums of floats may end differently on other machines; after rounding, by one unit at most.
ROUNDING_UNITS: Final = 1
#: Counts, settings and seeds: whatever the tolerance, they are the same on every machine.
EXACT: Final = frozenset(
    {
        "budget",
        "common",
        "confidence_ppm",
        "epochs",
        "evaluations",
        "key_bits",
        "messages",
        "orders",
        "parameters",
        "repeats",
        "round",
        "rounds",
        "seed",
        "table_rows",
    }
)


def check_members(
    bundle: Bundle,
    members: FederationDocument,
    brought: list[int],
    usual: tuple[str, ...] | None = None,
    *,
    otherwise: str = "honest",
) -> Check:
    """Hold what is said of the members against the scenario and the rows that each *brought*.

    Args:
        bundle: Holds the scenario.
        members: What is said.
        brought: Validation rows of each.
        usual: Who signs where the scenario names nobody; None to take what is said.
        otherwise: What is said of members of whom the scenario says nothing.
    """
    scenario, run = bundle.scenario, bundle.document(evidence.RUN, evidence.RunDocument)
    behaviours = scenario.behaviours
    asked = scenario.settlement
    wrong = [m.name for m in members.members if m.behaviour != behaviours.get(m.name, otherwise)]
    wrong += [
        f"{m.name}'s validation rows"
        for m, count in zip(members.members, brought, strict=True)
        if m.validation_rows != count
    ]
    if (asked.committee or usual or members.committee) != members.committee:
        wrong.append("committee")
    if (asked.threshold or len(members.committee) // 2 + 1) != members.threshold:
        wrong.append("threshold")
    if (run.scenario, run.seed) != (scenario.name, scenario.seed):
        wrong.append(f"name and seed in {evidence.RUN}")
    return compared(
        "members",
        holds=not wrong,
        same="behaviours, committee and validation rows are as the scenario and the table say",
        different=f"{evidence.FEDERATION} and the scenario differ: {', '.join(wrong)}",
    )


def check_payments(bundle: Bundle) -> Check:
    """Run the mechanism again on the recorded values and offers."""
    said = bundle.document(evidence.OUTCOME, evidence.OutcomeDocument)
    found = decided_with_intervals(bundle)
    return compared(
        "payments",
        holds=said == found,
        same=f"{said.mechanism} pays these {len(said.payments)} amounts for these values; a "
        f"billionth, which each value may be off, moves {most_moved(bundle, ROUNDING):,} base "
        "units at most",
        different=f"{evidence.OUTCOME}: "
        + (
            amounts_differing(
                said.participants, said.payments, found.payments, by=f"{said.mechanism} pays"
            )
            or "the payments are these, and why and how sure they are is not"
        ),
    )


class Distance(NamedTuple):
    """A place where two plain values differ.

    Attributes:
        place: Its path.
        by: By how much two numbers differ there; None if it is not about numbers.
        said: Both, in words.
    """

    place: str
    by: int | None
    said: str


def distances(said: object, found: object, path: str = "") -> Iterator[Distance]:
    """Give every place where two plain values differ."""
    if _number(said) and _number(found):
        if said != found:
            yield Distance(path, abs(said - found), f"{path} ({said}, not {found})")
        return
    if isinstance(said, dict) and isinstance(found, dict) and said.keys() == found.keys():
        pairs = [(f"{path}.{key}".lstrip("."), said[key], found[key]) for key in said]
    elif isinstance(said, tuple) and isinstance(found, tuple) and len(said) == len(found):
        pairs = [(f"{path}[{i}]", *pair) for i, pair in enumerate(zip(said, found, strict=True))]
    else:
        if said != found or type(said) is not type(found):
            yield Distance(path, None, f"{path} ({said}, not {found})")
        return
    for place, one, two in pairs:
        yield from distances(one, two, place)


def _number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def differing(said: object, found: object, tolerance: Tolerance) -> list[str]:
    """Name the places where two plain values differ by more than *tolerance* allows there."""
    return [
        apart.said
        for apart in distances(said, found)
        if apart.by is None or apart.by > tolerance(apart.place)
    ]


def exact(_place: str) -> int:
    """Allow no difference."""
    return 0


def rounding(place: str) -> int:
    """Allow measurements to round differently; what is named in :data:`EXACT` is the same."""
    return 0 if place.rpartition(".")[2] in EXACT else ROUNDING_UNITS

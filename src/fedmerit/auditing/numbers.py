"""Checks of the evidence against itself that are alike for every kind of federation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.stages.reward import decided

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import FederationDocument

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
        "round",
        "rounds",
        "seed",
        "table_rows",
    }
)


def check_members(bundle: Bundle, members: FederationDocument, brought: list[int]) -> Check:
    """Hold what is said of the members against the scenario and the rows that each *brought*."""
    scenario, run = bundle.scenario, bundle.document(evidence.RUN, evidence.RunDocument)
    behaviours = scenario.behaviours
    asked = scenario.settlement
    wrong = [m.name for m in members.members if m.behaviour != behaviours.get(m.name, "honest")]
    wrong += [
        f"{m.name}'s validation rows"
        for m, count in zip(members.members, brought, strict=True)
        if m.validation_rows != count
    ]
    if asked.committee and asked.committee != members.committee:
        wrong.append("committee")
    if asked.threshold and asked.threshold != members.threshold:
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
    found = decided(bundle)
    return compared(
        "payments",
        holds=said == found,
        same=f"{said.mechanism} pays these {len(said.payments)} amounts for these values",
        different=f"{evidence.OUTCOME}: {said.mechanism} would pay {found.payments}, "
        f"not {said.payments}",
    )


def differing(said: object, found: object, tolerance: int, path: str = "") -> list[str]:
    """Name the places where two plain values differ by more than *tolerance*.

    Only measurements may: what is named in :data:`EXACT` is the same or differs.
    """
    if isinstance(said, int) and isinstance(found, int):
        allowed = 0 if path.rpartition(".")[2] in EXACT else tolerance
        return [] if abs(said - found) <= allowed else [f"{path} ({said}, not {found})"]
    if isinstance(said, dict) and isinstance(found, dict) and said.keys() == found.keys():
        pairs = [(f"{path}.{key}".lstrip("."), said[key], found[key]) for key in said]
    elif isinstance(said, tuple) and isinstance(found, tuple) and len(said) == len(found):
        pairs = [(f"{path}[{i}]", *pair) for i, pair in enumerate(zip(said, found, strict=True))]
    else:
        return [] if said == found else [f"{path} ({said}, not {found})"]
    return [place for key, one, two in pairs for place in differing(one, two, tolerance, key)]

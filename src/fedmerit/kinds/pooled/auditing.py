"""Checks of pooled rows' evidence against itself: from digests and utilities to payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.auditing.numbers import check_members, check_payments, differing, rounding
from fedmerit.auditing.verdict import compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.training import recorded_game
from fedmerit.bundle.valuation import Measured, valuation_document
from fedmerit.kinds.horizontal.encoded import check_encoding
from fedmerit.kinds.pooled.rows import NO_ROWS, bound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.auditing.verdict import Check
    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import FederationDocument


def check_numbers(bundle: Bundle) -> Iterator[Check]:
    """Recompute every step from the recorded digests and utilities to the payments."""
    members = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    owners = recorded_game(bundle, members.names)[1]
    brought = np.bincount(owners, minlength=len(members.members)).tolist()
    honest = tuple(m.name for m in members.members if m.validation_rows and m.behaviour == "honest")
    yield check_members(bundle, members, brought, usual=honest)
    yield from check_encoding(bundle, members)
    yield _bound(bundle, members)
    yield _values(bundle, members)
    yield check_payments(bundle)


def _bound(bundle: Bundle, members: FederationDocument) -> Check:
    """Hold what the chain was told of the members' rows against their digests."""
    said = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    wrong = []
    if len(said.rounds) != 1 or said.parameters or said.idle:
        wrong.append("rounds, of which there is one without parameters")
    for round_ in said.rounds[:1]:
        if bound(round_.update_digests)["update_root"] != round_.update_root:
            wrong.append("the root of the rows' digests")
        if round_.excluded != {m.name: NO_ROWS for m in members.members if not m.rows}:
            wrong.append("who brought no rows")
        if round_.sampled != members.names or len(round_.update_digests) != len(members.names):
            wrong.append("who takes part")
    return compared(
        "bound rows",
        holds=not wrong,
        same=f"the digests of {len(members.names)} members' rows hash to the committed root",
        different=f"{evidence.TRAINING}: {', '.join(wrong)}",
    )


def _values(bundle: Bundle, members: FederationDocument) -> Check:
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    game, owners = recorded_game(bundle, members.names)
    measured = Measured(game=game, owners=owners)
    found = valuation_document(measured, bundle.scenario, members, int(said.seed, 16))
    wrong = differing(said.model_dump(), found.model_dump(), rounding)
    return compared(
        "values",
        holds=not wrong,
        same=f"{said.method} values of {said.evaluations} recorded coalitions, with their "
        "intervals, ranks, interactions and baselines",
        different=f"{evidence.VALUATION} and what was recorded differ in {', '.join(wrong[:20])}",
    )

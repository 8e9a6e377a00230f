"""Checks of a vertical run's evidence against itself: messages, privacy, coalitions, opinions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.auditing.numbers import check_members, check_payments, differing, rounding
from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle import vertical_schemas as joint
from fedmerit.bundle.directory import COALITIONS
from fedmerit.federation.privacy.accountant import DELTA
from fedmerit.kinds.vertical.alternative_values import (
    alternative_values,
    coalition_table,
    paid_game,
    valuation_of,
)
from fedmerit.kinds.vertical.message_totals import exchange, protocols
from fedmerit.kinds.vertical.protocols import terms_of
from fedmerit.kinds.vertical.scenario import vertical_of
from fedmerit.scenario.parts import part_of
from fedmerit.stages.noise import OPTION, is_accepted, leaves_noise_out
from fedmerit.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import FederationDocument
    from fedmerit.bundle.vertical_schemas import VerticalDocument
    from fedmerit.scenario.columns import Vertical


def check_numbers(bundle: Bundle) -> Iterator[Check]:
    """Recompute every step from the recorded messages and utilities to the payments."""
    asked = vertical_of(bundle.scenario)
    said = bundle.document(joint.VERTICAL, joint.VerticalDocument)
    members = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    held_out = round(bundle.scenario.data.validation_share * said.common)
    brought = [held_out] + [0] * (len(members.members) - 1)  # all are the label holder's
    yield check_members(bundle, members, brought, usual=members.names)
    yield _owners(said, members, asked)
    yield _messages(bundle, said)
    yield _privacy(said, asked, bundle.scenario.valuation.repeats)
    yield from _unmeasured(bundle)
    yield _values(bundle)
    yield _opinions(bundle)
    yield check_payments(bundle)


def _owners(said: VerticalDocument, members: FederationDocument, asked: Vertical) -> Check:
    """Hold what is said of owners, columns and keys against the scenario and the members."""
    [rows] = {member.rows for member in members.members}
    inputs = tuple(f"{owner.name}: {name}" for owner in said.owners for name in owner.inputs)
    listed = {owner.name: owner.columns for owner in asked.owners if owner.columns}
    wrong = [
        name
        for name, one, other in (
            ("protocol", said.protocol, asked.protocol),
            ("label holder", said.label_holder, asked.label_holder),
            ("owners", tuple(owner.name for owner in said.owners), members.names),
            ("who they are", set(members.names), {owner.name for owner in asked.owners}),
            ("columns", inputs, members.features),
            ("people in common", said.common, rows + members.members[0].validation_rows),
            ("key", said.key_bits, asked.key_bits if terms_of(asked).encrypts(asked) else 0),
            (
                "rows",
                [owner.table_rows for owner in said.owners],
                [member.declared_rows for member in members.members],
            ),
        )
        if one != other
    ]
    wrong += [
        f"columns of {owner.name}"
        for owner in said.owners
        if not set(listed.get(owner.name, ())) <= set(owner.columns)
    ]
    if not 0 < said.epochs <= asked.epochs:
        wrong.append("epochs")
    return compared(
        "owners",
        holds=not wrong,
        same=f"{len(said.owners)} owners of columns, {said.common:,} people in common, as the "
        "scenario says",
        different=f"{joint.VERTICAL} and the scenario differ in {', '.join(wrong)}",
    )


def _messages(bundle: Bundle, said: VerticalDocument) -> Check:
    """Hash the kept entries again: to the roots, and to what the chain was given."""
    kept = bundle.document(joint.MESSAGES, joint.MessagesDocument)
    training = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    found = protocols(kept)
    wrong = [name for name in kept.protocols if name not in {each.name for each in found}]
    if found != said.protocols:
        wrong.append(joint.VERTICAL)
    told = exchange(kept, tuple(owner.name for owner in said.owners))
    if (
        training.stop_reason != "rounds"
        or len(training.rounds) != 1
        or any(getattr(training.rounds[0], key) != value for key, value in told.items())
    ):
        wrong.append(evidence.TRAINING)
    return compared(
        "messages",
        holds=not wrong,
        same=f"{sum(each.messages for each in found):,} messages of {len(found)} protocols hash "
        f"to the root {told['update_root']}",
        different=f"{joint.MESSAGES} differs from {', '.join(wrong)}",
    )


def _privacy(said: VerticalDocument, asked: Vertical, repeats: int) -> Check:
    """Compute every epsilon again from the scenario's noise and the epochs."""
    ours = tuple(
        None if epsilon is None else evidence.micro(epsilon)
        for epsilon in terms_of(asked).epsilons(asked, repeats)
    )
    theirs = (said.label_epsilon_micro, said.feature_epsilon_micro)
    wrong = differing(theirs, ours, rounding)
    stated = [f"{(each or 0) / MICRO:.3f}" for each in theirs if each is not None]
    return compared(
        "privacy",
        holds=not wrong and said.delta_ppm == evidence.micro(DELTA),
        same=f"epsilon {' and '.join(stated)} at delta {DELTA:g}" if stated else "no noise claimed",
        different=f"{joint.VERTICAL} claims epsilons {theirs}, the noise gives {ours}",
    )


def _unmeasured(bundle: Bundle) -> Iterator[Check]:
    """Say whether the intervals hold protective noise, or who ran it accepted that they do not."""
    name, repeats = "noise in the intervals", bundle.scenario.valuation.repeats
    if not part_of(bundle.scenario).draws_noise(bundle.scenario):
        return
    if not leaves_noise_out(bundle.scenario):
        yield Check(name, "ok", f"every coalition was trained {repeats} times, under other noise")
    elif is_accepted(bundle):
        detail = f"the run was started with {OPTION}: members are paid by intervals that leave out "
        yield Check(name, "skipped", f"{detail}what other noise would give")
    else:
        detail = "members are paid by intervals that leave protective noise out, and no "
        yield Check(name, "differs", f"{detail}{evidence.ACCEPTED} says that this was accepted")


def _values(bundle: Bundle) -> Check:
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    game = paid_game(bundle)
    found = valuation_of(bundle, game, int(said.seed, 16))
    wrong = differing(said.model_dump(), found.model_dump(), rounding)
    stored = bundle.tensors(COALITIONS)
    ours = coalition_table(game)
    if stored.keys() != ours.keys() or any(
        not np.array_equal(stored[name], array) for name, array in ours.items()
    ):
        wrong.append(COALITIONS)
    return compared(
        "values",
        holds=not wrong,
        same=f"{said.method} values of {said.evaluations} recorded coalitions, with their "
        "intervals, ranks, interactions and baselines, each to a billionth",
        different=f"{evidence.VALUATION} and what was recorded differ in {', '.join(wrong[:20])}",
    )


def _opinions(bundle: Bundle) -> Check:
    said = bundle.document(joint.OPINIONS, joint.OpinionsDocument)
    found = alternative_values(bundle)
    wrong = differing(
        tuple(each.model_dump() for each in said.games),
        tuple(each.model_dump() for each in found),
        rounding,
    )
    return compared(
        "other games",
        holds=not wrong,
        same=f"{len(found)} games give these values out of the recorded coalitions",
        different=f"{joint.OPINIONS} and what was recorded differ in {', '.join(wrong[:10])}",
    )

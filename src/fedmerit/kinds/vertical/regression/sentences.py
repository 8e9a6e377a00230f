"""Sentences on encrypted regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from fedmerit.report.units import count

if TYPE_CHECKING:
    from fedmerit.bundle.vertical_schemas import VerticalDocument
    from fedmerit.scenario.columns import Vertical


def training(said: VerticalDocument, asked: Vertical) -> Markup:
    """Say how they trained, and who opened what."""
    epochs = count(said.epochs, "epoch")
    opener = (
        "A third party, which never holds data, opens masked sums."
        if asked.coordinator == "third party"
        else "There is no third party: the owners open masked sums for each other."
    )
    loss = (
        "The loss is its second-order expansion, which keeps the order of people and is less sure "
        "of each"
        if asked.sigmoid == "taylor"
        else "The loss is exact, by masked exponentials"
    )
    kind = "logistic"
    if said.area_ppm is None:
        kind, loss = "linear", "The loss is half the squared error"
    parts = (
        " Afterwards the others showed the label holder their parts of the scores, as they had "
        "agreed: what their columns together say about a person, and none of the columns."
        if asked.reveal_scores
        else ""
    )
    return Markup(
        "They trained a {} regression for {}, in batches of {}, on numbers encrypted by "
        "Paillier's cryptosystem with {} bits. {} {}; encryption changes no weight.{}"
    ).format(kind, epochs, asked.batch_size, f"{said.key_bits:,}", opener, loss, parts)


def warnings(_said: VerticalDocument, _asked: Vertical) -> list[Markup]:
    """Warn of nothing but what holds for every protocol."""
    return []


def yardstick(asked: Vertical) -> str:
    """Say which model is fitted to the joined table."""
    if asked.sigmoid == "taylor":
        return (
            "the same loss, of classes its second-order expansion (a Taylor fit), brought to its "
            "end on"
        )
    return "a regression fitted to the end on"

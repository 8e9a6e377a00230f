"""Sentences on split learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from fedmerit.report.sentences.wording import strong
from fedmerit.report.units import count

if TYPE_CHECKING:
    from fedmerit.bundle.vertical_schemas import VerticalDocument
    from fedmerit.scenario.columns import Vertical


def training(said: VerticalDocument, asked: Vertical) -> Markup:
    """Say how they trained, and what the label holder saw."""
    epochs = count(said.epochs, "epoch")
    ending = (
        "Embeddings were added up under Paillier encryption, so that the label holder saw "
        "their sum alone."
        if asked.embeddings == "encrypted"
        else "Embeddings went over side by side."
    )
    return Markup(
        "They trained by split learning for {}, in batches of {}: each owner's own network "
        "ends in an embedding of {}, and the label holder's network goes on from there. {}"
    ).format(epochs, asked.batch_size, count(asked.width, "column"), ending)


def warnings(said: VerticalDocument, asked: Vertical) -> list[Markup]:
    """Warn of embeddings and gradients that went over as they are."""
    found: list[Markup] = []
    if asked.embeddings == "plain" and not asked.feature_privacy.noise_multiplier:
        found.append(
            Markup(
                "Embeddings went over in the clear, and embeddings tell features: {} could "
                "learn what the others' columns say."
            ).format(strong([said.label_holder]))
        )
    if not asked.label_privacy.noise_multiplier:
        found.append(
            Markup(
                "Gradients went back without noise, and gradients tell labels: the others could "
                "learn the answers that {} holds."
            ).format(strong([said.label_holder]))
        )
    return found


def yardstick(_asked: Vertical) -> str:
    """Say which model is trained on the joined table."""
    return "one network, without noise, trained on"

"""What the command line says of a run whose members own columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.bundle.schemas import FEDERATION, TRAINING, FederationDocument, TrainingDocument
from fedmerit.bundle.vertical_schemas import (
    OPINIONS,
    SAFE_BITS,
    VERTICAL,
    OpinionsDocument,
    VerticalDocument,
)
from fedmerit.kinds.vertical.models import models_folder
from fedmerit.kinds.vertical.scenario import vertical_of
from fedmerit.report import quality
from fedmerit.report.units import milli, number, percent, points
from fedmerit.units import MICRO

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle


def member_cells(bundle: Bundle) -> dict[str, dict[str, str]]:
    """Give how many columns each owner holds, of how many rows."""
    said = bundle.document(VERTICAL, VerticalDocument)
    columns = {owner.name: len(owner.columns) for owner in said.owners}
    return {
        member.name: {
            "Columns": f"{columns[member.name]:,}",
            "Its rows": f"{member.declared_rows:,}",
        }
        for member in bundle.document(FEDERATION, FederationDocument).members
    }


def model_figures(bundle: Bundle) -> dict[str, str]:
    """Give the model's area under the curve, what was sent, and values by other games."""
    said = bundle.document(VERTICAL, VerticalDocument)
    sent = ", ".join(f"{party} {size // 1000:,} kB" for party, size in said.bytes_sent.items())
    rounds = sum(each.rounds for each in said.protocols)
    training = bundle.document(TRAINING, TrainingDocument)
    members = bundle.document(FEDERATION, FederationDocument)
    figures = {
        quality.title(training): f"{percent(training.quality[1])}; "
        f"{quality.beside(training, members)}; delta to the joined table "
        f"{points(training.delta_ppm or 0)}"
    }
    if said.area_ppm is not None and said.joined_area_ppm is not None:
        figures["AUC"] = (
            f"{number(said.area_ppm / MICRO, 4)}, the joined table's{_loss(said)} "
            f"{number(said.joined_area_ppm / MICRO, 4)}: delta "
            f"{number(said.delta_area_ppm / MICRO, 4, sign=True)}{_ordinary(said)}"
        )
    figures |= {
        "Aligned": f"{said.common:,} people are {_whose(bundle, said)}",
        "Sent": f"{sent}; {rounds:,} messages in a row",
    }
    epsilons = (("labels", said.label_epsilon_micro), ("features", said.feature_epsilon_micro))
    if noised := [f"{what} {number(e / MICRO, 2)}" for what, e in epsilons if e is not None]:
        figures["Epsilon"] = f"{', '.join(noised)} at delta {said.delta_ppm / MICRO:g}"
    if training.is_worse_than_untrained:
        rate = vertical_of(bundle.scenario).learning_rate
        figures["Warning"] = (
            "the trained model fits worse than the labels alone: lower vertical.learning_rate "
            f"({rate:g}), unless noise explains it"
        )
    figures["Bits told"] = "; ".join(
        f"{seen.party}: {seen.bits:,} of {seen.of:,} in {seen.secret}"
        + (" (the predictions)" if seen.agreed else "")
        for seen in said.exposures
        if not seen.colluding
    )
    colluding = [seen for seen in said.exposures if seen.colluding]
    figures["Colluding"] = (
        "; ".join(f"{seen.party} open {seen.secret}, by {seen.by}" for seen in colluding)
        or "no two parties open more together than is counted above"
    )
    for game in bundle.document(OPINIONS, OpinionsDocument).games:
        values = (number(milli(value), 2) for value in game.values)
        figures[f"By {game.game}, labels {game.label_holder}"] = ", ".join(values)
    if (own := models_folder(bundle)).is_dir():
        figures["Models"] = f"{own}, a file for each owner, and for nobody else"
    if 0 < said.key_bits < SAFE_BITS:
        figures["Rehearsal"] = f"keys of {said.key_bits} bits hide nothing: use {SAFE_BITS:,}"
    return figures


def _whose(bundle: Bundle, said: VerticalDocument) -> str:
    left = vertical_of(bundle.scenario).join == "left"
    return f"{said.label_holder}'s, known to others or not" if left else "known to all"


def _loss(said: VerticalDocument) -> str:
    return "" if said.logistic_area_ppm is None else " Taylor fit"


def _ordinary(said: VerticalDocument) -> str:
    if said.logistic_area_ppm is None:
        return ""
    area = number(said.logistic_area_ppm / MICRO, 4)
    return f"; ordinary logistic regression on the joined table {area}"

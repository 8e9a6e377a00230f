"""How good models are, in the measures that fit what they predict: classes or a quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fedmerit.report.units import milli_of_micro, number, percent
from fedmerit.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.bundle.schemas import (
        FederationDocument,
        QuantityDocument,
        RoundDocument,
        TrainingDocument,
    )


class Measured(NamedTuple):
    """What is recorded of one model; None where it does not apply."""

    log_likelihood_micro: int | None
    accuracy_ppm: int | None
    area_ppm: int | None
    r_squared_ppm: int | None
    rmse_micro: int | None


def untrained(training: TrainingDocument) -> Measured:
    """Give the measures of the model before training."""
    return Measured(*(getattr(training, f"initial_{name}") for name in Measured._fields))


def pooled(training: TrainingDocument) -> Measured:
    """Give the measures of the same model trained on everybody's rows in one place."""
    return Measured(*(getattr(training, f"pooled_{name}") for name in Measured._fields))


def of_round(round_: RoundDocument) -> Measured:
    """Give the measures of the model after a round."""
    return Measured(*(getattr(round_, name) for name in Measured._fields))


def title(training: TrainingDocument) -> str:
    """Name the measure that models are compared by."""
    return "R²" if of_quantity(training) else "Accuracy"


def of_quantity(training: TrainingDocument) -> bool:
    """Say whether a quantity was predicted, and no class."""
    return training.rounds[-1].accuracy_ppm is None


def rmse(micro: int | None, quantity: QuantityDocument | None) -> str:
    """Write a root mean squared error in the label's own unit."""
    if micro is None or quantity is None:
        return "–"  # noqa: RUF001 - a dash for what is not there
    return f"{micro / MICRO * float(quantity.deviation):,.4g}"


def area(ppm: int | None) -> str:
    """Write an area under the ROC curve."""
    return "–" if ppm is None else number(ppm / MICRO, 3)  # noqa: RUF001 - as above


def beside(training: TrainingDocument, federation: FederationDocument) -> str:
    """Say what an accuracy or R squared has to be held against."""
    last = of_round(training.rounds[-1])
    if of_quantity(training):
        name = federation.quantity.name if federation.quantity else "the label"
        return f"RMSE {rmse(last.rmse_micro, federation.quantity)} in the unit of {name}"
    said = f"always saying the most frequent class: {percent(training.base_rate_ppm or 0)}"
    return said if last.area_ppm is None else f"{said}; AUC {area(last.area_ppm)}"


def columns(training: TrainingDocument) -> tuple[str, ...]:
    """Name the columns of a table of models."""
    if of_quantity(training):
        return ("Log-likelihood, milli-nats", "R²", "RMSE")
    with_area = training.rounds[-1].area_ppm is not None
    return ("Log-likelihood, milli-nats", "Accuracy", *(["AUC"] if with_area else []))


def cells(
    model: Measured, training: TrainingDocument, federation: FederationDocument
) -> Sequence[str]:
    """Write what :func:`columns` name of one model."""
    fit = number(milli_of_micro(model.log_likelihood_micro or 0), 1)
    if of_quantity(training):
        share = percent(model.r_squared_ppm or 0)
        return (fit, share, rmse(model.rmse_micro, federation.quantity))
    with_area = training.rounds[-1].area_ppm is not None
    right = percent(model.accuracy_ppm or 0)
    return (fit, right, *([area(model.area_ppm)] if with_area else []))

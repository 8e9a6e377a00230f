"""What came of one round of one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One round; every mapping is by the names that were present, if nothing else is said.

    Attributes:
        number: From 1.
        efforts: Quarters of the work that each was asked for and did.
        payments: Base units.
        slashes: Base units.
        costs: Base units.
        utilities: By owner: pay and benefit less slashes and costs, base units.
        values: What each contributed, nats, whatever evaluators said.
        log_likelihood: Of the model after the round, nats a row.
        accuracy: Of it, in [0, 1].
        surplus: Base units that were left of the budget; negative if it was not enough.
        income: Base units that the model brings in.
    """

    number: int
    efforts: Mapping[str, int]
    payments: Mapping[str, int]
    slashes: Mapping[str, int]
    costs: Mapping[str, int]
    utilities: Mapping[str, float]
    values: Mapping[str, float]
    log_likelihood: float
    accuracy: float
    surplus: int
    income: float

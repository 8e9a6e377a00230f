"""From a scenario to rows that can be pooled, and an estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import ScenarioError, TrainingError
from fedmerit.federation.pooled.estimators import EstimatorSpec, chances
from fedmerit.kinds.horizontal.wiring import committee_of, federation_of
from fedmerit.stages.names import check_names, threshold

if TYPE_CHECKING:
    from fedmerit.federation import Federation
    from fedmerit.scenario.model import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A scenario, made ready to fit an estimator.

    Attributes:
        federation: The members and their rows.
        estimator: What is fitted to them.
        committee: Members whose keys sign the report.
        threshold: Signatures needed.
    """

    federation: Federation
    estimator: EstimatorSpec
    committee: tuple[str, ...]
    threshold: int

    @property
    def participants(self) -> tuple[str, ...]:
        """The members' names, in the order that every document keeps."""
        return self.federation.participants

    @property
    def declared_rows(self) -> dict[str, int]:
        """How many rows each declares, in the same order."""
        return {member.name: member.declared_rows for member in self.federation.members}


def assemble(scenario: Scenario) -> Pool:
    """Read the data, deal it out, and make the estimator once.

    Raises:
        FedmeritError: The scenario cannot be run; the error says what to change.
    """
    check_names(
        scenario,
        games=frozenset({"retraining"}),
        label_policies=("given",),
        members="owners of pooled rows",
    )
    federation = federation_of(scenario)
    if federation.quantity is not None:
        raise ScenarioError(
            f"the label {federation.quantity.name!r} is a quantity, and an estimator on pooled "
            "rows tells classes apart",
            hint='Set kind = "linear" below [model], or target = "classes" below [data].',
        )
    chosen = scenario.model
    estimator = EstimatorSpec(path=chosen.estimator or "", arguments=chosen.arguments)
    estimator.build(scenario.seed)  # fails now if ever
    committee = committee_of(scenario, federation)
    return Pool(
        federation=federation,
        estimator=estimator,
        committee=committee,
        threshold=threshold(scenario, committee),
    )


def check(scenario: Scenario) -> Pool:
    """Do the same, and fit the estimator to each member's rows alone: no coalition has fewer.

    Raises:
        FedmeritError: It cannot be fitted to somebody's rows; names the member.
    """
    pool = assemble(scenario)
    federation = pool.federation
    for member in federation.members:
        try:
            chances(
                pool.estimator,
                (member.features, member.labels.astype(np.int64)),
                federation.validation_features[:1],
                classes=len(federation.classes),
                seed=scenario.seed,
            )
        except TrainingError as error:
            raise TrainingError(f"the rows of {member.name}: {error}", hint=error.hint) from error
    return pool


def everyone(pool: Pool) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Give the coalition of all, ``(1, n)``."""
    return np.ones((1, len(pool.participants)), dtype=np.bool_)

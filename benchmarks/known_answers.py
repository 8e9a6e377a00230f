"""Five tables with a known answer: the models of a run beside scikit-learn's on the same rows.

Run with ``python benchmarks/known_answers.py``; it takes half a minute and prints a row per table:
accuracy or R squared, and mean log-likelihood of a validation row, in nats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.stats import norm
from sklearn import datasets
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, r2_score

from fedmerit.federation import (
    ModelSpec,
    Partition,
    Table,
    TrainingSettings,
    federate,
    pooled_baseline,
    train,
)

if TYPE_CHECKING:
    from fedmerit.federation import Federation, Metrics

TABLES: Final = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "diabetes": datasets.load_diabetes,
}
#: scikit-learn's penalty stops its fit somewhere, and so do 50 rounds.
_CLASSES: Final = TrainingSettings(rounds=50, learning_rate=0.1, tolerance=0.0)
#: Descent by batches ends around the least squares, as far off as steps are large.
_QUANTITY: Final = TrainingSettings(rounds=50, learning_rate=0.01, tolerance=0.0)
_USUAL: Final = TrainingSettings(tolerance=0.0)


def dealt(name: str) -> Federation:
    """Deal a table out evenly to four members."""
    loaded = TABLES[name](as_frame=True)
    labels = loaded.target.to_numpy()
    quantity = name == "diabetes"
    table = Table(
        name=name,
        features=loaded.data.astype(np.float64),
        labels=labels.astype(np.float64 if quantity else np.int64),
        classes=() if quantity else tuple(map(str, np.unique(labels))),
        participants=(),
        owners=np.zeros(len(labels), dtype=np.int64),
        label="target",
    )
    return federate(table, seed=0, partition=Partition(recipe="iid", participants=4))


def theirs(made: Federation) -> tuple[float, float]:
    """Give what scikit-learn reaches with its own settings: quality and log-likelihood."""
    rows, labels = (
        np.concatenate([getattr(member, part) for member in made.members])
        for part in ("features", "labels")
    )
    unseen, truth = made.validation_features, made.validation_labels
    if made.quantity is not None:
        found = LinearRegression().fit(rows, labels).predict(unseen)
        return r2_score(truth, found), float(norm.logpdf(truth, found).mean())
    fitted = LogisticRegression(max_iter=5000).fit(rows, labels)
    return fitted.score(unseen, truth), -log_loss(truth, fitted.predict_proba(unseen))


def pooled(made: Federation, *, usual: bool = False) -> tuple[float, float]:
    """Give what training on pooled rows reaches, with 50 rounds' passes or the usual 15."""
    settings = _USUAL if usual else _settings(made)
    return _reached(pooled_baseline(made, _model(made), settings, rounds=settings.rounds, seed=0))


def federated(made: Federation) -> tuple[float, float]:
    """Give what 50 rounds of federated averaging reach."""
    return _reached(train(made, _model(made), _settings(made), seed=0).metrics[-1])


def _settings(made: Federation) -> TrainingSettings:
    return _CLASSES if made.quantity is None else _QUANTITY


def _model(made: Federation) -> ModelSpec:
    return ModelSpec(kind="logistic" if made.quantity is None else "linear")


def _reached(metrics: Metrics) -> tuple[float, float]:
    quality = metrics.r_squared if metrics.accuracy is None else metrics.accuracy
    return quality or 0.0, metrics.log_likelihood


def main() -> None:
    """Print the table."""
    print("| | rows | scikit-learn | pooled | pooled, 15 rounds | federated |")
    print("|---|---|---|---|---|---|")
    for name in TABLES:
        made = dealt(name)
        rows = sum(len(member.labels) for member in made.members), len(made.validation_labels)
        found = (theirs(made), pooled(made), pooled(made, usual=True), federated(made))
        cells = (f"{quality:.3f}, {likelihood:.3f}" for quality, likelihood in found)
        print(f"| {name} | {rows[0]:,} and {rows[1]} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

"""Estimators that a scenario names by import path: which of them run nobody else's code."""

from __future__ import annotations

from typing import Final

#: Where scikit-learn's own classifiers are: nothing there runs what a scenario could name.
KNOWN: Final = frozenset(
    f"sklearn.{name}"
    for name in (
        *("ensemble", "linear_model", "tree", "naive_bayes", "neighbors", "svm"),
        *("neural_network", "discriminant_analysis", "gaussian_process"),
    )
)


def is_known(path: str) -> bool:
    """Say whether *path* names a classifier of scikit-learn's own, nobody else's code."""
    module, _, name = path.partition(":")
    return module in KNOWN and name.isidentifier() and not name.startswith("_")

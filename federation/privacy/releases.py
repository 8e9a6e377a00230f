"""How often a run shows one row's secret: messages about it, and steps that later messages show."""

from __future__ import annotations


def trainings(parties: int, repeats: int = 1) -> int:
    """Count the run, and the coalitions of its parties that one of them is trained in again.

    Every coalition is trained *repeats* times, and its noise is new each time.
    """
    return 1 + repeats * (1 << (parties - 1))


def gradient_releases(epochs: int, parties: int, runs: int = 1) -> int:
    """Count the gradients of a regression that show a row's label: each party's, once an epoch."""
    return epochs * parties * runs


def label_releases(epochs: int, runs: int = 1) -> int:
    """Count what shows a row's label in split learning: a message about it, and the top's step."""
    return 2 * epochs * runs


def feature_releases(epochs: int, runs: int = 1) -> int:
    """Count what shows a row's features: as for labels, and the embedding of the end."""
    return (2 * epochs + 1) * runs

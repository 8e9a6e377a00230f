"""Measures of models that were taken again: by how much they may be off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.auditing.numbers import Tolerance, differing, distances

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

#: Millionths of a nat by which a mean log-likelihood may be off.
_LIKELIHOOD: Final = 2
#: Millionths by which R squared and a root mean squared error may be off.
_SQUARES: Final = 4
#: Measures that one row moves in a step.
_STEPS: Final = ("accuracy", "area")
_OF_SQUARES: Final = ("rmse", "r_squared")
#: Of the untrained model, which no order of additions has touched: where its classes tie, they do
#: so on every machine, and only a moved parameter breaks the tie.
_UNTRAINED: Final = "initial_accuracy_ppm"


def metrics_differing(
    said: object,
    found: object,
    others: Callable[[], Iterator[object]],
    untrained: Collection[str] = (),
) -> list[str]:
    """Name the measured fields that differ by more than float order explains.

    Args:
        said: What is recorded.
        found: What was found again.
        others: Gives what was found from moved parameters; asked only where that matters.
        untrained: Places of further accuracies of models that training has not moved yet.
    """
    wrong = differing(said, found, _allowing(_LIKELIHOOD, {}))
    if not wrong:
        return []
    likelihood, ties = _LIKELIHOOD, dict[str, int]()
    for other in others():
        for apart in distances(other, found):
            if apart.by is not None and _is_likelihood(apart.place):
                likelihood = max(likelihood, 2 * apart.by)
            elif apart.by is not None:  # a row that ties does so whatever is rounded
                ties[apart.place] = max(ties.get(apart.place, 0), apart.by)
    trained = {
        place: by
        for place, by in ties.items()
        if place.rpartition(".")[2] != _UNTRAINED and place not in untrained
    }
    return differing(said, found, _allowing(likelihood, trained))


def _allowing(likelihood: int, ties: Mapping[str, int]) -> Tolerance:
    """Allow so much of log-likelihoods, and of other measures by where they are."""

    def allowed(place: str) -> int:
        if _is_likelihood(place):
            return likelihood
        if any(name in place for name in _OF_SQUARES):
            return max(_SQUARES, 2 * ties.get(place, 0))
        return ties.get(place, 0) if any(name in place for name in _STEPS) else 0

    return allowed


def _is_likelihood(place: str) -> bool:
    return "likelihood" in place or "by_owner" in place

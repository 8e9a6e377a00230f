"""Evaluators that lie: what they say their rows showed, in place of what they showed.

A value is a mean over validation rows, so what one evaluator's rows add to it can be told
apart, and be lied about. A lie moves value between members and leaves the sum as it is, as
otherwise whoever adds up would notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import RewardError, suggestion

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Gives what an evaluator says of each member from what its rows showed, ``(n,)``, who is in
#: its ring, itself included, ``(n,)``, and its own stream.
Lie = Callable[
    ["NDArray[np.float64]", "NDArray[np.bool_]", np.random.Generator], "NDArray[np.float64]"
]


def shuffled(
    shown: NDArray[np.float64], _ring: NDArray[np.bool_], stream: np.random.Generator
) -> NDArray[np.float64]:
    """Says of each member what its rows showed of another one: an evaluator that did not look."""
    return stream.permutation(shown)


def turned(
    shown: NDArray[np.float64], _ring: NDArray[np.bool_], _stream: np.random.Generator
) -> NDArray[np.float64]:
    """Says the opposite of what its rows showed, about their mean."""
    return np.asarray(2 * shown.mean() - shown)


def praise(
    shown: NDArray[np.float64], ring: NDArray[np.bool_], _stream: np.random.Generator
) -> NDArray[np.float64]:
    """Moves half of what its rows credit others with to itself and its ring, in equal parts."""
    taken = np.where(ring, 0.0, shown.clip(min=0.0) / 2)
    given = taken.sum() / max(1, int(ring.sum()))
    return np.asarray(shown - taken + np.where(ring, given, 0.0)) if ring.any() else shown


#: Every lie by name.
LIES: Final[Mapping[str, Lie]] = MappingProxyType(
    {"praise": praise, "shuffled": shuffled, "turned": turned}
)


def reported(
    judged: NDArray[np.float64],
    liars: Mapping[int, NDArray[np.bool_]],
    *,
    lie: str,
    streams: Mapping[int, np.random.Generator],
) -> NDArray[np.float64]:
    """Give what evaluators say, shape ``(n, evaluators)``.

    Args:
        judged: What each evaluator's rows showed of each member, same shape.
        liars: By number of the evaluator, who is in its ring, ``(n,)``.
        lie: A key of :data:`LIES`.
        streams: Of each liar.

    Raises:
        RewardError: No lie has this name.
    """
    if lie not in LIES:
        raise RewardError(f"no lie is called {lie!r}", hint=suggestion(lie, LIES))
    reports = judged.copy()
    for evaluator, ring in liars.items():
        reports[:, evaluator] = LIES[lie](judged[:, evaluator], ring, streams[evaluator])
    return reports

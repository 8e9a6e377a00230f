"""What the report says of members that look as if they did not play fair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from fedmerit.bundle.suspicions import TO_LOOK_AT, suspects
from fedmerit.report.units import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.bundle.suspicions import SuspicionDocument

#: So many names are written out at most.
_MOST = 8


def suspecting(names: Sequence[str], found: SuspicionDocument) -> list[Markup]:
    """Say whom to look at, and what a score is not."""
    named = [name for name, _, _ in suspects(names, found)]
    whom = (
        Markup("To look at: {}.").format(listed(named, _MOST))
        if named
        else Markup("Nobody scores {} or more.").format(TO_LOOK_AT // 1000)
    )
    return [
        whom,
        Markup(
            "Scores come from the updates alone: what they were worth, how they agree with the "
            "others', and whether they repeat themselves, the model or another member. Nobody is "
            "paid by them and none is a proof: an honest member whose rows are odd scores "
            "high, and of two members with the same updates both do."
        ),
    ]

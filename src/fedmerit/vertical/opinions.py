"""Values of parties out of the tables that a bundle keeps: what they are paid by, and what else.

Both the value stage and the audit go through here; neither needs torch for it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit import joint
from fedmerit.documents import Measured, valuation_document
from fedmerit.evidence import FEDERATION, FederationDocument, nano
from fedmerit.incentives import CachedGame, estimates
from fedmerit.incentives import value as value_game
from fedmerit.vertical.tables import party_game, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedmerit.bundle import Bundle
    from fedmerit.evidence import ValuationDocument

_GAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"retraining": joint.RETRAINED, "embeddings": joint.EMBEDDED}
)


def paid_game(bundle: Bundle) -> CachedGame:
    """Give what the parties are paid by, out of the recorded tables."""
    asked = bundle.scenario.valuation
    names = bundle.document(FEDERATION, FederationDocument).names
    gains = read_table(bundle, _GAMES[asked.game])
    return CachedGame(party_game(names, gains, asked.label_holder))


def valuation_of(bundle: Bundle, game: CachedGame, seed: int) -> ValuationDocument:
    """Value the parties by what they are paid by; methods draw from *seed*."""
    members = bundle.document(FEDERATION, FederationDocument)
    measured = Measured(
        game=game,
        owners=owners_of(members),
        rounds=(),
        gradients=np.empty((0, 0), dtype=np.float32),
        curve=(),
    )
    return valuation_document(measured, bundle.scenario, members, seed)


def owners_of(members: FederationDocument) -> NDArray[np.int64]:
    """Say whose each validation row is: the label holder's, who comes first."""
    return np.zeros(members.members[0].validation_rows, dtype=np.int64)


def opinions(bundle: Bundle) -> tuple[joint.OpinionDocument, ...]:
    """Value the parties by every game that was recorded, both with labels given and with not."""
    names = bundle.document(FEDERATION, FederationDocument).names
    return tuple(
        _opinion(bundle, names, game, label_holder)
        for game, file in _GAMES.items()
        if (bundle.path / file).is_file()
        for label_holder in ("given", "mandatory")
    )


def _opinion(
    bundle: Bundle, names: tuple[str, ...], game: str, label_holder: str
) -> joint.OpinionDocument:
    recorded = party_game(names, read_table(bundle, _GAMES[game]), label_holder)
    found = value_game(recorded, method="exact", budget=2 ** len(names), seed=0)
    certain = estimates(found, confidence=bundle.scenario.valuation.confidence)
    everyone = np.ones((1, len(names)), dtype=np.bool_)
    return joint.OpinionDocument(
        game=game,
        label_holder=label_holder,
        worth=nano(recorded.worth(everyone))[0],
        values=tuple(each.value for each in certain),
        half_widths=tuple(each.half_width for each in certain),
    )

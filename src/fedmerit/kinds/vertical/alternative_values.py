"""Values of parties out of what a bundle keeps of games: what they are paid by, and what else.

Both the value stage and the audit go through here; neither needs torch for it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from fedmerit.bundle import vertical_schemas as joint
from fedmerit.bundle.schemas import FEDERATION, FederationDocument, nano
from fedmerit.bundle.training import coalition_arrays
from fedmerit.bundle.valuation import Measured, valuation_document
from fedmerit.incentives import CachedGame, estimates
from fedmerit.incentives import value as value_game
from fedmerit.kinds.vertical.tables import party_game, read_table
from fedmerit.units import NANO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import ValuationDocument
    from fedmerit.kinds.vertical.tables import Summary

#: Where a bundle keeps what every coalition is worth, by game.
GAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"retraining": joint.RETRAINED, "embeddings": joint.EMBEDDED}
)


def paid_game(bundle: Bundle) -> CachedGame:
    """Give what the parties are paid by, out of what is kept of it."""
    members = bundle.document(FEDERATION, FederationDocument)
    label_policy, kept = bundle.scenario.valuation.label_policy, _paid(bundle, members)
    spread = kept.values_nano / NANO
    rows = len(owners_of(members))
    return CachedGame(party_game(members.names, kept, label_policy, spread, rows))


def coalition_table(game: CachedGame) -> dict[str, NDArray[Any]]:
    """Give the means of each coalition that *game* was asked for, as a bundle keeps them."""
    coalitions, by_row = game.table()
    means = by_row.reshape(len(by_row), game.repeats, -1).mean(axis=2)
    return coalition_arrays((coalitions, means), np.zeros(1, np.int64))


def valuation_of(bundle: Bundle, game: CachedGame, seed: int) -> ValuationDocument:
    """Value the parties by what they are paid by; methods draw from *seed*."""
    members = bundle.document(FEDERATION, FederationDocument)
    measured = Measured(game=game, owners=owners_of(members))
    found = valuation_document(measured, bundle.scenario, members, seed)
    if found.interactions is None:
        return found
    # The game's rows spread as values do, whatever the pairs: their own spread is kept beside.
    kept = _paid(bundle, members).pairs_nano / NANO / len(measured.owners)
    errors = tuple(map(nano, np.sqrt(kept.clip(min=0))))
    pairs = found.interactions.model_copy(update={"standard_errors": errors})
    return found.model_copy(update={"interactions": pairs})


def _paid(bundle: Bundle, members: FederationDocument) -> Summary:
    return read_table(bundle, GAMES[bundle.scenario.valuation.game], len(members.names))


def owners_of(members: FederationDocument) -> NDArray[np.int64]:
    """Say whose each validation row is: the label holder's, who comes first."""
    return np.zeros(members.members[0].validation_rows, dtype=np.int64)


def alternative_values(bundle: Bundle) -> tuple[joint.OpinionDocument, ...]:
    """Value the parties by every game that was recorded, both with labels given and with not."""
    members = bundle.document(FEDERATION, FederationDocument)
    return tuple(
        _opinion(bundle, members, game, label_policy)
        for game, file in GAMES.items()
        if (bundle.path / file).is_file()
        for label_policy in ("given", "mandatory")
    )


def _opinion(
    bundle: Bundle, members: FederationDocument, game: str, label_policy: str
) -> joint.OpinionDocument:
    names, rows = members.names, len(owners_of(members))
    kept = read_table(bundle, GAMES[game], len(names))
    variances = kept.given_nano if label_policy == "given" else kept.mandatory_nano
    recorded = party_game(names, kept, label_policy, np.diag(variances / NANO), rows)
    found = value_game(recorded, method="exact", budget=2 ** len(names), seed=0)
    certain = estimates(found, confidence=bundle.scenario.valuation.confidence)
    everyone = np.ones((1, len(names)), dtype=np.bool_)
    return joint.OpinionDocument(
        game=game,
        label_holder=label_policy,
        worth=nano(recorded.worth(everyone))[0],
        values=tuple(each.value for each in certain),
        half_widths=tuple(each.half_width for each in certain),
    )

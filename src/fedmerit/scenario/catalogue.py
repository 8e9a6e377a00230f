"""Everything a scenario can name, each with one line on what it is."""

from __future__ import annotations

from inspect import getdoc
from typing import TYPE_CHECKING

from fedmerit.scenario.reading import load, shipped

if TYPE_CHECKING:
    from collections.abc import Mapping


def catalogue() -> dict[str, dict[str, str]]:
    """Give the names that scenarios may use, by kind, with a summary of each."""
    from fedmerit.federation import (  # noqa: PLC0415 - imports torch
        BEHAVIOURS,
        BUILTIN,
        GAMES,
        MODELS,
        RECIPES,
    )
    from fedmerit.federation.vertical.partygame import (  # noqa: PLC0415 - as above
        EmbeddingGame,
        PartyGame,
    )
    from fedmerit.federation.vertical.shipped import WIDE  # noqa: PLC0415 - as above
    from fedmerit.incentives import METHODS, SETTLED  # noqa: PLC0415 - only needed here

    return {
        "Scenarios": {name: load(name).description for name in shipped()},
        "Data sets": _summaries({**BUILTIN, **WIDE}),
        "Partitions": _summaries(RECIPES),
        "Behaviours": _summaries(BEHAVIOURS),
        "Models": _summaries(MODELS),
        "Games": _summaries(GAMES),
        "Games of owners of columns": _summaries(
            {"retraining": PartyGame, "embeddings": EmbeddingGame}
        ),
        "Methods": _summaries(METHODS),
        "Mechanisms": _summaries(SETTLED),
    }


def _summaries(entries: Mapping[str, object]) -> dict[str, str]:
    return {name: (getdoc(entry) or "").partition("\n")[0] for name, entry in entries.items()}

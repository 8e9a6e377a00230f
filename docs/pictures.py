"""Draw docs/images/mechanisms/: one picture for each family, from what its mechanisms do.

Run this after a change to a mechanism; a test compares.

    python docs/pictures.py
"""  # noqa: INP001 - a script beside the pages, not a package

from __future__ import annotations

import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bought import auctions, contests, goods, groves, menus
from divided import core, evaluators, instalments, models, sharing, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drawing import Picture

HERE: Final = Path(__file__).parent / "images" / "mechanisms"


PICTURES: Final[Mapping[str, Callable[[], Picture]]] = MappingProxyType(
    {
        each.__name__: each
        for each in (
            sharing,
            core,
            instalments,
            groves,
            auctions,
            menus,
            contests,
            goods,
            models,
            evaluators,
            standing,
        )
    }
)


def main(where: Path) -> None:
    """Draw every picture into a directory."""
    where.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        (where / f"{name}.svg").write_text(draw().svg(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)

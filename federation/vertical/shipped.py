"""Tables that come with the package, and how one is dealt out by column among several owners."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from fedmerit.errors import DataError, suggestion
from fedmerit.federation.data.columns import Choice
from fedmerit.federation.data.files import Sheet
from fedmerit.federation.vertical.tables import Holding, holding
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fedmerit.federation.data.columns import Target
    from fedmerit.federation.data.dates import Dates
    from fedmerit.federation.data.dialects import Dialect

#: The column that numbers the people of a table that is dealt out.
_KEY: Final = "(row)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one owner gets of a table.

    Attributes:
        party: Who.
        columns: The columns it holds, the label aside.
        noise: How many columns of standard normal noise it holds besides.
        coverage: Share of the table's people that it knows, above 0 and at most 1.
        label: The column to predict, for the one owner who has it.
        positive: The label to tell from all others.
        target: ``classes`` or ``quantity``; None to go by what the column holds.

    """

    party: str
    columns: tuple[str, ...] = ()
    noise: int = 0
    coverage: float = 1.0
    label: str | None = None
    positive: str | None = None
    target: Target | None = None


def bank_marketing() -> pd.DataFrame:
    """Customers of a bank and what came of a campaign among them (Moro et al.; UCI, CC BY 4.0)."""
    # How long a call took is known only after it, when there is nothing left to predict.
    return _shipped("bank_marketing_uci.csv.gz").drop(columns=["id", "duration"])


def adult() -> pd.DataFrame:
    """Persons, and who earns more than 50,000 a year (Becker and Kohavi; UCI, CC BY 4.0)."""
    names = [
        *("age", "workclass", "fnlwgt", "education", "education years", "marital status"),
        *("occupation", "relationship", "race", "sex", "capital gain", "capital loss"),
        *("hours", "country", "income"),
    ]
    return _shipped("adult_uci.csv.gz", names)


#: The tables that come with the package, by the name scenarios use.
WIDE: Final[Mapping[str, Callable[[], pd.DataFrame]]] = MappingProxyType(
    {"bank-marketing": bank_marketing, "adult": adult}
)


def deal(
    table: pd.DataFrame | Sheet,
    parts: Sequence[Part],
    *,
    seed: int,
    impute: bool = True,
    dates: Dates | None = None,
    dialect: Dialect | None = None,
) -> tuple[Holding, ...]:
    """Deal a table out by column; whom an owner knows depends on its own name alone.

    Args:
        table: One row a person.
        parts: What each owner gets.
        seed: The scenario's seed; it draws whom each knows, its order of rows, and noise.
        impute: Whether empty cells are filled in when encoding, or refused.
        dates: How dates become numbers; days if None.
        dialect: What is known of the table's file.

    Raises:
        DataError: A column is not there, or two owners get it.

    """
    sheet = table if isinstance(table, Sheet) else Sheet(name="", frame=table)
    taken: dict[str, str] = {}
    for part in parts:
        for name in (*part.columns, *([part.label] if part.label else [])):
            if name not in sheet.frame.columns:
                raise DataError(
                    f"{part.party} is to hold {name!r}, which the table does not have",
                    hint=suggestion(name, map(str, sheet.frame)),
                )
            if name in taken:
                raise DataError(
                    f"{part.party} and {taken[name]} are both to hold {name!r}",
                    hint="Give each column to one owner.",
                )
            taken[name] = part.party
    choice = Choice(impute=impute, dates=dates, section="[[vertical.owners]]")
    return tuple(_held(sheet, part, seed, choice, dialect) for part in parts)


def _held(sheet: Sheet, part: Part, seed: int, choice: Choice, dialect: Dialect | None) -> Holding:
    table = sheet.frame
    rng = generator(seed, "vertical", "owner", part.party)
    rows = rng.permutation(len(table))[: round(part.coverage * len(table))]
    own = table[[*part.columns, *([part.label] if part.label else [])]].iloc[rows]
    noise = rng.normal(size=(len(rows), part.noise))
    names = [f"noise {k}" for k in range(1, part.noise + 1)]
    frame = pd.concat(
        [own.reset_index(drop=True), pd.DataFrame(noise, columns=names)], axis="columns"
    ).assign(**{_KEY: rows.astype(np.int64)})
    return holding(
        Sheet(name=sheet.name, frame=frame, separator=sheet.separator),
        party=part.party,
        key=[_KEY],
        label=part.label,
        positive=part.positive,
        target=part.target,
        choice=replace(choice, columns=(*part.columns, *names)),
        dialect=dialect,
    )


def _shipped(file: str, names: list[str] | None = None) -> pd.DataFrame:
    with as_file(files("fedmerit.federation.data").joinpath("datasets", file)) as path:
        if names is None:
            return pd.read_csv(path)
        return pd.read_csv(path, names=names, skipinitialspace=True, na_values="?")

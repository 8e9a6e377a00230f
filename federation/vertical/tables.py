"""Tables of several owners about the same people, and the task that aligned ones make."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from fedmerit.errors import DataError
from fedmerit.federation.columns import class_labels, clean
from fedmerit.federation.encoding import encode
from fedmerit.federation.vertical.task import Columns, VerticalTask
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.vertical.task import Matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holding:
    """One owner's table.

    Attributes:
        party: Whose.
        keys: Whom each row is about: a text, an integer or a tuple of them.
        features: Its columns: float64 and text.
        labels: The class of each row, 0 or 1, shape ``(rows,)``; None for all but one owner.

    """

    party: str
    keys: tuple[object, ...]
    features: pd.DataFrame
    labels: NDArray[np.int64] | None = None


def holding(
    frame: pd.DataFrame,
    *,
    party: str,
    key: Sequence[str],
    label: str | None = None,
    positive: str | None = None,
) -> Holding:
    """Make an owner's table of a data frame, say one that pandas read from its file.

    Args:
        frame: Rows with keys.
        party: Whose.
        key: The column or columns that say whom a row is about.
        label: The column to predict, for the one owner who has it.
        positive: The label to tell from all others.

    Raises:
        DataError: A column is missing, or the labels are not of two classes.

    """
    for name in (*key, *([label] if label else [])):
        if name not in frame.columns:
            raise DataError(f"the table of {party} has no column {name!r}")
    labels = None
    if label is not None:
        labels, classes = class_labels(frame[label], positive)
        if len(classes) > 2:  # noqa: PLR2004 - a vertical model tells two apart
            raise DataError(
                f"{label!r} has {len(classes)} classes, and a vertical model tells two apart",
                hint="Say which is the positive one.",
            )
    rows = frame[list(key)].itertuples(index=False, name=None)
    keys = tuple(row if len(key) > 1 else row[0] for row in rows)
    dropped = frame.drop(columns=[*key, *([label] if label else [])])
    return Holding(party=party, keys=keys, features=clean(dropped, impute=True), labels=labels)


def assemble(
    holdings: Sequence[Holding],
    rows: Mapping[str, NDArray[np.int64]],
    *,
    name: str,
    seed: int,
    validation_share: float = 0.3,
) -> VerticalTask:
    """Put aligned tables into the form that training takes, each encoded by its owner alone.

    Args:
        holdings: Every owner's table.
        rows: By party, the rows about the common people, in the common order.
        name: The task's name.
        seed: The scenario's seed; it picks the validation rows.
        validation_share: Share of the common rows that is held out.

    Raises:
        DataError: Not exactly one owner has labels, or too few rows are common.

    """
    holders = [held for held in holdings if held.labels is not None]
    if len(holders) != 1 or holders[0].labels is None:
        raise DataError(
            f"{len(holders)} of {len(holdings)} owners have labels, and exactly one must",
            hint="Name the label column of one table only.",
        )
    labels = holders[0].labels[rows[holders[0].party]]
    order = generator(seed, "vertical", "split").permutation(len(labels))
    cut = round(validation_share * len(labels))
    held_out, training = np.sort(order[:cut]), np.sort(order[cut:])
    if any(len(np.unique(labels[part])) < 2 for part in (held_out, training)):  # noqa: PLR2004
        raise DataError(
            f"{len(labels)} people are common to all: too few to train on and to hold some out",
            hint="Both parts must have rows of both classes.",
        )
    ordered = sorted(holdings, key=lambda held: held.labels is None)
    return VerticalTask(
        name=name,
        parties=tuple(_columns(held, rows[held.party], training, held_out) for held in ordered),
        labels=labels[training].astype(np.float64),
        held_out_labels=labels[held_out].astype(np.float64),
    )


def bank_and_campaign(seed: int) -> tuple[Holding, ...]:
    """Who converts: a platform's campaign, a bank's customers, and a broker of noise.

    Each knows nine in ten of the 4,521 customers (Moro et al.; UCI, CC BY 4.0), and each writes
    their numbers in its own way. ``duration`` is left out: it is known only after the call.
    """
    table = _shipped("bank_marketing_uci.csv.gz")
    rng = generator(seed, "vertical", "tables", "bank-and-campaign")
    of_bank = ["age", "job", "marital", "education", "default", "balance", "housing", "loan"]
    of_platform = ["contact", "day", "month", "campaign", "pdays", "previous", "poutcome", "y"]
    noise = pd.DataFrame(rng.normal(size=(len(table), 6)), index=table.index).add_prefix("noise ")
    bank, platform, broker = (
        part.assign(id=table["id"]).sample(frac=0.9, random_state=rng)
        for part in (table[of_bank], table[of_platform], noise)
    )
    bank["id"] = "Customer " + bank["id"].astype(str)
    platform["id"] = "customer " + platform["id"].astype(str)
    broker["id"] = "CUSTOMER  " + broker["id"].astype(str)
    return (
        holding(platform, party="platform", key=["id"], label="y", positive="yes"),
        holding(bank, party="bank", key=["id"]),
        holding(broker, party="broker", key=["id"]),
    )


def risk_control(seed: int) -> tuple[Holding, ...]:
    """Who earns more than 50,000: Adult at full size, by theme (Becker and Kohavi; UCI, CC BY 4.0).

    The tax office has the labels and what work brings, the registry the household, the
    ministry education and occupation. Each lacks some of the 32,561 persons.
    """
    names = [
        *("age", "workclass", "fnlwgt", "education", "education years", "marital status"),
        *("occupation", "relationship", "race", "sex", "capital gain", "capital loss"),
        *("hours", "country", "income"),
    ]
    table = _shipped("adult_uci.csv.gz", names).assign(id=lambda frame: frame.index)
    rng = generator(seed, "vertical", "tables", "risk-control")
    themes = {
        "tax office": ["capital gain", "capital loss", "hours", "workclass", "income"],
        "registry": ["age", "marital status", "relationship", "race", "sex", "country"],
        "ministry": ["education", "education years", "occupation"],
    }
    return tuple(
        holding(
            table[["id", *columns]].sample(frac=0.95, random_state=rng),
            party=party,
            key=["id"],
            label="income" if "income" in columns else None,
            positive=">50K" if "income" in columns else None,
        )
        for party, columns in themes.items()
    )


#: The tables that come with the package, by the name scenarios use.
VERTICAL: Final[Mapping[str, Callable[[int], tuple[Holding, ...]]]] = MappingProxyType(
    {"bank-and-campaign": bank_and_campaign, "risk-control": risk_control}
)


def area_under_curve(labels: Matrix, scores: Matrix) -> float:
    """Give the area under the ROC curve."""
    return float(roc_auc_score(labels, scores))


def _columns(
    held: Holding, rows: NDArray[np.int64], training: NDArray[np.int64], held_out: NDArray[np.int64]
) -> Columns:
    matrix = np.empty((len(rows), 0), dtype=np.float32)
    names: tuple[str, ...] = ()
    if not held.features.columns.empty:
        own = held.features.iloc[rows].reset_index(drop=True)
        matrix, names = encode(own, [training], standardise=True)
    return Columns(
        party=held.party,
        names=names,
        training=matrix[training].astype(np.float64),
        held_out=matrix[held_out].astype(np.float64),
    )


def _shipped(file: str, names: list[str] | None = None) -> pd.DataFrame:
    with as_file(files("fedmerit.federation").joinpath("datasets", file)) as path:
        if names is None:
            return pd.read_csv(path)
        return pd.read_csv(path, names=names, skipinitialspace=True, na_values="?")

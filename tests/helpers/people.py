"""Small tables as people have them, and what `fedmerit init --data` is to make of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = 120


def plain() -> pd.DataFrame:
    """Three wards' patients, of whom a marker and the age say who is ill."""
    rng = np.random.default_rng(7)
    age, marker = rng.normal(60, 12, ROWS).round(1), rng.normal(size=ROWS).round(2)
    risk = (age - 60) / 12 + 2 * marker + rng.normal(scale=0.5, size=ROWS)
    return pd.DataFrame(
        {
            "ward": ["north", "south", "west"] * (ROWS // 3),
            "age": age,
            "marker": marker,
            "outcome": np.where(risk > 0, "ill", "well"),
        }
    )


def _csv(frame: pd.DataFrame, **options: object) -> bytes:
    encoding = str(options.pop("encoding", "utf-8"))
    text = frame.to_csv(index=bool(options.pop("index", False)), **options)  # type: ignore[call-overload]
    return str(text).encode(encoding)


def _renamed(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    return frame.assign(ward=frame["ward"].map(names))


def _with(**columns: object) -> pd.DataFrame:
    return pd.concat([pd.DataFrame(columns), plain()], axis=1)


def _german() -> pd.DataFrame:
    frame = _renamed(plain(), {"north": "Köln", "south": "Nürnberg", "west": "Aue"})
    frame["outcome"] = frame["outcome"].map({"ill": "ja", "well": "nein"})
    return frame.set_axis(["Klinik", "Alter", "Marker", "krank"], axis=1)


def _spaced() -> pd.DataFrame:
    frame = plain()
    frame.loc[::2, "ward"] += " "
    frame.loc[::3, "outcome"] = " " + frame.loc[::3, "outcome"]
    return frame


def _broken(cell: str) -> pd.DataFrame:
    crp = np.random.default_rng(8).gamma(2, 1, ROWS).round(2).astype(str).astype(object)
    crp[::9] = cell
    return _with(crp=crp)


def _quantity() -> pd.DataFrame:
    return plain().drop(columns="outcome").assign(days=np.arange(ROWS) * 7 % 61)


def _several() -> pd.DataFrame:
    days = pd.date_range("2023-01-01", periods=ROWS).strftime("%d.%m.%Y")
    frame = _with(id=[f"P-{k}" for k in range(ROWS)], seen=days)
    frame["age"] = frame["age"].astype(str).where(frame.index % 17 > 0, "n/a")
    return frame


#: By the file's name: how its bytes are made, and whether it runs with nothing edited.
TABLES: dict[str, tuple[Callable[[], bytes], bool]] = {
    "plain.csv": (lambda: _csv(plain()), True),
    "owners-as-numbers.csv": (
        lambda: _csv(_renamed(plain(), {"north": "1.1", "south": "1.10", "west": "2.1"})),
        True,
    ),
    "owners-with-zeros.csv": (
        lambda: _csv(_renamed(plain(), {"north": "007", "south": "07", "west": "8"})),
        True,
    ),
    "owner-called-na.csv": (
        lambda: _csv(_renamed(plain(), {"north": "NA", "south": "ZA", "west": "None"})),
        True,
    ),
    "level-called-none.csv": (
        lambda: _csv(_with(drink=["None", "Some", "Daily", "Some"] * (ROWS // 4))),
        True,
    ),
    "spaces.csv": (lambda: _csv(_spaced()), True),
    "pandas-index.csv": (lambda: _csv(plain(), index=True), True),
    "r-rows.csv": (lambda: _csv(plain(), index=True).removeprefix(b","), True),
    "mrn-and-dates.csv": (
        lambda: _csv(
            _with(
                mrn=range(100_000, 100_000 + ROWS),
                admitted=pd.date_range("2023-01-01", periods=ROWS).strftime("%Y%m%d"),
            )
        ),
        True,
    ),
    "german.csv": (lambda: _csv(_german(), sep=";", decimal=",", encoding="cp1252"), True),
    "excel.csv": (lambda: _csv(plain(), sep=";", decimal=",", encoding="utf-8-sig"), True),
    "tabs.tsv": (lambda: _csv(plain(), sep="\t", encoding="utf-16"), True),
    "pipes.csv": (lambda: _csv(plain(), sep="|"), True),
    "thousands.csv": (
        lambda: _csv(_with(dose=[f"{k * 37 % 2000:,}" for k in range(ROWS)])),
        True,
    ),
    "percent.csv": (lambda: _csv(_with(share=[f"{k % 41 / 4}%" for k in range(ROWS)])), True),
    "below-detection.csv": (lambda: _csv(_broken("<0.1")), True),
    "missing-words.csv": (lambda: _csv(_broken("n/a")), True),
    "several.csv": (lambda: _csv(_several()), True),
    "nobody.csv": (lambda: _csv(plain().drop(columns="ward")), True),
    "three-classes.csv": (
        lambda: _csv(plain().assign(outcome=["a", "b", "c", "b", "a"] * (ROWS // 5))),
        True,
    ),
    "free-text.csv": (
        lambda: _csv(_with(said=[f"remark {k % 110}" for k in range(ROWS)])),
        True,
    ),
    "quantity.csv": (lambda: _csv(_quantity()), True),
}


def write(folder: Path, name: str) -> Path:
    """Write one of :data:`TABLES`."""
    path = folder / name
    path.write_bytes(TABLES[name][0]())
    return path

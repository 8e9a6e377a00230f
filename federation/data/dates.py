"""Dates in a column: recognised by the one form that its cells have, and made into numbers."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

#: How dates become numbers.
Dates = Literal["days", "parts"]

_TIME: Final = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
#: Hours, minutes and seconds at a cell's end.
_CLOCK: Final = r"[T ](\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?$"
_ZONE: Final = r"(?:Z|[+-]\d{2}:?\d{2})?"
#: What cells look like, and the formats that it may be; several are told apart by the cells.
_FORMS: Final = (
    (rf"^\d{{4}}-\d{{2}}-\d{{2}}{_TIME}{_ZONE}$", ("ISO8601",)),
    (r"^(?:19|20)\d{6}$", ("%Y%m%d",)),
    (rf"^\d{{4}}/\d{{1,2}}/\d{{1,2}}{_TIME}$", ("%Y/%m/%d",)),
    (rf"^\d{{1,2}}\.\d{{1,2}}\.\d{{4}}{_TIME}$", ("%d.%m.%Y",)),
    (rf"^\d{{1,2}}\.\d{{1,2}}\.\d{{2}}{_TIME}$", ("%d.%m.%y",)),
    (rf"^\d{{1,2}}/\d{{1,2}}/\d{{4}}{_TIME}$", ("%d/%m/%Y", "%m/%d/%Y")),
    (rf"^\d{{1,2}}/\d{{1,2}}/\d{{2}}{_TIME}$", ("%d/%m/%y", "%m/%d/%y")),
    (rf"^\d{{1,2}}-\d{{1,2}}-\d{{4}}{_TIME}$", ("%d-%m-%Y", "%m-%d-%Y")),
    (r"^\d{1,2}[ -][A-Za-z]{3}[ -]\d{4}$", ("%d-%b-%Y",)),
)
_SCREENED: Final = 200
#: Fewer different cells may be dates by chance: of whole numbers of eight digits 1 in 27 is one.
_LEAST: Final = 3
_DAY: Final = 86_400.0
#: Units that moments are counted in, per second.
_TICKS: Final = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


def recognised(cells: pa.Array) -> tuple[str, ...]:
    """Give the formats that all cells are dates in; none where they are no dates.

    Args:
        cells: Texts, without those that are missing.

    """
    for pattern, formats in _FORMS:
        if not _all(cells[:_SCREENED], pattern) or not _all(cells, pattern):
            continue
        levels = pd.Series(pc.unique(cells).to_pandas())
        if len(levels) < _LEAST:
            return ()
        return tuple(each for each in formats if parsed(levels, each).notna().all())
    return ()


def parsed(texts: pd.Series, form: str) -> pd.Series:
    """Give texts as moments, missing where they are none."""
    if form == "ISO8601":
        absolute = pd.to_datetime(texts, format=form, errors="coerce", utc=True)
        return absolute.dt.tz_localize(None)
    written = texts.str.replace(r"[T ]\d{1,2}:.*$", "", regex=True)
    if "%b" in form:
        written = written.str.replace(" ", "-")
    moments: pd.Series = pd.to_datetime(written, format=form, errors="coerce")
    timed = (written != texts) & texts.notna()
    if "%b" in form or not timed.any():
        return moments
    return _with_times(moments, texts[timed])


def has_times(moments: pd.Series) -> bool:
    """Say whether some moments are within a day, not at its beginning."""
    return bool((moments != moments.dt.normalize())[moments.notna()].any())


def as_numbers(moments: pd.Series, dates: Dates) -> dict[str, pd.Series]:
    """Give moments as numbers by column name: days since 1970, or year, month, day and weekday.

    A weekday is 0 on Mondays.
    """
    if dates == "days":
        # Not by subtraction: nanoseconds would end in the year 2262, and people write 9999.
        ticks = moments.astype(np.int64).where(moments.notna())
        seconds = ticks.astype(np.float64) / _TICKS[moments.dt.unit]
        return {f"{moments.name} (days)": seconds / _DAY}
    parts = {"year": "year", "month": "month", "day": "day", "weekday": "day_of_week"}
    return {
        f"{moments.name} ({part})": getattr(moments.dt, attribute).astype(np.float64)
        for part, attribute in parts.items()
    }


def _with_times(days: pd.Series, texts: pd.Series) -> pd.Series:
    """Add the times that texts end in, missing where there is no such time."""
    parts = texts.str.extract(_CLOCK).astype(np.float64)
    hours, minutes, seconds = parts[0], parts[1], parts[2].fillna(0)
    fits = (hours < 24) & (minutes < 60) & (seconds < 60)  # noqa: PLR2004 - a clock's
    ticks = ((60 * hours + minutes) * 60 + seconds).where(fits, 0) * _TICKS["us"]
    # Microseconds: people write the year 9999, and nanoseconds end before it.
    moments: pd.Series = days.dt.as_unit("us")
    times = pd.Series(ticks.round().to_numpy().astype("timedelta64[us]"), index=texts.index)
    moments[texts.index] = (moments[texts.index] + times).where(fits)
    return moments


def _all(cells: pa.Array, pattern: str) -> bool:
    return len(cells) > 0 and bool(pc.all(pc.match_substring_regex(cells, pattern)).as_py())

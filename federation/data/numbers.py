"""Numbers as people write them: which form a column's cells have, and what they are in it.

A form is a decimal sign, what groups thousands, and whether cells are percentages. A column has
the form that most of its cells fit; where two forms fit alike and read other numbers, the rest of
the file decides, and a note says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from fedmerit.federation.data.dialects import Dialect

#: Signs by which a space may group digits.
_SPACES: Final = " \u00a0\u202f'\u2019"
_MINUS: Final = "\u2212"
_SAMPLE: Final = 1000
#: What limits of detection and guesses put before a number.
_QUALIFIED: Final = r"^\s*(?:<|>|≤|≥|=|~|≈|<=|>=|ca\.?)\s*\S*\d\S*$"


@dataclass(frozen=True, slots=True)
class NumberForm:
    """How a column writes numbers.

    Attributes:
        decimal: ``.`` or ``,``.
        thousands: Signs that group digits in threes; empty if none does.
        percent: Whether cells end in a percent sign.

    """

    decimal: str = "."
    thousands: str = ""
    percent: bool = False

    @property
    def words(self) -> str:
        """What it is called in a note; empty for plain numbers."""
        group = "spaces" if self.thousands == _SPACES else repr(self.thousands)
        parts = (
            "a decimal comma" if self.decimal == "," else "",
            f"thousands grouped by {group}" if self.thousands else "",
            "percent signs (9.4% is 0.094)" if self.percent else "",
        )
        return " and ".join(filter(None, parts))


PLAIN: Final = NumberForm()


def recognised(
    cells: pa.Array, dialect: Dialect, *, separator: str, decimal: str
) -> tuple[NumberForm, bool] | None:
    """Give the form of a column's numbers, and whether another form fits as many cells.

    Args:
        cells: Texts, without those that are missing.
        dialect: What the user says of numbers.
        separator: What parts the file's cells.
        decimal: The decimal sign that the rest of the file speaks for.

    Returns:
        None where most cells are no numbers.

    """
    if not len(cells):
        return None
    forms = list(_forms(dialect, decimal))
    percent = 2 * _count(cells, r"%\s*$") > len(cells)
    fits = [_count(cells, _pattern(form.decimal, form.thousands, percent)) for form in forms]
    if separator == "," and not dialect.decimal:
        # One comma among points is a slip, and not a form of its own.
        commas = _count(cells, ",")
        fits = [
            0 if form.decimal == "," and 2 * commas <= len(cells) and commas else count
            for form, count in zip(forms, fits, strict=True)
        ]
    best = max(fits)
    chosen = forms[fits.index(best)]
    if 2 * (best + _qualified(cells, best)) <= len(cells):
        return None
    rivals = [form for form, count in zip(forms, fits, strict=True) if count == best]
    # A point is taken for a point without asking, but for files that would write a comma.
    usual = separator != ";" and chosen == PLAIN
    unsure = not usual and any(_reads_otherwise(chosen, rival, cells) for rival in rivals)
    if chosen.thousands and not _count(cells, f"[{re.escape(chosen.thousands)}]"):
        chosen = NumberForm(chosen.decimal)
    if chosen.decimal == "," and not chosen.thousands and not _count(cells, ","):
        chosen = PLAIN
    return NumberForm(chosen.decimal, chosen.thousands, percent), unsure


def numbers(cells: pa.Array, form: NumberForm) -> NDArray[np.float64]:
    """Give the cells as numbers, NaN where they are of another form, shape ``(rows,)``."""
    if form == PLAIN and (fast := _plain(cells)) is not None:
        return fast
    fit = pc.match_substring_regex(cells, _pattern(form.decimal, form.thousands, form.percent))
    texts = pc.if_else(fit, cells, None)
    if form.thousands:
        texts = pc.replace_substring_regex(texts, f"[{re.escape(form.thousands)}]", "")
    texts = pc.replace_substring(texts, form.decimal, ".")
    texts = pc.replace_substring(pc.replace_substring_regex(texts, r"^\+|[%\s]", ""), _MINUS, "-")
    values = np.asarray(pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False))
    return values / 100 if form.percent else values


def plain_numbers(cells: pa.Array) -> NDArray[np.float64] | None:
    """Give the cells as plain finite numbers, or None if any is none."""
    return _plain(cells)


def decimal_of_file(columns: Iterable[pa.Array], dialect: Dialect, separator: str) -> str:
    """Give the decimal sign that the cells of a file speak for; else what goes with *separator*."""
    if dialect.decimal:
        return dialect.decimal
    votes = {".": 0, ",": 0}
    for column in columns:
        cells = column[:_SAMPLE]
        for decimal, other in ((".", ","), (",", ".")):
            mine = pc.or_(
                pc.match_substring_regex(cells, _pattern(decimal, "", None)),
                pc.match_substring_regex(cells, _pattern(decimal, other, None)),
            )
            theirs = pc.or_(
                pc.match_substring_regex(cells, _pattern(other, "", None)),
                pc.match_substring_regex(cells, _pattern(other, decimal, None)),
            )
            alone = pc.and_(mine, pc.invert(theirs))
            votes[decimal] += pc.sum(alone).as_py() or 0
    if votes["."] == votes[","]:
        return "," if separator == ";" else "."
    return max(votes, key=lambda sign: votes[sign])


def _plain(cells: pa.Array) -> NDArray[np.float64] | None:
    try:
        values = pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    return values if np.isfinite(values).all() else None


def _forms(dialect: Dialect, decimal: str) -> Iterable[NumberForm]:
    """Give the forms to try; the first of those that fit best is taken."""
    other = "," if decimal == "." else "."
    for sign in (decimal, other):
        mark = "," if sign == "." else "."
        for thousands in ("", mark, _SPACES):
            form = NumberForm(sign, dialect.thousands or thousands)
            wanted = dialect.thousands is None or (thousands == "") == (dialect.thousands == "")
            if wanted and dialect.decimal in {None, sign} and form.thousands != sign:
                yield form


@lru_cache(maxsize=64)
def _pattern(decimal: str, thousands: str, percent: bool | None) -> str:
    sign = re.escape(decimal)
    whole = r"\d+"
    if thousands:
        whole = rf"(?:[1-9]\d{{0,2}}(?:[{re.escape(thousands)}]\d{{3}})+|\d+)"
    exponent = r"(?:[eE][+-]?\d+)?"
    end = {True: r"\s?%", False: "", None: r"\s?%?"}[percent]
    return rf"^[+{_MINUS}-]?(?:{whole}(?:{sign}\d*)?|{sign}\d+){exponent}{end}$"


def _count(cells: pa.Array, pattern: str) -> int:
    return pc.sum(pc.match_substring_regex(cells, pattern)).as_py() or 0


def _qualified(cells: pa.Array, numbers_: int) -> int:
    """Count cells such as ``<0.1``, where there are numbers beside them."""
    return _count(cells, _QUALIFIED) if numbers_ > 2 else 0  # noqa: PLR2004 - else they are bands


def _reads_otherwise(chosen: NumberForm, rival: NumberForm, cells: pa.Array) -> bool:
    ours, theirs = numbers(cells[:_SAMPLE], chosen), numbers(cells[:_SAMPLE], rival)
    both = ~np.isnan(ours) & ~np.isnan(theirs)
    return bool((ours[both] != theirs[both]).any())

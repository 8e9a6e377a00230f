"""What a table might be learned from: a label, a participant and a role for every column.

These are guesses by names and by what cells hold, made for a person to change: nothing that is
run without a scenario relies on them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import DataError, suggestion
from fedmerit.federation.data import copies
from fedmerit.federation.data.cells import as_text, naming_notes
from fedmerit.federation.data.columns import studied
from fedmerit.federation.data.dialects import Dialect
from fedmerit.federation.data.files import read_sheet
from fedmerit.federation.data.roles import LEFT_OUT, MAX_LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fedmerit.federation.data.files import Sheet
    from fedmerit.federation.data.roles import Column

_LABELS: Final = frozenset(
    "label target outcome class y diagnosis result status response churn survived died death "  # noqa: SIM905
    "disease sick ill krank ergebnis klasse ziel income default event relapse readmitted fraud "
    "spam species quality num exitus recidivism approved".split()
)
#: Names of labels that are quantities, besides those.
_QUANTITIES: Final = frozenset(
    "price prices charges cost costs sales revenue amount yield consumption demand strength "  # noqa: SIM905
    "progression medv mpg score los duration".split()
)
_PARTICIPANTS: Final = frozenset(
    "participant owner org organisation organization site hospital clinic klinik ward centre "  # noqa: SIM905
    "center member party client institution institute branch bank store shop school region "
    "country land dataset source provider practice lab laboratory standort krankenhaus filiale "
    "company firm plant".split()
)
_POSITIVE: Final = frozenset(
    "yes y true t 1 ja oui si positive pos ill sick krank disease diseased died dead case churned "  # noqa: SIM905
    "fraud spam event relapse bad high".split()
)
_MAX_CLASSES: Final = 20
_MAX_PARTICIPANTS: Final = 20
#: So many rows leave a participant some to train on and some to be measured by.
_LEAST_ROWS: Final = 6
_SHOWN: Final = 3
_MAX_LISTED: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One column as it is shown to people.

    Attributes:
        name: What it is called.
        role: ``label``, ``participant``, ``feature``, ``ignored`` or ``left out``.
        kind: What its cells are.
        why: The reason for the role.
        levels: How many different cells there are.
        missing: How many are missing.
        examples: Some cells.

    """

    name: str
    role: str
    kind: str
    why: str
    levels: int
    missing: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """How a file might be learned from.

    Attributes:
        rows: How many rows it has.
        columns: Every column, in the file's order.
        label: The column to predict; None where none holds classes or a quantity.
        quantity: Whether it is a quantity.
        positive: The label to tell from the other.
        participant: The column that says whose row it is; None if rows are to be dealt out.
        impute: Whether features have missing cells.
        ignore: Features that cannot be learned from as they are.
        dates: Whether dates are left out.
        notes: What was recognised on reading.

    """

    rows: int
    columns: tuple[Described, ...]
    label: str | None
    quantity: bool
    positive: str | None
    participant: str | None
    impute: bool
    ignore: tuple[str, ...]
    dates: bool
    notes: tuple[str, ...]


def propose(
    path: Path,
    dialect: Dialect | None = None,
    *,
    label: str | None = None,
    participant: str | None = None,
) -> Proposal:
    """Read a file, and say how it might be learned from.

    Args:
        path: Where it is.
        dialect: How it is written, as far as that is known.
        label: The column to predict; the likeliest if None.
        participant: The column that says whose row it is; the likeliest, if any is, if None.

    Raises:
        DataError: It cannot be read, or has no such column.
    """
    sheet = read_sheet(path, dialect)
    columns = studied(sheet.frame.copy(), dialect=dialect, separator=sheet.separator)
    counts = {column.name: _counts(sheet, column, dialect or Dialect()) for column in columns}
    _check_named(path, [column.name for column in columns], (label, participant))
    participant = participant or _best(
        [column for column in columns if column.name != label],
        {c.name: _as_participant(c, counts[c.name]) for c in columns},
    )
    last = columns[-1].name if columns[-1].name != participant else columns[-2:][0].name
    label = label or _best(
        [column for column in columns if column.name != participant],
        {c.name: _as_label(c, counts[c.name], last=c.name == last) for c in columns},
    )
    quantity = any(c.name == label and _may_be_quantity(c) for c in columns)
    features = [c for c in columns if c.name not in {label, participant}]
    ignored = {c.name: why for c in features if (why := _unfit(c))}
    left = [c for c in features if c.kind in LEFT_OUT]
    used = [c for c in features if c.name not in ignored and c not in left]
    roles = _Roles(label, participant, quantity=quantity)
    return Proposal(
        rows=len(sheet.frame),
        columns=tuple(_described(c, counts[c.name], roles, ignored) for c in columns),
        label=label,
        quantity=quantity,
        positive=_positive(counts[label]) if label else None,
        participant=participant,
        impute=any(c.missing.any() for c in used),
        ignore=tuple(ignored),
        dates=any(c.kind == "date" for c in left),
        notes=(
            *sheet.notes,
            *dict.fromkeys(
                (
                    *(note for c in columns for note in c.notes),
                    *(naming_notes(label, list(counts[label])) if label and not quantity else ()),
                    *(naming_notes(participant, list(counts[participant])) if participant else ()),
                )
            ),
            *_repeated(sheet, participant),
        ),
    )


def _check_named(path: Path, names: Sequence[str], named: Sequence[str | None]) -> None:
    for name in named:
        if name is not None and name not in names:
            raise DataError(f"{path.name} has no column {name!r}", hint=suggestion(name, names))


def check_proposal(proposal: Proposal, name: str) -> None:
    """Refuse a proposal that nobody can run.

    Raises:
        DataError: No column can be predicted, or none is left to learn from.
    """
    if proposal.label is None:
        columns = proposal.columns
        shown = "; ".join(f"{c.name!r}: {c.why or c.kind}" for c in columns[:_MAX_LISTED])
        if len(columns) > _MAX_LISTED:
            shown += f"; and {len(columns) - _MAX_LISTED:,} more"
        raise DataError(
            f"no column of {name} holds 2 to {_MAX_CLASSES} classes, or a quantity, to predict "
            f"({shown})",
            hint="Add a label column; 'fedmerit init' without --data writes a scenario to fill in.",
        )
    if not any(column.role == "feature" for column in proposal.columns):
        raise DataError(
            f"no column of {name} is left to learn from",
            hint=f"'fedmerit inspect {name}' says why; name columns in [data] columns.",
        )


def _repeated(sheet: Sheet, participant: str | None) -> list[str]:
    """Say how many rows several participants hold, but for who they are."""
    if participant is None:
        return []
    alike = copies.contents(sheet.frame.drop(columns=participant).astype(str))
    owners = sheet.frame[participant].astype(str).to_numpy()
    held = {name: np.flatnonzero(owners == name) for name in dict.fromkeys(owners.tolist())}
    return copies.notes(copies.shared_rows(alike, held), held)


def _counts(sheet: Sheet, column: Column, dialect: Dialect) -> dict[str, int]:
    """Count the rows of each cell's text, by first appearance; missing cells aside."""
    series = sheet.frame[column.name]
    if series.dtype.kind == "M" or column.kind == "date":
        texts = series.astype(str)
        return dict.fromkeys(texts[~column.missing][:_SHOWN], 1)
    if column.levels > 2 * MAX_LEVELS:
        texts = series[~column.missing][:_SHOWN].astype(str)
        return dict.fromkeys(texts, 1)
    series = series.astype(object) if series.dtype.name == "category" else series
    coded = as_text(series).dictionary_encode()
    names = coded.dictionary.to_pylist()
    codes = coded.indices.drop_null().to_numpy()
    found = dict(zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True))
    return {text: count for text, count in found.items() if text not in dialect.missing_words}


def _words(name: str) -> set[str]:
    return {
        word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[^\W\d_A-Z]+|[A-Z][a-zäöüß]+", name)
    }


def _as_participant(column: Column, counts: dict[str, int]) -> float:
    """Say how well a column says whose row it is; 0 if it cannot."""
    possible = (
        column.kind in {"category", "number"}
        and not column.missing.any()
        and 2 <= len(counts) <= _MAX_PARTICIPANTS  # noqa: PLR2004 - two is what a federation is
        and min(counts.values()) >= _LEAST_ROWS
    )
    return float(possible and bool(_words(column.name) & _PARTICIPANTS))


def _as_label(column: Column, counts: dict[str, int], *, last: bool) -> float:
    """Say how well a column would do as the label; 0 if it cannot."""
    numeric = column.cells.dtype.kind == "f"
    if _may_be_quantity(column):
        called = bool(_words(column.name) & (_LABELS | _QUANTITIES))
        return 0.05 + 10 * called + 2 * last
    if (
        column.kind not in {"category", "number"}
        or column.missing.any()
        or not 2 <= len(counts) <= _MAX_CLASSES  # noqa: PLR2004 - two is what telling apart takes
        or (numeric and not (column.cells == np.floor(column.cells)).all())
        or min(counts.values()) < 2  # noqa: PLR2004 - one to train on, one to be measured by
    ):
        return 0.0
    called = bool(_words(column.name) & _LABELS)
    two = len(counts) == 2  # noqa: PLR2004 - as above
    return 0.1 + 10 * called + 3 * two + 1 * (not numeric) + 2 * last


def _may_be_quantity(column: Column) -> bool:
    """Say whether a column holds more different numbers than classes have."""
    return (
        column.kind == "number"
        and column.levels > _MAX_CLASSES
        and not (column.missing.any() or column.broken.any())
    )


def _best(columns: list[Column], scores: dict[str, float]) -> str | None:
    """Give the first of the columns that score most; None if none scores."""
    if not columns:
        return None
    best = max(columns, key=lambda column: scores[column.name])
    return best.name if scores[best.name] else None


def _positive(counts: dict[str, int]) -> str | None:
    """Give which of two labels is the one that is looked for; None of more."""
    if len(counts) > 2:  # noqa: PLR2004 - of two, one is positive
        return None
    for name in counts:
        if name.lower() in _POSITIVE:
            return name
    return min(counts, key=lambda name: counts[name])


def _unfit(column: Column) -> str:
    """Say why a feature cannot be learned from as it is; nothing if it can."""
    if column.broken.any():
        return f"{int(column.broken.sum()):,} cells are no numbers, such as {column.example!r}"
    if column.kind == "text":
        return f"{column.why}: more than {MAX_LEVELS} are no categories"
    return ""


@dataclass(frozen=True, slots=True)
class _Roles:
    """Which columns are no features."""

    label: str | None
    participant: str | None
    quantity: bool


def _described(
    column: Column, counts: dict[str, int], roles: _Roles, ignored: dict[str, str]
) -> Described:
    role, why = "feature", ""
    if column.name == roles.label:
        role, why = "label", "a quantity" if roles.quantity else f"{len(counts)} classes"
    elif column.name == roles.participant:
        role, why = "participant", f"{len(counts)} members"
    elif column.name in ignored:
        role, why = "ignored", ignored[column.name]
    elif column.kind in LEFT_OUT:
        role, why = "left out", column.why
    return Described(
        name=column.name,
        role=role,
        kind=column.kind,
        why=why,
        levels=max(column.levels, len(counts)),
        missing=int(column.missing.sum()),
        examples=tuple(list(counts)[:_SHOWN]),
    )

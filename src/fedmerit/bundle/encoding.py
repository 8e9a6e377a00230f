"""``encoding.json``: how the table's rows were read and became features.

With the model it is all that new rows are scored by. Means and scales are written as decimals
that read back as the same float64.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer

from fedmerit.bundle.directory import Document
from fedmerit.federation.data.encoding import EncodedColumn, Encoding
from fedmerit.federation.data.newrows import ColumnForm
from fedmerit.federation.data.numbers import NumberForm

if TYPE_CHECKING:
    from fedmerit.federation import Federation

ENCODING: Final = "encoding.json"


def _number(value: object) -> object:
    if not isinstance(value, str):
        return value
    number = float(value)
    if not isfinite(number):
        msg = f"{value!r} is no finite number"
        raise ValueError(msg)
    return number


#: A float64 in Python, its shortest decimal in the file: JSON's own numbers are whole here.
Decimal = Annotated[
    float, BeforeValidator(_number), PlainSerializer(repr, return_type=str, when_used="json")
]


class ColumnDocument(Document):
    """How the cells of one column of the table were read."""

    name: str
    """The column's."""
    kind: Literal["number", "category", "boolean", "date"]
    """What its cells are."""
    decimal: Literal[".", ","]
    """The decimal sign of its numbers."""
    thousands: str
    """Signs that group digits in threes; empty if none does."""
    percent: bool
    """Whether its numbers end in a percent sign: 9.4% is 0.094."""
    date: str
    """The format of its dates, ``typed`` where the file keeps them as such; else empty."""


class FeatureDocument(Document):
    """How one feature was encoded."""

    name: str
    """The feature's."""
    levels: tuple[str, ...] | None
    """Of categories, one input each; null for numbers."""
    exponent: int
    """A number was divided by two to this power first."""
    mean: Decimal
    """What was taken off it then."""
    scale: Annotated[Decimal, Field(gt=0)]
    """And what it was divided by."""
    missing: bool
    """Whether one more input says that the cell is missing, which reads as 0, or as no level."""


class EncodingDocument(Document):
    """``encoding.json``: how the table's rows were read and became features."""

    columns: tuple[ColumnDocument, ...]
    """Those that are learned from, as the file has them."""
    dates: Literal["days", "parts"]
    """What dates became: days since 1970, or year, month, day and weekday."""
    features: tuple[FeatureDocument, ...]
    """What the model's inputs were made of, in their order."""

    @property
    def forms(self) -> tuple[ColumnForm, ...]:
        """How new rows are read."""
        return tuple(
            ColumnForm(
                name=column.name,
                kind=column.kind,
                number=NumberForm(column.decimal, column.thousands, column.percent),
                date=column.date,
                dates=self.dates,
            )
            for column in self.columns
        )

    @property
    def encoding(self) -> Encoding:
        """How they are encoded."""
        return Encoding(
            tuple(
                EncodedColumn(
                    name=feature.name,
                    levels=feature.levels,
                    mean=feature.mean,
                    scale=feature.scale,
                    exponent=feature.exponent,
                    missing=feature.missing,
                )
                for feature in self.features
            )
        )

    @property
    def holds_together(self) -> bool:
        """Whether the features are those that the columns give, each once."""
        names = [name for form in self.forms for name in form.features]
        return sorted(names) == sorted({feature.name for feature in self.features}) and len(
            names
        ) == len(self.features)


def encoding_document(federation: Federation) -> EncodingDocument:
    """Say how the rows of *federation* were read and encoded."""
    return described(federation.encoding or Encoding(()), federation.forms)


def described(encoding: Encoding, forms: tuple[ColumnForm, ...]) -> EncodingDocument:
    """Say the same of one table, read in *forms*."""
    dated = [form.dates for form in forms if form.kind == "date"]
    return EncodingDocument(
        columns=tuple(
            ColumnDocument(
                name=form.name,
                kind=form.kind,
                decimal="," if form.number.decimal == "," else ".",
                thousands=form.number.thousands,
                percent=form.number.percent,
                date=form.date,
            )
            for form in forms
        ),
        dates=dated[0] if dated else "days",
        features=tuple(
            FeatureDocument(
                name=column.name,
                levels=column.levels,
                exponent=column.exponent,
                mean=column.mean,
                scale=column.scale,
                missing=column.missing,
            )
            for column in encoding.columns
        ),
    )

"""An owner's part of a vertical model: it scores the owner's columns, and the parts meet.

A score is the sum of the owners' parts and an intercept, which is the label holder's. Whoever is
told an owner's part of a score is told a number made of that owner's features and weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import numpy as np
import pandas as pd
from pydantic import ValidationError

from fedmerit.bundle.directory import Document
from fedmerit.bundle.encoding import EncodingDocument, described
from fedmerit.bundle.schemas import QuantityDocument
from fedmerit.errors import BundleError, DataError
from fedmerit.federation.data.dialects import Dialect
from fedmerit.federation.data.encoding import Encoding
from fedmerit.federation.data.files import read_sheet
from fedmerit.federation.data.newrows import read_rows, unseen
from fedmerit.federation.vertical.alignment.identifiers import normalised
from fedmerit.kinds.scores import Scores
from fedmerit.kinds.vertical.protocols import terms_of
from fedmerit.kinds.vertical.scenario import vertical_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fedmerit.federation.data.newrows import NewRows
    from fedmerit.federation.vertical.task import VerticalTask
    from fedmerit.kinds.vertical.wiring import VerticalFederation
    from fedmerit.scenario.model import Scenario

#: Names of people that a note shows.
_SHOWN: Final = 5


class PartDocument(Document):
    """What an owner's file says beside its weights."""

    form: Literal[1] = 1
    """Of this document."""
    kind: Literal["vertical"] = "vertical"
    protocol: str
    """What trained it."""
    adds_up: bool
    """Whether a score is the sum of the owners' parts."""
    owner: str
    """Whose part this is."""
    label_holder: str
    """With whom the parts meet."""
    owners: tuple[str, ...]
    """All whose parts make a score."""
    keys: tuple[str, ...]
    """Columns that say whom a row is about; empty: the row's number does."""
    classes: tuple[str, ...]
    """The label holder's: what 0 and 1 mean; empty of a quantity."""
    quantity: QuantityDocument | None
    """The label holder's, where a quantity is predicted: its scale."""
    impute: bool
    """Whether missing cells are filled in, or refused."""
    missing_words: tuple[str, ...]
    separator: str | None
    encoding: str | None
    """How a text file's bytes are letters; recognised if null, as the separator is."""
    rows: EncodingDocument
    """How the owner's rows are read and become inputs."""


def descriptions(
    scenario: Scenario, federation: VerticalFederation, task: VerticalTask
) -> dict[str, str]:
    """Give what each owner's file says of itself."""
    asked, data = vertical_of(scenario), scenario.data
    keys = {owner.name: owner.key for owner in asked.owners if owner.source is not None}
    columns = {each.party: each for each in task.parties}
    found = {}
    for held in federation.holdings:
        own = columns[held.party]
        document = PartDocument(
            protocol=asked.protocol,
            adds_up=terms_of(asked).parts_add_up(),
            owner=held.party,
            label_holder=task.label_holder,
            owners=task.participants,
            keys=tuple(keys.get(held.party, ())),
            classes=held.classes,
            quantity=QuantityDocument.of(task.quantity)
            if held.party == task.label_holder
            else None,
            impute=data.missing == "impute",
            missing_words=data.missing_words,
            separator=data.separator,
            encoding=data.encoding,
            rows=described(own.encoding or Encoding(()), held.forms),
        )
        found[held.party] = document.model_dump_json()
    return found


@dataclass(frozen=True, slots=True, eq=False)
class PartModel:
    """One owner's part of a regression.

    Attributes:
        document: What it says of itself.
        weights: Of its inputs; the label holder's last is the intercept.

    """

    document: PartDocument
    weights: NDArray[np.float64]

    @classmethod
    def read(cls, tensors: Mapping[str, NDArray[Any]], metadata: str) -> Self:
        """Take a part out of a file's tensors and its metadata.

        Raises:
            BundleError: They are not of this form, or of networks, whose parts do not add up.
        """
        try:
            document = PartDocument.model_validate_json(metadata)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise BundleError(f"the part's metadata: {where} {first['msg']}") from error
        if not document.adds_up:
            raise BundleError(
                f"the part of {document.owner} is a network (protocol = {document.protocol!r}), "
                "and scoring new people by such parts is not there yet",
                hint="Parts of protocol = 'regression' add up to a score.",
            )
        told = 0 if document.quantity else 2
        if document.owner == document.label_holder and len(document.classes) != told:
            raise BundleError(
                f"the part of {document.owner} names {len(document.classes)} classes, and the sum "
                "of parts tells two apart, or is a quantity"
            )
        weights = tensors.get("weights", np.empty(0)).astype(np.float64)
        inputs = len(document.rows.encoding.names)
        holds = document.owner == document.label_holder
        if not document.rows.holds_together or weights.shape != (inputs + holds,):
            raise BundleError(
                f"the part of {document.owner} has weights of shape {weights.shape} for "
                f"{inputs} inputs"
            )
        if not np.isfinite(weights).all() or set(tensors) != {"weights"}:
            raise BundleError(f"the part of {document.owner} holds more than finite weights")
        return cls(document, weights)

    def saved(self) -> bytes:
        """Refuse: it is a file already.

        Raises:
            BundleError: Always.
        """
        raise BundleError("an owner's part is a file already, beside the bundle")

    def score(
        self, path: Path, *, allowed: str | None = None, parts: tuple[Path, ...] = ()
    ) -> Scores:
        """Give the owner's part of each row's score, or the label holder's sum of all parts.

        Args:
            path: The owner's rows.
            allowed: Nothing is run, so nothing has to be.
            parts: The others' parts, for the label holder.

        Raises:
            DataError: Rows or parts are not those that the model takes; says all of it.
        """
        del allowed
        document = self.document
        dialect = Dialect(
            separator=document.separator,
            encoding=document.encoding,
            missing_words=document.missing_words,
        )
        forms, encoding = document.rows.forms, document.rows.encoding
        rows = read_rows(path, forms, dialect=dialect, impute=document.impute, others=document.keys)
        own = np.zeros(len(rows.frame))
        if encoding.columns:
            inputs = encoding.apply(rows.features).astype(np.float64)
            own = inputs @ self.weights[: inputs.shape[1]]
        keys = self._keys(rows)
        notes = (*rows.notes, *unseen(rows.features, encoding))
        if document.owner != document.label_holder:
            if parts:
                raise DataError(
                    f"parts meet with {document.label_holder}, and this one is {document.owner}'s",
                    hint="Leave --part out, and send this part there.",
                )
            said = {f"part of {document.owner}": np.array([repr(float(v)) for v in own], object)}
            return Scores(frame=rows.frame, columns={**keys, **said}, notes=notes)
        return self._met(rows, keys, own + self.weights[-1], parts, notes)

    def _keys(self, rows: NewRows) -> dict[str, NDArray[Any]]:
        """Give whom each row is about, by title."""
        names = self.document.keys
        if not names:
            return {"key 1": np.arange(1, len(rows.frame) + 1).astype(str).astype(object)}
        return {
            f"key {place}": rows.frame[name].astype(object).map(str).to_numpy(object)
            for place, name in enumerate(names, start=1)
        }

    def _met(
        self,
        rows: NewRows,
        keys: dict[str, NDArray[Any]],
        total: NDArray[np.float64],
        parts: tuple[Path, ...],
        notes: tuple[str, ...],
    ) -> Scores:
        """Add up all parts of each row's score."""
        document = self.document
        found = [read_part(part, len(keys)) for part in parts]
        due = [name for name in document.owners if name != document.owner]
        if sorted(name for name, _ in found) != sorted(due):
            given = ", ".join(name for name, _ in found) or "none"
            raise DataError(
                f"a score needs one part of each of {', '.join(due)}, and given are: {given}",
                hint="Each owner makes its part by 'fedmerit predict' of its own file and rows; "
                "give each with --part.",
            )
        people = normalised(_tuples(keys), document.owner)
        said = list(notes)
        for name, theirs in found:
            own = np.array([theirs.get(person, np.nan) for person in people])
            if (absent := np.isnan(own)).any():
                first = [str(row) for row in (np.flatnonzero(absent)[:_SHOWN] + 1)]
                said.append(
                    f"{name} gave no part for {int(absent.sum()):,} rows, which stay empty: the "
                    f"first are {', '.join(first)}"
                )
            total = total + own
        return Scores(frame=rows.frame, columns={**keys, **self._said(total)}, notes=tuple(said))

    def _said(self, total: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
        """Give what sums of parts mean, by title; nothing where one is not known."""
        document, whole = self.document, ~np.isnan(total)
        if document.quantity is not None:
            mean, scale = float(document.quantity.mean), float(document.quantity.deviation)
            return {"prediction": _cells(mean + scale * total, whole)}
        with np.errstate(over="ignore"):
            chance = 1 / (1 + np.exp(-total))
        classes = np.array(document.classes, dtype=object)
        columns = {"prediction": np.where(whole, classes[(total > 0).astype(int)], "")}
        for title, values in zip(document.classes, (1 - chance, chance), strict=True):
            columns[f"probability {title}"] = _cells(values, whole)
        return columns


def read_part(path: Path, keys: int) -> tuple[str, dict[bytes, float]]:
    """Read what an owner's 'fedmerit predict' wrote.

    Args:
        path: The file.
        keys: How many columns say whom a row is about.

    Returns:
        The owner, and its part by normalised key.

    Raises:
        DataError: It is no such file.
    """
    frame = read_sheet(path, Dialect(separator=",")).frame
    titles = [f"key {place}" for place in range(1, keys + 1)]
    named = [str(c) for c in frame.columns if str(c).startswith("part of ")]
    if len(named) != 1 or [str(c) for c in frame.columns] != ["row", *titles, named[0]]:
        raise DataError(
            f"{path.name} is no part of a score: its columns are not row, "
            f"{', '.join(titles)} and one 'part of OWNER'",
            hint="'fedmerit predict' writes it, from the owner's file beside the bundle.",
        )
    values = pd.to_numeric(frame[named[0]], errors="coerce").to_numpy(np.float64)
    if not np.isfinite(values).all():
        raise DataError(
            f"{path.name} holds parts that are no finite numbers", hint="Write it again."
        )
    owner = named[0].removeprefix("part of ")
    people = normalised(_tuples({title: frame[title].to_numpy(object) for title in titles}), owner)
    return owner, dict(zip(people, values.tolist(), strict=True))


def _cells(values: NDArray[np.float64], whole: NDArray[np.bool_]) -> NDArray[Any]:
    """Give numbers where they are known, and empty text elsewhere."""
    known = [float(v) if there else "" for v, there in zip(values, whole, strict=True)]
    return np.array(known, dtype=object)


def _tuples(keys: Mapping[str, NDArray[Any]]) -> list[object]:
    return list(zip(*keys.values(), strict=True))

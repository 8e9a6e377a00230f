"""A trained model that is taken along: its tensors, and all that new rows are read and encoded by.

The file is safetensors: numbers and text alone. What its tensors are called is what torch calls
them, so ``load_state_dict`` takes them; the metadata's entry ``fedmerit`` is JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import numpy as np
import torch
from pydantic import ValidationError
from safetensors.numpy import save
from torch.nn.functional import softmax

from fedmerit.bundle.directory import Document
from fedmerit.bundle.encoding import EncodingDocument  # noqa: TC001 - pydantic reads it
from fedmerit.bundle.schemas import QuantityDocument  # noqa: TC001 - as above
from fedmerit.errors import BundleError, DataError
from fedmerit.federation import ModelSpec
from fedmerit.federation.data.dialects import Dialect
from fedmerit.federation.data.newrows import read_rows, unseen
from fedmerit.kinds.scores import METADATA, Scores, require_allowed
from fedmerit.untrusted import check_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

#: Rows that are scored at once.
_CHUNK: Final = 1 << 16


def require_size(spec: ModelSpec, inputs: int, classes: int, held: int) -> None:
    """Refuse a model whose widths are not those of the parameters that are there.

    Widths are read from a file: what they say is not made before it is known to fit.

    Raises:
        BundleError: They are others.
    """
    due = spec.parameters(inputs, classes)
    if due not in {None, held}:
        raise BundleError(
            f"the file holds {held:,} parameters, and its {spec.kind} between {inputs} inputs and "
            f"{classes} outputs has {due:,}"
        )


class RowsModelDocument(Document):
    """What a model's file says beside its tensors."""

    form: Literal[1] = 1
    """Of this document."""
    kind: Literal["horizontal"] = "horizontal"
    scenario: str
    """Name of the scenario that trained it."""
    evidence: str
    """Keccak-256 of the bundle's manifest, hex; empty if the run had none yet."""
    model: str
    """``logistic``, ``mlp``, or the import path of a module."""
    hidden: tuple[int, ...]
    """Widths of the MLP's hidden layers."""
    arguments: dict[str, int | float | str | bool]
    """Of a module's constructor."""
    classes: tuple[str, ...]
    """In the order of the scores; none of a quantity."""
    quantity: QuantityDocument | None = None
    """What is predicted where it is no class, and its scale."""
    inputs: tuple[str, ...]
    """The model's inputs, in their order."""
    impute: bool
    """Whether missing cells are filled in, or refused."""
    missing_words: tuple[str, ...]
    separator: str | None
    encoding: str | None
    """How a text file's bytes are letters; recognised if null, as the separator is."""
    rows: EncodingDocument
    """How rows are read and become inputs."""


@dataclass(frozen=True, slots=True, eq=False)
class RowsModel:
    """A model that scores rows.

    Attributes:
        document: What it says of itself.
        tensors: The module's state, by torch's names.

    """

    document: RowsModelDocument
    tensors: Mapping[str, NDArray[Any]]

    @classmethod
    def read(cls, tensors: Mapping[str, NDArray[Any]], metadata: str) -> Self:
        """Take a model out of a file's tensors and its metadata.

        Raises:
            BundleError: They are not of this form.
        """
        try:
            check_json(metadata.encode())
            document = RowsModelDocument.model_validate_json(metadata)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise BundleError(f"the model's metadata: {where} {first['msg']}") from error
        except ValueError as error:
            raise BundleError(f"the model's metadata cannot be read as JSON: {error}") from error
        if len(set(document.classes)) != len(document.classes):
            raise BundleError(f"the model's classes are not different: {document.classes}")
        if not document.rows.holds_together or document.rows.encoding.names != document.inputs:
            raise BundleError("the model's inputs are not those that its columns give")
        return cls(document, tensors)

    def saved(self) -> bytes:
        """Give the file."""
        text = self.document.model_dump_json()
        return save(dict(self.tensors), {METADATA: text})

    def score(
        self, path: Path, *, allowed: str | None = None, parts: tuple[Path, ...] = ()
    ) -> Scores:
        """Score the rows of a file.

        Args:
            path: The file.
            allowed: The import path of a module whose code may be run.
            parts: None: this model is whole.

        Raises:
            DataError: It does not hold what the model was trained on; names all that is wrong.
            BundleError: The tensors are not such a model's.
        """
        document = self.document
        require_allowed(document.model, allowed)
        if parts:
            raise DataError(
                f"{parts[0]} is a part of a score, and this model scores alone",
                hint="Leave --part out.",
            )
        held = sum(np.size(tensor) for tensor in self.tensors.values())
        require_size(self._spec, len(document.inputs), len(document.classes) or 1, held)
        dialect = Dialect(
            separator=document.separator,
            encoding=document.encoding,
            missing_words=document.missing_words,
        )
        rows = read_rows(path, document.rows.forms, dialect=dialect, impute=document.impute)
        encoding = document.rows.encoding
        notes = (*rows.notes, *unseen(rows.features, encoding))
        if document.quantity is not None:
            said = self._outputs(encoding.apply(rows.features))[:, 0]
            mean, scale = float(document.quantity.mean), float(document.quantity.deviation)
            predicted = {"prediction": mean + scale * said}
            return Scores(frame=rows.frame, columns=predicted, notes=notes)
        chances = self._chances(encoding.apply(rows.features))
        best = np.array(document.classes, dtype=object)[chances.argmax(axis=1)]
        columns = {f"probability {n}": chances[:, k] for k, n in enumerate(document.classes)}
        return Scores(
            frame=rows.frame,
            columns={"prediction": best, **columns},
            notes=notes,
        )

    def _chances(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give each row's probability of each class, ``(rows, classes)``."""
        outputs = torch.from_numpy(self._outputs(matrix))
        return np.asarray(softmax(outputs, dim=1).numpy())

    def _outputs(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give what the model says of each row, ``(rows, outputs)``."""
        module = self._module()
        parts = []
        with torch.no_grad():
            for start in range(0, len(matrix), _CHUNK):
                scores = module(torch.from_numpy(matrix[start : start + _CHUNK]))
                parts.append(scores.double().numpy())
        outputs = np.concatenate(parts)
        if not np.isfinite(outputs).all():
            raise DataError(
                "the model's scores are no numbers: its training diverged, or a cell is too large",
                hint="See the run's report; a lower learning_rate trains further.",
            )
        return outputs

    @property
    def _spec(self) -> ModelSpec:
        said = self.document
        return ModelSpec(kind=said.model, hidden=said.hidden, arguments=said.arguments)

    def _module(self) -> nn.Module:
        document = self.document
        with torch.random.fork_rng(devices=[]):
            module = self._spec.build(len(document.inputs), len(document.classes) or 1).float()
        try:
            state = {name: torch.from_numpy(np.array(v)) for name, v in self.tensors.items()}
            module.load_state_dict(state)
        except (RuntimeError, TypeError) as error:
            raise BundleError(f"the tensors are not those of such a model: {error}") from error
        return module.eval()

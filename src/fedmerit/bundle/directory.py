"""The evidence directory of a run: plain files, and the digests that bind them.

Two lists of digests. ``manifest.json`` covers what was decided before anything was paid;
its own digest is what the chain records. ``seal.json`` covers every file, those that came
after the settlement included. Opening a bundle never executes anything in it.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    model_serializer,
)
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from fedmerit.bundle.folder import PART, files_in, parts_in
from fedmerit.canonical import canonical, digest
from fedmerit.errors import AuditImpossible, BundleError
from fedmerit.scenario.reading import parse
from fedmerit.untrusted import argument, check_json, encodable, harmless, printable, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from fedmerit.scenario.model import Scenario

Stage = Literal["train", "draw", "value", "reward", "settle", "report"]
STAGES: Final[tuple[Stage, ...]] = ("train", "draw", "value", "reward", "settle", "report")

SCENARIO: Final = "scenario.toml"
PROGRESS: Final = "progress.json"
_RUN: Final = "run.json"
_LONGEST_VERSION: Final = 40
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
MANIFEST: Final = "manifest.json"
SEAL: Final = "seal.json"
REPORT: Final = "report.html"
COALITIONS: Final = "coalitions.safetensors"
ROUNDS: Final = "rounds.safetensors"

#: Files that only exist, or only settle down, once the manifest is on the chain.
AFTERWARDS: Final = frozenset({PROGRESS, MANIFEST, SEAL, REPORT, "timings.json"})


class Document(BaseModel):
    """One JSON file of a bundle: integers, strings, lists and tables of them; no floats."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]  # noqa: ANN202
        """Leave out what does not apply to a run: files of other runs are as they were."""
        # A type of what it gives would hide the fields from the schema that docs are made of.
        fields = type(self).model_fields
        return {
            name: value
            for name, value in handler(self).items()
            if value is not None or fields[name].is_required()
        }


class Progress(Document):
    """How far a run got.

    Attributes:
        done: The stages that are complete, in order.
        failed: The stage that a run died in, and why; empty if none did.
    """

    done: tuple[Stage, ...] = ()
    failed: str = ""


AnyDocument = TypeVar("AnyDocument", bound=Document)


class Bundle:
    """A run's directory of evidence, complete or not.

    Attributes:
        path: The directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"Bundle({str(self.path)!r})"

    @classmethod
    def create(cls, path: Path, scenario: Scenario) -> Self:
        """Start a bundle in a new directory; raises as :meth:`make`."""
        bundle = cls.make(path)
        bundle.begin(scenario)
        return bundle

    @classmethod
    def make(cls, path: Path) -> Self:
        """Make the new directory of a bundle, with nothing in it yet.

        Raises:
            BundleError: Something is there already, or the directory cannot be made.
        """
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            begun = (path / PROGRESS).is_file() and not cls(path).sealed
            raise BundleError(
                f"{path} exists already",
                hint=f"Continue it: fedmerit run --resume {argument(path)}"
                " - or choose another --dir."
                if begun
                else "Choose another --dir.",
            ) from None
        except OSError as error:
            raise BundleError(
                f"{path} cannot be made: {error.strerror}", hint="Choose another --dir."
            ) from error
        return cls(path)

    def begin(self, scenario: Scenario) -> None:
        """Write down what is going to be run, of which nothing is done."""
        self.write(SCENARIO, scenario.to_toml().encode())
        self.write_document(PROGRESS, Progress())

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open an existing bundle.

        Raises:
            BundleError: The directory does not hold one.
        """
        bundle = cls(Path(path))
        if not (bundle.path / SCENARIO).is_file():
            raise BundleError(
                f"{path} is not a bundle: it has no {SCENARIO}",
                hint="Name a directory that 'fedmerit run' wrote.",
            )
        return bundle

    @property
    def scenario(self) -> Scenario:
        """The scenario that was run, every default written out."""
        try:
            given = read_toml(self.text(SCENARIO))
        except ValueError as error:
            raise BundleError(f"{SCENARIO} cannot be read as TOML: {error}", hint=_ASK) from error
        return parse(given, origin=str(self.path / SCENARIO))

    @property
    def progress(self) -> Progress:
        """How far the run got."""
        return self.document(PROGRESS, Progress)

    @property
    def digest(self) -> str:
        """Keccak-256 of the manifest, hex: what the chain records as the evidence."""
        return digest(self.read(MANIFEST))

    @property
    def has_manifest(self) -> bool:
        """Whether there is evidence of it that a chain could have recorded."""
        return (self.path / MANIFEST).is_file()

    @property
    def sealed(self) -> bool:
        """Whether the run came to its end."""
        return (self.path / SEAL).is_file()

    def read(self, name: str) -> bytes:
        """Give the bytes of one file.

        Raises:
            BundleError: It is not there or cannot be read.
        """
        path = self.path / name
        try:
            # A pipe or a device in a stranger's bundle would never end.
            if path.exists() and not path.is_file():
                raise BundleError(f"{path} is not a plain file")
            return path.read_bytes()
        except OSError as error:
            raise BundleError(
                f"{path} cannot be read: {error.strerror}",
                hint=f"The run may have stopped early: fedmerit run --resume {argument(self.path)}",
            ) from error

    def text(self, name: str) -> str:
        """Give the text of one file.

        Raises:
            BundleError: It is not there, or not UTF-8.
        """
        try:
            return self.read(name).decode()
        except UnicodeDecodeError as error:
            raise BundleError(f"{name} is not text: {error}") from error

    def write(self, name: str, content: bytes) -> None:
        """Put *content* in the file *name*, whole or not at all.

        Raises:
            BundleError: The disk refused, for instance because it is full.
        """
        target = self.path / name
        partial = target.with_name(f".{target.name}{PART}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Whoever made the directory may have left a link here, to a file that is not ours.
            partial.unlink(missing_ok=True)
            with os.fdopen(os.open(partial, _NEW_FILE, 0o666), "wb") as file:
                file.write(content)
            partial.replace(target)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise BundleError(
                f"{target} cannot be written: {error.strerror} ({len(content):,} bytes)",
                hint=f"Make room, then: fedmerit run --resume {argument(self.path)}",
            ) from error

    def document(self, name: str, kind: type[AnyDocument]) -> AnyDocument:
        """Read one JSON document and check its form.

        Raises:
            BundleError: It is not of it, or not in the one way in which we write it.
        """
        content = self.read(name)
        try:
            check_json(content)
        except ValueError as error:
            raise BundleError(f"{name} cannot be read as JSON: {error}", hint=_ASK) from error
        try:
            found = kind.model_validate_json(content, strict=False)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise BundleError(
                f"{name} is not of its form: {where} {first['msg']}", hint=self._other_version()
            ) from error
        if canonical(found.model_dump(mode="json")) != content:
            raise BundleError(
                f"{name} is not in its canonical form: others might read it otherwise",
                hint=self._other_version(),
            )
        return found

    def _other_version(self) -> str:
        """Say why a document may not be in the form that this version writes.

        Documents gain fields. What ``run.json`` says is a claim like all others in a bundle.
        """
        here, said = version("fedmerit"), None
        with suppress(BundleError, ValueError, KeyError, TypeError):
            content = self.read(_RUN)
            check_json(content)
            said = json.loads(content)["versions"]["fedmerit"]
        if not (isinstance(said, str) and printable(said) and len(said) <= _LONGEST_VERSION):
            return f"It was altered or damaged, or another version than {here} wrote it. {_ASK}"
        return (
            f"It was altered or damaged, or another version wrote it: {_RUN} names fedmerit "
            f"{said}, and this is {here}. Audit it with the version that wrote it. {_ASK}"
        )

    def write_document(self, name: str, document: Document) -> None:
        """Write one JSON document in its canonical form."""
        self.write(name, canonical(document.model_dump(mode="json")))

    def tensors(self, name: str) -> dict[str, NDArray[Any]]:
        """Read named arrays."""
        try:
            return load_tensors(self.read(name))
        except (SafetensorError, ValueError, KeyError) as error:
            raise BundleError(f"{name} does not hold tensors: {error}") from error

    def write_tensors(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write named arrays."""
        self.write(name, save_tensors(dict(arrays)))

    def finish(self, stage: Stage) -> None:
        """Note that *stage* is complete."""
        self.write_document(PROGRESS, Progress(done=(*self.progress.done, stage)))

    def fail(self, stage: Stage, why: str) -> None:
        """Note that the run died in *stage*."""
        failed = harmless(f"{stage}: {why}", keep="\n")  # it may quote a name that is no text
        self.write_document(PROGRESS, Progress(done=self.progress.done, failed=failed))

    def undo(self, stage: Stage) -> None:
        """Note that *stage* is to be done again, and all that come after it."""
        done = self.progress.done
        self.write_document(PROGRESS, Progress(done=done[: STAGES.index(stage)]))

    def names(self) -> list[str]:
        """Name every file, sorted, but for those that a process died in the middle of."""
        return files_in(self.path)

    def tidy(self) -> None:
        """Remove what a process died in the middle of writing."""
        for name in parts_in(self.path):
            (self.path / name).unlink()

    def require_names(self) -> None:
        """See that every file's name can be written down in a list of digests.

        Raises:
            BundleError: One is not UTF-8.
        """
        odd = [name for name in self.names() if not encodable(name)]
        if odd:
            raise BundleError(
                f"the name of {self.path / odd[0]} is not UTF-8, so no list can name it",
                hint="It is no file of a bundle: move it elsewhere, then run the same again.",
            )

    def write_manifest(self) -> str:
        """Bind all evidence there is by its digests, and give the manifest's own."""
        self.require_names()
        self.write(MANIFEST, canonical(self.digests(self.evidence_names())))
        return self.digest

    def evidence_names(self) -> list[str]:
        """Name every file that the manifest has to bind."""
        return [n for n in self.names() if n not in AFTERWARDS and not n.startswith("settlement/")]

    def write_seal(self) -> None:
        """Bind every file of the finished bundle by its digest."""
        self.require_names()
        self.write(SEAL, canonical(self.digests(n for n in self.names() if n != SEAL)))

    def digests(self, names: Iterable[str]) -> dict[str, str]:
        """Give the Keccak-256 of each file, hex."""
        return {name: digest(self.read(name)) for name in names}

    def listed(self, name: str) -> dict[str, str]:
        """Read ``manifest.json`` or ``seal.json``.

        Raises:
            AuditImpossible: It is missing, or not a list of digests in canonical form.
        """
        if not (self.path / name).is_file():
            raise AuditImpossible(
                f"{self.path} has no {name}: the run did not finish",
                hint=f"Finish it: fedmerit run --resume {argument(self.path)}",
            )
        content = self.read(name)
        try:
            check_json(content)
            found = TypeAdapter(dict[str, str]).validate_json(content)
        except ValueError:  # as pydantic's own are
            found = {}
        if canonical(found) != content:
            raise AuditImpossible(f"{name} is damaged: it is not a list of digests", hint=_ASK)
        return found


_ASK = "Ask whoever ran it for an undamaged copy of the bundle."


class Snapshot(Bundle):
    """A bundle of which every file is read once: what was checked is what is used.

    Whoever can still write to the directory changes nothing of an audit that has begun. Files
    are kept in memory until the snapshot is gone.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._known: dict[str, bytes] = {}
        #: Where the table lies, if not where the scenario says.
        self.table: Path | None = None

    @property
    def scenario(self) -> Scenario:
        """The scenario that was run, its table where it lies now."""
        scenario = super().scenario
        if self.table is None:
            return scenario
        data = scenario.data.model_copy(update={"source": str(self.table)})
        return scenario.model_copy(update={"data": data})

    def read(self, name: str) -> bytes:
        """Give the bytes of one file, as they were when it was first asked for."""
        if name not in self._known:
            self._known[name] = super().read(name)
        return self._known[name]


def next_free(folder: Path, name: str) -> Path:
    """Give the first of ``name-1``, ``name-2`` ... that is not taken."""
    return next(path for number in count(1) if not (path := folder / f"{name}-{number}").exists())

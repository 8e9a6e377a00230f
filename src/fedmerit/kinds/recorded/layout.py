"""The directory of a recorded run: which files it has to hold, and what is said in them.

Everything that is wrong is said at once. Links are refused, and nothing but JSON, tables and
safetensors is opened.
"""

from __future__ import annotations

import json
import os
import re
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path  # noqa: TC003 - a dataclass with a cached property
from typing import TYPE_CHECKING, Final

from fedmerit.errors import DataError
from fedmerit.federation.data.files import SUFFIXES
from fedmerit.federation.data.problems import Problems
from fedmerit.kinds.recorded.names import alike, wrong_name, wrong_weight
from fedmerit.untrusted import check_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROUNDS: Final = "rounds"
GLOBAL: Final = "global.safetensors"
UPDATES: Final = "updates"
WEIGHTS: Final = "weights.json"
FINAL: Final = "final.safetensors"
TENSORS: Final = ".safetensors"
VALIDATION: Final = "validation"
#: Members of a run: what is computed of pairs of them takes the square.
MOST_MEMBERS: Final = 10_000
#: Problems that are said in full.
_SAID: Final = 20
#: Names that one problem lists.
_LISTED: Final = 5
_NUMBER: Final = re.compile(r"[0-9]{4,6}")


class Faults(Problems):
    """All that is wrong with a directory, of which so many are said and the rest is counted."""

    def __init__(self, name: str) -> None:
        super().__init__(name, said=True)
        self._count = 0

    def add(self, message: str, hint: str) -> None:
        """Note a problem."""
        self._count += 1
        if self._count <= _SAID:
            super().add(message, hint)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Note a :class:`DataError` of the block."""
        try:
            yield
        except DataError as error:
            self.add(str(error), error.hint)

    def check(self) -> None:
        """Say all of it; raises DataError if there is anything."""
        if self._count > _SAID:
            self.remark(f"and {self._count - _SAID:,} more")
        super().check()


@dataclass(frozen=True, slots=True)
class RoundFiles:
    """The files of one round.

    Attributes:
        number: From 1.
        folder: Where they are.
        weights: What each update weighs that was averaged, by name, sorted.
    """

    number: int
    folder: Path
    weights: dict[str, int]

    @property
    def before(self) -> Path:
        """The global model that the round began with."""
        return self.folder / GLOBAL

    def update(self, name: str) -> Path:
        """Give the file of a member's update."""
        return self.folder / UPDATES / f"{name}{TENSORS}"


@dataclass(frozen=True)
class RunFiles:
    """The files of a run.

    Attributes:
        directory: Where they are.
        rounds: Of each round, in order.
        validation: The validation rows.
        final: The model after the last round; None where there is none.
    """

    directory: Path
    rounds: tuple[RoundFiles, ...]
    validation: Path
    final: Path | None

    @cached_property
    def participants(self) -> tuple[str, ...]:
        """Everybody who sent an update, sorted."""
        return tuple(sorted({name for each in self.rounds for name in each.weights}))

    @property
    def declared_rows(self) -> dict[str, int]:
        """The largest weight of each in any round, in the same order."""
        return {
            name: max(each.weights.get(name, 0) for each in self.rounds)
            for name in self.participants
        }


def run_files(directory: Path, faults: Faults) -> RunFiles:
    """Look through *directory*, and note in *faults* what is wrong there.

    Raises:
        DataError: There is no such directory, or no round in it.
    """
    if not _folder(directory / ROUNDS):
        raise DataError(
            f"{directory} holds no folder {ROUNDS!r}",
            hint=f"A round is {ROUNDS}/0001/{GLOBAL}, .../{UPDATES}/NAME{TENSORS} and "
            f".../{WEIGHTS}; fedmerit.record writes them.",
        )
    rounds = tuple(_round(folder, faults) for folder in _folders(directory, faults))
    final = directory / FINAL
    if os.path.lexists(final) and not _there(final):
        faults.add(f"{FINAL} is no plain file", "Leave it out, or put the model itself there.")
    found = RunFiles(
        directory=directory,
        rounds=rounds,
        validation=_validation(directory, faults),
        final=final if _there(final) else None,
    )
    _check_names(found, faults)
    return found


def _folders(directory: Path, faults: Faults) -> list[Path]:
    """Give the rounds' folders in order."""
    entries = sorted((directory / ROUNDS).iterdir())
    found = [entry for entry in entries if _is_round(entry)]
    if others := [entry.name for entry in entries if entry not in found]:
        faults.add(
            f"{ROUNDS} holds {_listed(others)}, which is no round",
            f"Rounds are folders called 0001, 0002 and so on below {ROUNDS}.",
        )
    numbers = {int(entry.name) for entry in found}
    if missing := sorted(set(range(1, max(numbers, default=1) + 1)) - numbers):
        faults.add(
            f"round {_listed(map(str, missing))} is missing"
            + (f" of {max(numbers)}" if numbers else ""),
            "Values need every round from the first to the last; number them on from 0001.",
        )
    return found


def _is_round(entry: Path) -> bool:
    """Say whether an entry is a round's folder, called by its number and in one way."""
    name = entry.name
    return bool(_NUMBER.fullmatch(name)) and f"{int(name):04}" == name != "0000" and _folder(entry)


def _round(folder: Path, faults: Faults) -> RoundFiles:
    number, where = int(folder.name), f"round {int(folder.name)}"
    others = {entry.name for entry in folder.iterdir()} - {GLOBAL, UPDATES, WEIGHTS}
    if others:
        faults.add(f"{where} holds {_listed(sorted(others))} besides", "Move it elsewhere.")
    if not _there(folder / GLOBAL):
        faults.add(
            f"{where} has no plain file {GLOBAL}", "It holds the model that the round began with."
        )
    weights = _weights(folder / WEIGHTS, where, faults)
    names = _updates(folder / UPDATES, where, faults)
    many = max(len(names), len(weights))
    if many > MOST_MEMBERS:
        faults.add(
            f"{where} has {many:,} members, and {MOST_MEMBERS:,} are the most",
            "Value groups of members: average each group's updates, and give it a name.",
        )
        return RoundFiles(number, folder, {})
    if absent := sorted(weights.keys() - names):
        faults.add(
            f"{where} weighs {_listed(absent)}, of whom there is no update",
            f"Each name in {WEIGHTS} needs a file {UPDATES}/NAME{TENSORS}.",
        )
    if unweighed := sorted(names - weights.keys()):
        faults.add(
            f"{where} has updates of {_listed(unweighed)} without a weight",
            f"Say in {WEIGHTS} what each update weighs, or leave out what was not averaged.",
        )
    there = {name: weights[name] for name in sorted(names & weights.keys())}
    return RoundFiles(number, folder, there)


def _weights(path: Path, where: str, faults: Faults) -> dict[str, int]:
    """Read who weighs what; whoever has no name or no weight is noted and left out."""
    hint = f'{WEIGHTS} says what each update weighs in the average: {{"Cleveland": 160}}.'
    if not _there(path):
        faults.add(f"{where} has no plain file {WEIGHTS}", hint)
        return {}
    try:
        content = path.read_bytes()
        check_json(content)
        found = json.loads(content)
    except (OSError, ValueError) as error:
        faults.add(f"{where}: {WEIGHTS} cannot be read: {error}", hint)
        return {}
    if not isinstance(found, dict) or not found:
        faults.add(f"{where}: {WEIGHTS} names nobody", hint)
        return {}
    for name, weight in found.items():
        if why := wrong_name(name):
            faults.add(f"{where}: the name {name!r} {why}", "Give members names as people have.")
        elif why := wrong_weight(weight):
            faults.add(
                f"{where}: the weight of {name}: {why}",
                "Weights are whole numbers such as rows; scale others up.",
            )
    return {n: w for n, w in found.items() if not wrong_name(n) and not wrong_weight(w)}


def _updates(folder: Path, where: str, faults: Faults) -> set[str]:
    """Name everybody of whom there is an update."""
    if not _folder(folder):
        faults.add(
            f"{where} has no folder {UPDATES}", f"Put each update into {UPDATES}/NAME{TENSORS}."
        )
        return set()
    names, others = set(), []
    for entry in folder.iterdir():
        name = entry.name.removesuffix(TENSORS)
        if name == entry.name or wrong_name(name) or not _there(entry):
            others.append(entry.name)
        else:
            names.add(name)
    if others:
        faults.add(
            f"{where}: {UPDATES} holds {_listed(sorted(others))}, no plain file NAME{TENSORS}",
            "Only safetensors are read: other forms may run code when they are opened.",
        )
    return names


def _validation(directory: Path, faults: Faults) -> Path:
    endings = (*SUFFIXES, TENSORS)
    found = [path for end in endings if _there(path := directory / f"{VALIDATION}{end}")]
    if len(found) != 1:
        faults.add(
            f"{len(found)} files of validation rows"
            + (f": {_listed(path.name for path in found)}" if found else ""),
            f"Give one: {VALIDATION}{f', {VALIDATION}'.join(endings)}.",
        )
    return found[0] if found else directory / f"{VALIDATION}.csv"


def _check_names(found: RunFiles, faults: Faults) -> None:
    for one, other in alike(found.participants):
        faults.add(
            f"the names {one!r} and {other!r} differ in capitals or forms of letters alone",
            "Give each member one name in all rounds, unlike the others'.",
        )
    if len(found.participants) > MOST_MEMBERS:
        faults.add(
            f"the run has {len(found.participants):,} members, and {MOST_MEMBERS:,} are the most",
            "Value groups of members: average each group's updates, and give it a name.",
        )


def _there(path: Path) -> bool:
    """Say whether *path* is a plain file, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _LISTED:,} more" if len(every) > _LISTED else ""
    return ", ".join(every[:_LISTED]) + more

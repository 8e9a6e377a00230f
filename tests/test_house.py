"""The house: no circles between modules, and every folder says what lives there."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import grimp
import pytest

import fedmerit

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(fedmerit.__file__).parent
ROOMS = ("chain", "contracts", "federation", "incentives")
#: What lies below every room, as ARCHITECTURE.md has it.
GROUND = {
    "canonical",
    "coalitions",
    "errors",
    "notebooks",
    "progress",
    "provenance",
    "shuffles",
    "streams",
    "units",
    "csprng",
    "untrusted",
}
FOLDERS = sorted(
    path.parent.relative_to(ROOT)
    for folder in (ROOT, *(ROOT / room for room in ROOMS))
    for path in folder.rglob("__init__.py")
    if path.parent != ROOT
)
GRAPH = grimp.build_graph("fedmerit")


def test_no_two_modules_import_one_another_in_a_circle():
    imports = {name: GRAPH.find_modules_directly_imported_by(name) for name in GRAPH.modules}

    assert list(circles(imports)) == []


def test_a_circle_is_seen():
    imports = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}

    assert list(circles(imports)) == [{"a", "b", "c"}]


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_folder_says_what_lives_there_and_what_it_may_import(folder):
    first, second, *_ = described(folder)

    assert first.endswith(".")
    assert second.startswith(("May import ", "Imports nothing")), second


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_folder_imports_no_more_than_it_says(folder):
    package = ".".join(("fedmerit", *folder.parts))
    allowed = set(re.findall(r"`(\w+)`", described(folder)[1]))
    if "the ground" in described(folder)[1]:
        allowed |= GROUND

    outside = {
        target
        for module in GRAPH.modules
        if within(module, package)
        for target in GRAPH.find_modules_directly_imported_by(module)
        if not within(target, package)
    }

    assert {target for target in outside if not named(target, package, allowed)} == set()


def test_an_import_is_named_by_the_folder_where_the_ways_part():
    assert named("fedmerit.chain.node.fees", "fedmerit.chain.ledger", {"node"})
    assert named("fedmerit.chain.keys", "fedmerit.stages", {"chain"})
    assert not named("fedmerit.chain.node.fees", "fedmerit.chain.ledger", {"chain"})


def described(folder: Path) -> list[str]:
    """Give the paragraphs in which a folder's ``__init__`` says what it is."""
    source = (ROOT / folder / "__init__.py").read_text("utf-8")
    return [" ".join(part.split()) for part in ast.get_docstring(ast.parse(source)).split("\n\n")]


def within(module: str, package: str) -> bool:
    """Say whether *module* is *package* or lies in it."""
    return f"{module}.".startswith(f"{package}.")


def named(target: str, package: str, allowed: set[str]) -> bool:
    """Say whether *allowed* has the first part of *target* that is not on the way to *package*."""
    theirs, own = target.split(".")[1:], package.split(".")[1:-1]
    shared = 0
    while shared < min(len(own), len(theirs) - 1) and own[shared] == theirs[shared]:
        shared += 1
    return theirs[shared] in allowed


def circles(imports: dict[str, set[str]]) -> Iterator[set[str]]:
    """Give every set of modules from each of which all the others can be reached."""
    done: set[str] = set()
    for name in sorted(imports):
        if name not in done:
            circle = {name} | {o for o in reached(name, imports) if name in reached(o, imports)}
            done |= circle
            if len(circle) > 1:
                yield circle


def reached(name: str, imports: dict[str, set[str]]) -> set[str]:
    """Give all modules that *name* imports, directly or through others."""
    seen: set[str] = set()
    todo = [name]
    while todo:
        for other in imports.get(todo.pop(), set()) - seen:
            seen.add(other)
            todo.append(other)
    return seen

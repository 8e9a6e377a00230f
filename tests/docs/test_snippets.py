"""Every page does what it says: its Python and bash blocks are run, in order, as they stand.

What a block's first line may say after the language:

- nothing: it is run; it must succeed;
- ``status=N``: it must end with this exit status;
- ``needs=anvil``: it is run where Anvil is installed, at whatever address it listens;
- ``needs=demo``: it finds the bundle that the tutorial makes, ``demo``;
- ``skip=why``: it is not run.

An ``output`` block is what the block before it prints; ``...`` stands for anything. ``console``
is for a checkout's own commands (``make``), and any other language is only shown.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from difflib import unified_diff
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
NODE = "http://127.0.0.1:8545"
_FENCE = re.compile(r"^```(\S*)[ ]?([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: What takes seconds: a federation that is run, however small.
_RUNS = re.compile(r"fedmerit[. ](run|resume|simulate)\b")
_UNSAID = {"", "sh", "shell", "py", "pycon"}


class Block(NamedTuple):
    language: str
    words: dict[str, str]
    code: str
    line: int
    output: str | None


def blocks(page):
    """Give the blocks that can be run, each with the output that the page shows."""
    text = page.read_text("utf-8")
    found = [
        (match[1], dict(word.split("=", 1) for word in match[2].split()), match[3], match)
        for match in _FENCE.finditer(text)
    ]
    for (language, words, code, match), after in pairwise([*found, None]):
        if language in {"python", "bash"}:
            output = after[2] if after and after[0] == "output" else None
            yield Block(language, words, code, text.count("\n", 0, match.start(3)) + 1, output)


def named(page):
    return page.relative_to(ROOT).as_posix()


def runnable(page):
    kept = [block for block in blocks(page) if "skip" not in block.words]
    marks = [pytest.mark.node] if "anvil" in needed(kept) else []
    if page.name != "README.md" and any(_RUNS.search(block.code) for block in kept):
        marks.append(pytest.mark.slow)
    return pytest.param(page, kept, id=named(page), marks=marks) if kept else None


def needed(kept):
    return {block.words.get("needs") for block in kept}


@pytest.fixture(scope="session")
def anvil(start_anvil):
    with start_anvil() as url:
        yield url


def in_python(code, line, page, namespace):
    """Run Python as if it stood on its own line of *page*, and give what it prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile("\n" * (line - 1) + code, page, "exec"), namespace)  # noqa: S102 - our own pages
    return printed.getvalue()


def in_bash(code, status):
    """Run bash with the command on its path; give what a terminal would show."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PATH": path, "COLUMNS": "100"},
        check=False,
    )
    assert done.returncode == status, f"exit status {done.returncode}:\n{done.stdout}"
    return done.stdout


def lines(text):
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def matches(shown, printed):
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else f"{_around_dots(line)}\n"
        for line in lines(shown)
    )
    return re.fullmatch(pattern, "\n".join(lines(printed)) + "\n") is not None


def _around_dots(line):
    return ".*".join(map(re.escape, line.split("...")))


def difference(page, block, printed):
    diff = unified_diff(lines(block.output), lines(printed), "shown", "printed", lineterm="")
    return f"{named(page)}:{block.line} prints something else\n" + "\n".join(diff)


@pytest.mark.parametrize(("page", "kept"), [*filter(None, map(runnable, PAGES))])
def test_a_page_does_what_it_shows(page, kept, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as in a notebook
    namespace = {"__name__": "page"}
    node = request.getfixturevalue("anvil") if "anvil" in needed(kept) else NODE
    if "demo" in needed(kept):
        shutil.copytree(request.getfixturevalue("hospital_bundle").path, "demo")
    for block in kept:
        code = block.code.replace(NODE, node)
        if block.language == "python":
            printed = in_python(code, block.line, named(page), namespace)
        else:
            printed = in_bash(code, int(block.words.get("status", 0)))
        shown = block.output
        assert shown is None or matches(shown, printed), difference(page, block, printed)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_says_what_it_is(page):
    said = [(match[1], match[2]) for match in _FENCE.finditer(page.read_text("utf-8"))]

    assert not [language for language, _ in said if language in _UNSAID]
    words = {word.partition("=")[0] for _, words in said for word in words.split()}
    assert words <= {"status", "needs", "skip"}


def test_three_dots_stand_for_anything_and_nothing_else_does():
    assert matches("a ... c\n...\nz", "a b c\n1\n2\nz\n")
    assert matches("a\n...\nz", "a\nz")
    assert not matches("a b", "a c")
    assert not matches("a\nz", "a\nb\nz")

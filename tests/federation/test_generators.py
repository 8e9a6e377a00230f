"""What hides something is drawn in one module: the source is searched for other generators."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import fedmerit.federation

ROOT = Path(fedmerit.federation.__file__).parent
ROOMS = ("privacy", "protection", "wire", "vertical")
#: Modules that draw, and names of any module that draw.
SOURCES = {"random", "secrets", "fedmerit.streams", "numpy.random", "torch.random", "uuid"}
NAMES = {
    *("default_rng", "RandomState", "Generator", "manual_seed", "urandom", "getrandbits"),
    *("rand", "randn", "rand_like", "randn_like", "randint", "randperm", "normal_", "uniform_"),
    *("bernoulli", "multinomial", "fork_rng", "SystemRandom", "random_state", "shuffle"),
}
#: What is no secret, and has to be drawn alike by everybody or again by an audit.
KNOWN = {
    "vertical/task.py": "which rows a batch has, the same for every party",
    "vertical/tables.py": "which rows are held out",
    "vertical/shipped.py": "how a table is dealt out, for rehearsals",
    "vertical/attribution.py": "permutations of an explainer",
    "vertical/split/halves.py": "networks before training",
}


def drawn_by(source):
    """Give every generator that a module's source imports or names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ({name.name for name in node.names} & SOURCES)
        elif isinstance(node, ast.ImportFrom):
            whole = {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
            yield from whole & SOURCES
            yield from {name.name for name in node.names} & NAMES
        elif isinstance(node, ast.Attribute) and node.attr in NAMES:
            yield node.attr


def test_rooms_that_hide_something_know_no_other_generator():
    found = {
        str(path.relative_to(ROOT)): sorted(set(drawn_by(path.read_text("utf-8"))))
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
    }

    assert len(found) > 30
    assert {name for name, draws in found.items() if draws} == set(KNOWN)
    # Those draw from the seed that all know, but for the networks, which torch makes.
    for name in KNOWN:
        allowed = {"fedmerit.streams", "fork_rng", "manual_seed", "normal_"}
        assert set(found[name]) <= (allowed if name.endswith("halves.py") else {"fedmerit.streams"})


@pytest.mark.parametrize(
    "source",
    [
        "import secrets",
        "from random import random",
        "import numpy as np\nx = np.random.default_rng(1)",
        "import torch\nx = torch.Generator().manual_seed(3)",
        "import torch\nx = torch.randn(3)",
        "from os import urandom",
        "from fedmerit.streams import generator",
    ],
)
def test_the_search_finds_a_generator(source):
    assert list(drawn_by(source))

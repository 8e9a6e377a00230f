"""The reference is what the code is, and what a run really leaves."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from fedmerit.bundle.directory import Bundle
from fedmerit.incentives.participation import UNSIMULATED

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted((DOCS / "reference").glob("*.md"))


@pytest.fixture(scope="module")
def generate():
    spec = spec_from_file_location("generate", DOCS / "generate.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_what_the_code_says(page, generate):
    text = page.read_text("utf-8")

    assert text == generate.filled(text), "run: python docs/generate.py"


def test_the_bundle_page_names_every_file_of_a_run(hospital_bundle):
    page = (DOCS / "reference" / "bundle.md").read_text("utf-8")
    rounds = re.compile(r"training/\d{4}\.")

    absent = {
        name
        for name in (rounds.sub("training/0001.", name) for name in hospital_bundle.names())
        if f"`{name}`" not in page
    }

    assert not absent


def test_the_bundle_page_names_every_array_with_its_type(hospital_bundle):
    page = (DOCS / "reference" / "bundle.md").read_text("utf-8")

    for file in ("training/0001", "training/model", "gradients", "coalitions"):
        for name, array in Bundle(hospital_bundle.path).tensors(f"{file}.safetensors").items():
            assert re.search(rf"`{name}` \| {array.dtype} \((\w, )*\w\)", page), name
            shape = re.search(rf"`{name}` \| {array.dtype} \(([^)]*)\)", page)[1].split(", ")
            assert len(shape) == array.ndim, name


def test_the_page_on_simulations_gives_the_reasons_that_the_command_gives():
    page = (DOCS / "how-to" / "compare-mechanisms.md").read_text("utf-8")

    for name, reason in UNSIMULATED.items():
        assert f"| `{name}` | {reason} |" in page

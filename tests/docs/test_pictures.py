"""The pictures of the mechanisms are what the mechanisms do, and every family has a page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from fedmerit.incentives import MECHANISMS

DOCS = Path(__file__).parents[2] / "docs"
IMAGES = DOCS / "images" / "mechanisms"
FAMILIES = DOCS / "explanation" / "families"


def shape(path):
    """Give a picture's elements, with numbers to a whole pixel: the last bit may differ."""
    drawn = ET.fromstring(path.read_text("utf-8"))  # noqa: S314 - our own
    return [
        (part.tag, part.text, re.sub(r"\d+\.\d+", lambda n: f"{float(n[0]):.0f}", str(part.attrib)))
        for part in drawn.iter()
    ]


def test_the_pictures_are_what_the_code_draws(tmp_path):
    subprocess.run([sys.executable, DOCS / "pictures.py", tmp_path], check=True)

    drawn = sorted(path.name for path in tmp_path.iterdir())
    assert drawn == sorted(path.name for path in IMAGES.iterdir())
    for name in drawn:
        assert shape(tmp_path / name) == shape(IMAGES / name), name


def test_every_family_has_one_picture_and_every_mechanism_a_family():
    pages = {path.stem: path.read_text("utf-8") for path in FAMILIES.glob("*.md")}

    assert sorted(pages) == sorted(path.stem for path in IMAGES.iterdir())
    for name, text in pages.items():
        assert re.findall(r"!\[.+?\]\((.+?)\)", text) == [f"../../images/mechanisms/{name}.svg"]
    named = {found for text in pages.values() for found in re.findall(r"\[`([\w-]+)`\]\(", text)}
    assert named == set(MECHANISMS)

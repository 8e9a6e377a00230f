"""What strangers wrote is read within bounds, and shown so that it can do nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import ScenarioError
from fedmerit.scenario.reading import load, parse
from fedmerit.untrusted import (
    MOST_DEPTH,
    MOST_DIGITS,
    MOST_TOML,
    check_json,
    harmless,
    printable,
    read_toml,
)

HEAD = 'name = "deep"\n[data]\nsource = "digits"\n'
ATTACKS = {
    "arrays": f"x = {'[' * 100_000}{']' * 100_000}",
    "tables": f"x = {'{a = ' * 100_000}1{'}' * 100_000}",
    "dotted keys": f"{'a.' * 120_000}a = 1",
    "headers": f"[{'a.' * 120_000}a]",
    "quoted keys": "'a' . \"b\". " * 20_000 + "a = 1",
    "one long word": "a" * 250_000,
    "keys a little too deep": f"{'a.' * MOST_DEPTH}a = 1",
    "a little too deep": f"x = {'[' * MOST_DEPTH}{']' * MOST_DEPTH}",
    "size": f'x = "{"a" * MOST_TOML}"',
    "digits": f"x = {'9' * 5_000}",
    "no end": 'x = "',
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_scenario_out_of_bounds_ends_in_our_error(tmp_path, attack):
    path = tmp_path / "deep.toml"
    path.write_text(HEAD + ATTACKS[attack])

    with pytest.raises(ScenarioError, match=r"deep\.toml cannot be read as TOML"):
        load(path)


def test_a_scenario_that_is_no_text_ends_in_our_error(tmp_path):
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(ScenarioError, match="cannot be read as TOML"):
        load(tmp_path / "x.toml")


def test_a_fraction_with_an_exponent_is_refused_before_it_is_computed():
    given_ = {"name": "x", "data": {"source": "digits"}}
    for fraction in ("1e999999999", "1e-999999999", "1.5e9"):
        with pytest.raises(ScenarioError, match="a fraction in quotes"):
            parse({**given_, "reward": {"settings": {"share": fraction}}}, origin="test")


def test_toml_as_deep_as_is_allowed_is_read():
    deep = f"x = {'[' * (MOST_DEPTH - 2)}{']' * (MOST_DEPTH - 2)}"

    assert read_toml(deep)["x"] == json.loads(deep.removeprefix("x = "))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ('[{"b": {"a": 1, "a": 1}}]', "the key 'a' is there twice"),
        ('{"a": 1, "\\u0061": 2}', "the key 'a' is there twice"),
        ("[" * 100_000, "nests deeper"),
        ('{"a":' * 100_000, "nests deeper"),
        ("9" * (MOST_DIGITS + 1), "digits"),
    ],
)
def test_json_that_is_ambiguous_or_out_of_bounds_is_refused(text, why):
    with pytest.raises(ValueError, match=why):
        check_json(text.encode())


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(value=plain)
def test_json_that_says_each_thing_once_is_let_through(value):
    check_json(json.dumps(value, ensure_ascii=False).encode())


def test_brackets_and_digits_in_text_are_text():
    check_json(
        json.dumps({"a": "[" * 1000, 'b"': "\\" + "{" * 1000, "9" * 1000: "9" * 1000}).encode()
    )


@given(text=st.text())
def test_whatever_is_shown_is_printable(text):
    shown = harmless(text)

    assert all(c.isprintable() or c.isspace() for c in shown)
    assert not set(shown) & set("\x1b\x9b\n\r\t\u2028\u202e\u200b")


@given(value=plain)
def test_json_that_is_shown_is_still_the_same_json(value):
    text = harmless(json.dumps(value, ensure_ascii=False, indent=2), keep="\n")

    assert json.loads(text) == value


@pytest.mark.parametrize(
    "name",
    ["\x1b[2J", "a\x1b]0;title\x07", "a\u202eb", "zero\u200bwidth", "line\nbreak", "tab\t", "", " ",
     "\x9b31m", "\ud800", "del\x7f", "member-1\ufe0f", "\u3164", "a\u034fb"],
)  # fmt: skip
def test_what_is_no_name(name):
    assert not printable(name)


@pytest.mark.parametrize("name", ["Zürich", "VA Long Beach", "東京", "O'Brien & Søn", "Ω-7 (b)"])
def test_what_is_a_name(name):
    assert printable(name)
    assert harmless(name) == name

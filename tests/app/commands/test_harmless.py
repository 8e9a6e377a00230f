"""Nothing that a stranger wrote reaches the terminal as a command to it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pandas as pd
import pytest
from forging import rewrite

import fedmerit
from fedmerit import auditing
from fedmerit.auditing.verdict import Check, Verdict
from fedmerit.bundle.schemas import FEDERATION, RUN, FederationDocument
from fedmerit.commands import app as cli
from fedmerit.commands import terminal
from fedmerit.errors import BundleError, DataError, FedmeritError, ScenarioError
from fedmerit.federation import read_table
from fedmerit.scenario.reading import parse

ATTACKS = [
    "\x1b[2J",
    "\x1b[8m",
    "\x1b]0;all is well\x07",
    "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\",
    "\x9b2J",
    "\u202eti tuo siht\u202c",
    "\u2066\u2069",
    "\nok      settlement: all is well",
    "\r                 \rok",
    "\x08" * 40,
    "[bold red]not ours[/] [link=http://evil]x[/link]",
]


@pytest.fixture
def said(capsys, monkeypatch):
    """Give what runs the command, and what it wrote."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["fedmerit", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, *capsys.readouterr()

    return run


def tame(text):
    return all(c.isprintable() or c == "\n" for c in text)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("output", ["table", "json"])
def test_a_bundle_cannot_hide_what_an_audit_says_of_it(said, monkeypatch, attack, output):
    checks = (Check("seed", "differs", f"a{attack}b"), Check("draw", "ok", attack))
    verdict = Verdict(f"bundle{attack}", checks)
    monkeypatch.setattr(auditing, "audit", lambda *_, **__: verdict)

    status, out, err = said("audit", "b", "--output", output)

    assert status == 1
    assert tame(out)
    assert tame(err)
    if output == "json":
        found = json.loads(out)
        assert found["checks"][0]["detail"] == f"a{attack}b"
    else:
        assert sum(line.startswith(("ok", "differs", "skipped")) for line in out.splitlines()) == 2
        assert "link=http://evil" in out or "evil" not in attack or "]8;;" in out


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_error_about_a_bundle_says_it_harmlessly(said, monkeypatch, attack):
    def audit(*_, **__):
        raise BundleError(f"bad {attack}", hint=f"try {attack}")

    monkeypatch.setattr(auditing, "audit", audit)

    for arguments in (("audit", "b"), ("audit", "b", "--debug")):
        status, out, err = said(*arguments)
        assert status == 2
        assert tame(out + err)
    assert "Traceback" in err


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_exception_of_nobodys_says_it_harmlessly_and_is_no_difference(said, monkeypatch, attack):
    def audit(*_, **__):
        raise RuntimeError(attack)

    monkeypatch.setattr(auditing, "audit", audit)

    status, out, err = said("audit", "b")

    assert status == 3
    assert tame(out + err)


def test_a_bundle_cannot_scroll_its_differences_away(said, monkeypatch):
    checks = (Check("seed", "differs", "x"), Check("draw", "differs", "y" * 10**6))
    monkeypatch.setattr(auditing, "audit", lambda *_, **__: Verdict("b", checks))

    _, out, _ = said("audit", "b")
    _, whole, _ = said("audit", "b", "--output", "json")

    assert len(out) < 10_000
    assert "more; see --output json" in out
    assert "y" * 10**6 in whole


def test_an_audit_of_a_bundle_full_of_escapes_is_readable(copy, said):
    attack = "\x1b[2J\x1b[8m"
    rewrite(copy, RUN, lambda told: told.update(scenario=attack, versions={attack: attack}))
    rewrite(copy, FEDERATION, lambda told: told["members"][0].update(behaviour=attack))

    status, out, err = said("audit", copy.path)

    assert status == 1
    assert tame(out + err)


@pytest.mark.parametrize("attack", [a for a in ATTACKS if not a.isprintable()])
def test_no_member_is_called_what_cannot_be_read(copy, attack, tmp_path):
    rewrite(copy, FEDERATION, lambda told: told["members"][0].update(name=f"A{attack}"))
    with pytest.raises(BundleError, match="no name that can be read"):
        copy.document(FEDERATION, FederationDocument)

    scenario = {"name": "x", "data": {"source": "digits"}}
    for given in (
        {"members": [{"name": attack}]},
        {"data": {"source": "digits", "partition": {"prefix": attack}}},
        {"data": {}, "vertical": {"owners": [{"name": attack}, {"name": "b"}]}},
    ):
        with pytest.raises(ScenarioError, match="is no name"):
            parse({**scenario, **given}, origin="test")

    if "\r" not in attack and "\n" not in attack:
        path = tmp_path / "t.csv"
        rows = {"who": ["a", "a", f"b{attack}", f"b{attack}"], "x": range(4), "y": [0, 1, 0, 1]}
        pd.DataFrame(rows).to_csv(path, index=False)
        with pytest.raises(DataError, match="cannot be read"):
            read_table(path, label="y", participant="who")


def test_what_the_commands_print_goes_through_one_place():
    for path in Path(cli.__file__).parent.glob("*.py"):
        text = path.read_text("utf-8")
        if path.name != "terminal.py":
            assert not re.search(
                r"\bConsole\(|rich\.console|sys\.std(out|err)|(?<![.\w])print\(", text
            )
            assert "rich.markup" not in text


def test_our_own_styles_are_left_alone(capsys):
    console = terminal.Terminal(force_terminal=True, width=80, highlight=False)

    console.print("[red]a\x1b[2Jb[/]")

    out = capsys.readouterr().out
    assert "\x1b[31m" in out
    assert "\x1b[2J" not in out
    assert r"\u001b[2J" in out


def test_a_run_under_a_name_with_markup_shows_it_as_it_is(said, tmp_path):
    assert fedmerit is not None
    with pytest.raises(FedmeritError):
        fedmerit.audit(tmp_path / "[bold]x[/bold]")
    _, _, err = said("audit", tmp_path / "[bold]x[/bold]")
    assert "[bold]x[/bold]" in err.replace("\n", "")

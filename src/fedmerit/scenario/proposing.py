"""The short scenario that ``fedmerit init --data`` writes for a table that it has read."""

from __future__ import annotations

import os
import tomllib
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.scenario.toml import as_comment, as_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fedmerit.federation.data.proposal import Described, Proposal
    from fedmerit.scenario.model import Scenario

#: How rows are dealt out where no column says whose they are.
_PARTITION: Final = {"recipe": "iid", "participants": 4}
_WIDEST: Final = 28


def proposed_settings(
    path: Path, data: Path, given: Mapping[str, str] = MappingProxyType({})
) -> dict[str, object]:
    """Give the ``[data]`` section for a table, as seen from the scenario's file at *path*.

    Args:
        path: Where the scenario will stand.
        data: The table.
        given: Settings that are not left to the proposal: label, participant, positive.

    Raises:
        DataError: The table cannot be read, or holds nothing to predict.
    """
    return _settings(path, data, _proposal(data, given))


def proposed_scenario(data: Path, given: Mapping[str, str]) -> Scenario:
    """Give the scenario that :func:`short_starter` would write, without writing it.

    Raises:
        DataError: The table cannot be read, or holds nothing to predict.
        ScenarioError: What was given does not fit.
    """
    from fedmerit.scenario.reading import parse  # noqa: PLC0415 - a circle otherwise

    text = short_starter("table", data.parent.resolve() / "table.toml", data.resolve(), given)
    settings = tomllib.loads(text)
    settings["data"]["source"] = str(data.resolve())
    return parse(settings, origin=data.name)


def short_starter(
    name: str, path: Path, data: Path, given: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Give a scenario of about fifteen lines that runs at once, every column in its comments.

    Args:
        name: What the scenario is called.
        path: Where it will stand.
        data: The table.
        given: Settings that are not left to the proposal: label, participant, positive.

    Raises:
        DataError: The table cannot be read, or holds nothing to predict.
    """
    proposal = _proposal(data, given)
    settings = _settings(path, data, proposal)
    partition = settings.pop("partition", None)
    lines = [
        as_comment(f"What fedmerit takes {data.name} for: {proposal.rows:,} rows."),
        *_columns(proposal.columns),
        *(as_comment(f"note: {note}") for note in proposal.notes),
        as_comment("All settings: fedmerit init --full. What is wrong here, change."),
        as_comment(f"Run it with:  fedmerit run {path}"),
        f"name = {as_toml(name)}",
        "seed = 0",
        *_section("data", settings),
        *(['# dates = "days"  # to learn from the dates too'] if proposal.dates else []),
        *(_section("data.partition", partition) if isinstance(partition, dict) else []),
        *(_section("model", {"kind": "linear"}) if proposal.quantity else []),
        *_section("training", {"rounds": 15}),
        *_section("valuation", {"game": "retraining"}),
        *_section("reward", {"mechanism": "proportional", "budget": str(1000 * 10**18)}),
    ]
    return "\n".join(lines) + "\n"


def _proposal(data: Path, given: Mapping[str, str]) -> Proposal:
    from fedmerit.federation.data.proposal import (  # noqa: PLC0415 - imports pandas
        check_proposal,
        propose,
    )

    proposal = propose(data, label=given.get("label"), participant=given.get("participant"))
    if "positive" in given:
        proposal = replace(proposal, positive=given["positive"])
    check_proposal(proposal, data.name)
    return proposal


def _settings(path: Path, data: Path, proposal: Proposal) -> dict[str, object]:
    settings: dict[str, object] = {
        "source": os.path.relpath(data, path.parent),
        "label": proposal.label,
        "positive": proposal.positive,
        "target": "quantity" if proposal.quantity else None,
        "participant": proposal.participant,
        "missing": "impute" if proposal.impute else None,
        "ignore": list(proposal.ignore) or None,
        "partition": None if proposal.participant else _PARTITION,
    }
    return {name: value for name, value in settings.items() if value is not None}


def _section(name: str, settings: dict[str, object]) -> Iterator[str]:
    yield from ("", f"[{name}]")
    for setting, value in settings.items():
        yield f"{setting} = {as_toml(value)}"


def _columns(columns: tuple[Described, ...]) -> Iterator[str]:
    width = min(_WIDEST, max(len(column.name) for column in columns))
    for column in columns:
        what = column.why or f"{column.kind}, {column.levels:,} different"
        missing = f", {column.missing:,} missing" if column.missing else ""
        yield as_comment(f"  {column.name:<{width}}  {column.role:<11}  {what}{missing}")

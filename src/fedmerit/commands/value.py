"""``fedmerit value``: who would get how much, in seconds, with nothing settled and nothing kept."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from fedmerit.commands.terminal import TerminalProgress, err, print_json, suggest
from fedmerit.errors import ScenarioError
from fedmerit.untrusted import argument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.scenario.model import Scenario

#: What a setting of [data] is called on the command line.
_OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"label": "label", "participant": "by", "positive": "positive"}
)


def value(
    source: str,
    *,
    label: str | None = None,
    by: str | None = None,
    positive: str | None = None,
    seed: int | None = None,
    allow_code: tuple[str, ...] = (),
    output: Literal["table", "json"] = "table",
) -> int:
    """Train, value and divide a budget: no chain, no evidence, nothing written.

    Args:
        source: Your own table (.csv, .tsv, .parquet, ...), a scenario or a shipped one's name, or
            a directory with the run that somebody else made.
        label: The table's column to predict; proposed if absent.
        by: The table's column that says whose row it is; proposed if absent.
        positive: The class that counts as the positive one.
        seed: Run under this seed instead of the scenario's.
        allow_code: The import path of a model or a metric that the files of a directory name and
            that is not one of ours: its code is run. May be given twice.
        output: Form of the result on standard output.
    """
    from fedmerit.commands.summary import as_json  # noqa: PLC0415 - imports plotly
    from fedmerit.commands.tables import show_members  # noqa: PLC0415 - imports plotly
    from fedmerit.preview import previewed  # noqa: PLC0415 - imports torch

    chosen = {"label": label, "participant": by, "positive": positive}
    given = {name: text for name, text in chosen.items() if text is not None}
    scenario, settle, why = _scenario(source, given, allow_code)
    with TerminalProgress(err) as progress, previewed(scenario, seed=seed, progress=progress) as it:
        progress.done()
        if output == "json":
            print_json(as_json(it))
        else:
            show_members(it, title="What a run would pay; nothing is settled")
    suggest(settle, why)
    return 0


def _scenario(
    source: str, given: dict[str, str], allowed: tuple[str, ...]
) -> tuple[Scenario, str, str]:
    """Give the scenario, and the command that settles it with what that is for."""
    from fedmerit.federation.data.files import SUFFIXES  # noqa: PLC0415 - imports pandas
    from fedmerit.scenario.proposing import proposed_scenario  # noqa: PLC0415 - pydantic
    from fedmerit.scenario.reading import load  # noqa: PLC0415 - imports pydantic

    if source.lower().endswith(SUFFIXES) and not Path(source).is_dir():
        options = "".join(f" --{_OPTIONS[name]} {argument(text)}" for name, text in given.items())
        command = f"fedmerit init my-scenario.toml --data {argument(source)}{options}"
        return proposed_scenario(Path(source), given), command, "to write what can be settled"
    if given:
        raise ScenarioError(
            f"{', '.join(f'--{_OPTIONS[name]}' for name in given)} is about a table, and "
            f"{source!r} is a scenario",
            hint="Change the scenario's [data] section instead.",
        )
    code = "".join(f" --allow-code {argument(name)}" for name in allowed)
    scenario = load(source, allow_code=allowed)
    return scenario, f"fedmerit run {argument(source)}{code}", "to settle it"

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
    source: str | None = None,
    *,
    worths: Path | None = None,
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
        worths: Instead of a source, a .csv table of coalitions and what each is worth: a column of
            1 and 0 for each member, then 'worth', or 'worth1', 'worth2', ... for intervals.
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
    from fedmerit.commands.worths import value_worths  # noqa: PLC0415 - beside it
    from fedmerit.preview import previewed  # noqa: PLC0415 - imports torch

    chosen = {"label": label, "participant": by, "positive": positive}
    given = {name: text for name, text in chosen.items() if text is not None}
    if worths is not None:
        _only_worths(worths, source, given, allow_code)
        value_worths(worths, seed=seed or 0, output=output)
        suggest("fedmerit run hospitals", "to see a run that is settled and can be audited")
        return 0
    if source is None:
        raise ScenarioError(
            "nothing is named that could be valued",
            hint="Name a table, a scenario or a directory, or --worths TABLE.",
        )
    scenario, settle, why = _scenario(source, given, allow_code)
    with TerminalProgress(err) as progress, previewed(scenario, seed=seed, progress=progress) as it:
        progress.done()
        if output == "json":
            print_json(as_json(it))
        else:
            show_members(it, title="What a run would pay; nothing is settled")
    suggest(settle, why)
    return 0


def _only_worths(
    worths: Path, source: str | None, given: dict[str, str], allowed: tuple[str, ...]
) -> None:
    """Refuse what says something of a model, where there is none."""
    if source is not None or given or allowed:
        raise ScenarioError(
            f"--worths {worths} is valued with no model, so no source, columns or code go with it",
            hint=f"Leave those out: fedmerit value --worths {argument(worths)}",
        )


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

"""``fedmerit simulate``: one federation under several mechanisms, and what becomes of it."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from cyclopts import Parameter
from rich.progress import Progress
from rich.table import Table

from fedmerit.commands.terminal import err, out, shown
from fedmerit.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.incentives.participation import Patience
    from fedmerit.scenario.model import Scenario
    from fedmerit.simulation import Comparison, Simulation

_HOME: Final = Path("simulations")
_USUAL: Final = "proportional,confident,equal,data-size,fli,uniform-price,second-score,tullock"


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """What members are like.

    Args:
        cost: What everybody's work of a round costs, as a part of its budget.
        rising: Whether work gets dearer the more there is: half of it then costs a quarter.
        outside: What each has elsewhere a round, in equal shares of the budget.
        benefit: Part of what the model brings in that is its members'.
        stake: What each puts down at first, in equal shares of the budget.
        memory: How much of a member's average each round leaves as it was.
        patience: So many rounds in a row below what it has elsewhere, and a member leaves.
        misreporting: Share of honest members that ask for half as much again.
        responding: Share of honest members that look for what pays them best.
    """

    cost: float = 0.5
    rising: bool = False
    outside: float = 0.0
    benefit: float = 0.1
    stake: float = 1.0
    memory: float = 0.5
    patience: int = 2
    misreporting: float = 0.0
    responding: float = 0.0


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluators:
    """What evaluators are like.

    Args:
        lying: Share of evaluators that lie.
        lie: What they say.
        audit: Chance that an evaluator is looked at in a round.
        detection: Chance that a lie is found if so.
        false_alarm: Chance that the truth is taken for one if so.
        slash: What who is taken for a liar loses, in equal shares of the budget.
    """

    lying: float = 0.0
    lie: Literal["praise", "shuffled", "turned"] = "praise"
    audit: float = 0.0
    detection: float = 1.0
    false_alarm: float = 0.0
    slash: float = 0.0


def simulate(
    scenario: str = "marketplace",
    *,
    mechanisms: str = _USUAL,
    rounds: int = 10,
    seed: int | None = None,
    deviators: int = 4,
    dir: Path | None = None,  # noqa: A002 - the option is called --dir
    output: Literal["table", "json"] = "table",
    members: Members = Members(),
    evaluators: Evaluators = Evaluators(),
) -> int:
    """Run one federation under several mechanisms, with members that leave when it does not pay.

    The members, rows, draws and costs are the same under each. Writes simulation.json and
    simulation.html, a page with everything side by side.

    Args:
        scenario: A shipped scenario ('fedmerit list') or a .toml file.
        mechanisms: Their names, with commas between.
        rounds: So many, each paid an equal part of the scenario's budget.
        seed: Run under this seed instead of the scenario's.
        deviators: Honest members that deviate, one at a time, to see what that brings.
        dir: Where to write; simulations/SCENARIO-NUMBER if absent.
        output: Form of the result on standard output.
        members: What members are like.
        evaluators: What evaluators are like.
    """
    from fedmerit.scenario.reading import load, reseeded  # noqa: PLC0415 - imports pydantic
    from fedmerit.simulation import Simulation  # noqa: PLC0415 - imports torch

    asked = load(scenario) if seed is None else reseeded(load(scenario), seed)
    names = dict.fromkeys(filter(None, map(str.strip, mechanisms.split(","))))
    like = asdict(members)
    settings = Simulation(
        mechanisms=tuple(names),
        rounds=rounds,
        deviators=deviators,
        patience=_patience(like),
        **like,
        **asdict(evaluators),
    )
    with _target(dir, asked.name) as target:
        comparison = _simulated(asked, settings)
        written = _write(target, comparison)
    if output == "json":
        out.print(written["simulation.json"], markup=False, soft_wrap=True)
    else:
        _show(comparison)
        out.print(f"[bold]Page[/]  {shown(str(target / 'simulation.html'))}", soft_wrap=True)
    err.print(
        f"[dim]next:[/] fedmerit check {shown(settings.mechanisms[0])}  "
        "[dim]to see what it promises[/]",
        soft_wrap=True,
    )
    return 0


def _patience(like: dict[str, Any]) -> Patience:
    """Take what is patience out of what members are like."""
    from fedmerit.incentives.participation import Patience  # noqa: PLC0415 - imports scipy

    return Patience(memory=like.pop("memory"), rounds=like.pop("patience"))


def _simulated(scenario: Scenario, settings: Simulation) -> Comparison:
    from fedmerit.simulation import simulate as simulated  # noqa: PLC0415 - imports torch

    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("Simulating", total=settings.rounds)
        return simulated(
            scenario, settings, advance=lambda done, _: progress.update(task, completed=done)
        )


@contextmanager
def _target(directory: Path | None, scenario: str) -> Iterator[Path]:
    """Make the directory to write to; if nothing comes to be written, it goes again.

    Raises:
        BundleError: It exists already and is not empty, or cannot be made.
    """
    if directory is None:
        numbered = (_HOME / f"{scenario}-{number}" for number in count(1))
        directory = next(path for path in numbered if not path.exists())
    new = [path for path in (directory, *directory.parents) if not path.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        occupied = any(directory.iterdir())
    except OSError as error:
        raise BundleError(
            f"{directory} cannot be written to: {error.strerror}", hint="Name another directory."
        ) from error
    if occupied:
        raise BundleError(f"{directory} is not empty", hint="Name a new directory with --dir.")
    try:
        yield directory
    except BaseException:
        for made in new:
            with suppress(OSError):  # what holds something stays
                made.rmdir()
        raise


def _write(target: Path, comparison: Comparison) -> dict[str, str]:
    from fedmerit.simulation.document import as_json  # noqa: PLC0415 - as simulate
    from fedmerit.simulation.page import render  # noqa: PLC0415 - imports plotly

    files = {
        "simulation.json": json.dumps(as_json(comparison), indent=2, ensure_ascii=False),
        "simulation.html": render(comparison),
    }
    for name, text in files.items():
        (target / name).write_text(text, encoding="utf-8")
    return files


def _show(comparison: Comparison) -> None:
    from fedmerit.simulation.page import tables  # noqa: PLC0415 - imports plotly

    found = tables.brief(comparison)
    out.print(f"[bold]{shown(found.caption)}[/]", soft_wrap=True)
    table = Table()
    for place, column in enumerate(found.columns):
        table.add_column(column, justify="right" if place else "left", no_wrap=not place)
    for row in found.rows:
        table.add_row(*map(shown, row))
    out.print(table)

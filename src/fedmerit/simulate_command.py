"""``fedmerit simulate``: one federation under several mechanisms, and what becomes of it."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from fedmerit.errors import BundleError

if TYPE_CHECKING:
    from fedmerit.simulation import Comparison

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

_HOME: Final = Path("simulations")
_USUAL: Final = "proportional,confident,equal,data-size,fli,uniform-price,second-score,tullock"


def simulate(
    scenario: str = "marketplace",
    *,
    mechanisms: str = _USUAL,
    rounds: int = 10,
    seed: int | None = None,
    deviators: int = 4,
    cost: float = 0.5,
    outside: float = 0.0,
    benefit: float = 0.1,
    stake: float = 1.0,
    memory: float = 0.5,
    patience: int = 2,
    misreporting: float = 0.0,
    responding: float = 0.0,
    lying: float = 0.0,
    lie: Literal["praise", "shuffled", "turned"] = "praise",
    audit: float = 0.0,
    detection: float = 1.0,
    false_alarm: float = 0.0,
    slash: float = 0.0,
    dir: Path | None = None,  # noqa: A002 - the option is called --dir
    output: Literal["table", "json"] = "table",
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
        cost: What everybody's work of a round costs, as a part of its budget.
        outside: What each has elsewhere a round, in equal shares of the budget.
        benefit: Part of what the model brings in that is its members'.
        stake: What each puts down at first, in equal shares of the budget.
        memory: How much of a member's average each round leaves as it was.
        patience: So many rounds in a row below what it has elsewhere, and a member leaves.
        misreporting: Share of honest members that ask for half as much again.
        responding: Share of honest members that look for what pays them best.
        lying: Share of evaluators that lie.
        lie: What they say.
        audit: Chance that an evaluator is looked at in a round.
        detection: Chance that a lie is found if so.
        false_alarm: Chance that the truth is taken for one if so.
        slash: What who is taken for a liar loses, in equal shares of the budget.
        dir: Where to write; simulations/SCENARIO-NUMBER if absent.
        output: Form of the result on standard output.
    """
    from fedmerit import simulation as simulating  # noqa: PLC0415 - imports torch
    from fedmerit.incentives.participation import Patience  # noqa: PLC0415 - imports scipy
    from fedmerit.reading import load, reseeded  # noqa: PLC0415 - imports pydantic

    asked = load(scenario) if seed is None else reseeded(load(scenario), seed)
    settings = simulating.Simulation(
        mechanisms=tuple(dict.fromkeys(filter(None, map(str.strip, mechanisms.split(","))))),
        rounds=rounds,
        deviators=deviators,
        cost=cost,
        outside=outside,
        benefit=benefit,
        stake=stake,
        patience=Patience(memory=memory, rounds=patience),
        misreporting=misreporting,
        responding=responding,
        lying=lying,
        lie=lie,
        audit=audit,
        detection=detection,
        false_alarm=false_alarm,
        slash=slash,
    )
    target = _target(dir, asked.name)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("Simulating", total=rounds)
        comparison = simulating.simulate(
            asked, settings, advance=lambda done, _: progress.update(task, completed=done)
        )
    written = _write(target, comparison)
    if output == "json":
        out.print(written["simulation.json"], markup=False, soft_wrap=True)
    else:
        _show(comparison)
        out.print(f"[bold]Page[/]  {escape(str(target / 'simulation.html'))}", soft_wrap=True)
    err.print(
        f"[dim]next:[/] fedmerit check {escape(settings.mechanisms[0])}  "
        "[dim]to see what it promises[/]",
        soft_wrap=True,
    )
    return 0


def _target(directory: Path | None, scenario: str) -> Path:
    """Make the directory to write to.

    Raises:
        BundleError: It exists already and is not empty, or cannot be made.
    """
    if directory is None:
        numbered = (_HOME / f"{scenario}-{number}" for number in count(1))
        directory = next(path for path in numbered if not path.exists())
    try:
        directory.mkdir(parents=True, exist_ok=True)
        occupied = any(directory.iterdir())
    except OSError as error:
        raise BundleError(
            f"{directory} cannot be written to: {error.strerror}", hint="Name another directory."
        ) from error
    if occupied:
        raise BundleError(f"{directory} is not empty", hint="Name a new directory with --dir.")
    return directory


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
    out.print(f"[bold]{escape(found.caption)}[/]", soft_wrap=True)
    table = Table()
    for place, column in enumerate(found.columns):
        table.add_column(column, justify="right" if place else "left", no_wrap=not place)
    for row in found.rows:
        table.add_row(*map(escape, row))
    out.print(table)

"""``fedmerit check``: hold mechanisms to what they claim, and show where one fails."""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

from rich.progress import track
from rich.table import Table

from fedmerit.commands.terminal import err, out, shown
from fedmerit.errors import RewardError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.incentives.checking import PropertyResult, Verdict

_COLOURS = {
    "held": "green",
    "violated": "red",
    "never tried": "magenta",
    "not claimed": "yellow",
}


def check(
    *mechanisms: str,
    all: bool = False,  # noqa: A002 - the option is called --all
    trials: int | None = None,
    seed: int = 0,
    thorough: float | None = None,
    witnesses: Path = Path("witnesses.json"),
    output: Literal["table", "json"] = "table",
) -> int:
    """Try every property of mechanisms, and show the worst case found of each.

    Exit status 1 says that a mechanism breaks a promise, or makes one that no setting tries in as
    many trials as are usual. In fewer, what was not tried is named and nothing is held against it.

    Args:
        mechanisms: Their names ('fedmerit check --all' shows every one).
        all: Check every mechanism there is; a minute or two.
        trials: Settings a property; 40 if absent.
        seed: Of the draws.
        thorough: Minutes to go on for, with other draws each time.
        witnesses: Where a thorough check keeps the worst cases that it found so far.
        output: Form of the result on standard output.
    """
    from fedmerit.incentives import MECHANISMS, checking  # noqa: PLC0415 - imports scipy

    names = list(MECHANISMS) if all else list(dict.fromkeys(mechanisms))
    if not names:
        raise RewardError(
            "nothing to check", hint="Name mechanisms, or check every one: fedmerit check --all"
        )
    for name in names:
        if name not in MECHANISMS:
            hint = suggestion(name, MECHANISMS)
            raise RewardError(f"no mechanism is called {name!r}", hint=hint)
    trials = checking.TRIALS if trials is None else trials
    if thorough is None:
        tried = [(name, trials, checking.GRID, seed) for name in names]
        verdicts = _shown(_verdicts(tried), len(names))
    else:
        verdicts = search(names, trials, seed, minutes=thorough, path=witnesses)
    if output == "json":
        text = json.dumps([as_json(verdict) for verdict in verdicts], indent=2)
        out.print(text, markup=False, soft_wrap=True)
    elif len(verdicts) > 1:
        _show_all(verdicts)
    else:
        _show(verdicts[0])
    return _concluded(verdicts, enough=trials >= checking.TRIALS)


def _concluded(verdicts: list[Verdict], *, enough: bool) -> int:
    """Say in a line what came of it, and give the exit status."""
    broken = [verdict.mechanism for verdict in verdicts if verdict.violated]
    untried = [f"{v.mechanism} ({', '.join(v.never_tried)})" for v in verdicts if v.never_tried]
    said = [f"{_count_held(verdicts)} claims held"]
    if broken:
        said.append(f"broken: {', '.join(broken)}")
    if untried:
        why = "no setting tries" if enough else "not tried in so few settings (more: --trials)"
        said.append(f"{why}: {', '.join(untried)}")
    err.print("; ".join(said), soft_wrap=True)
    return 1 if broken or (untried and enough) else 0


def search(
    names: list[str], trials: int, seed: int, *, minutes: float, path: Path
) -> list[Verdict]:
    """Check mechanisms again and again, and keep the worst of each property.

    Args:
        names: Of mechanisms.
        trials: Settings a property, each time.
        seed: Of the first time; the next times' follow.
        minutes: To go on for; the first time is finished in any case.
        path: Of the file that says how far it got, written every time.
    """
    from fedmerit.incentives.checking import GRID, merged  # noqa: PLC0415 - imports scipy

    worst: dict[str, Verdict] = {}
    end = monotonic() + 60 * minutes
    for round_ in count(seed):
        # The small grids are the same every time.
        grid = GRID if round_ == seed else 0
        for verdict in _shown(_verdicts([(n, trials, grid, round_) for n in names]), len(names)):
            before = worst.get(verdict.mechanism)
            worst[verdict.mechanism] = merged(before, verdict) if before else verdict
        text = json.dumps([as_json(verdict) for verdict in worst.values()], indent=2)
        path.write_text(text + "\n", "utf-8")
        if monotonic() > end:
            return list(worst.values())
    raise AssertionError  # there is always a next seed


def _shown(verdicts: Iterator[Verdict], total: int) -> list[Verdict]:
    """Wait for verdicts, with a bar on a terminal."""
    disabled = not err.is_terminal
    return list(track(verdicts, "Checking", total=total, console=err, disable=disabled))


def _verdicts(tried: list[tuple[str, int, int, int]]) -> Iterator[Verdict]:
    """Check mechanisms by name, trials, grid and seed, side by side: none depends on another."""
    if len(tried) == 1:
        yield _verdict(tried[0])
        return
    with ProcessPoolExecutor(min(len(tried), os.cpu_count() or 1), get_context("spawn")) as pool:
        yield from pool.map(_verdict, tried)


def _verdict(tried: tuple[str, int, int, int]) -> Verdict:
    from fedmerit.incentives import MECHANISMS, checking  # noqa: PLC0415 - imports scipy

    name, trials, grid, seed = tried
    return checking.check(MECHANISMS[name], trials=trials, grid=grid, seed=seed)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Give a verdict as plain values."""
    return {
        "mechanism": verdict.mechanism,
        "held": verdict.held,
        "properties": [
            {
                "property": result.claim.value,
                "status": result.status,
                "domain": list(result.domain),
                "trials": result.trials,
                "gain": None if result.gain is None else round(result.gain, 3),
                "witness": result.witness,
                "outside": result.outside,
            }
            for result in verdict.results
        ],
    }


def _count_held(verdicts: list[Verdict]) -> int:
    return sum(result.status == "held" for verdict in verdicts for result in verdict.results)


def _show(verdict: Verdict) -> None:
    """Show one mechanism: a row a property, then every witness, then what cannot be had."""
    from fedmerit.incentives import MECHANISMS  # noqa: PLC0415 - imports scipy
    from fedmerit.incentives.mechanisms import WHERE  # noqa: PLC0415 - as above
    from fedmerit.incentives.mechanisms.impossible import given_up  # noqa: PLC0415 - as above

    table = Table("Property", "", "Where", "Largest gain", "Trials", title=verdict.mechanism)
    for result in verdict.results:
        if result.trials or result.status != "not claimed":
            status = f"[{_COLOURS[result.status]}]{result.status}[/]"
            where = ", ".join(result.domain)
            table.add_row(result.claim.value, status, where, _gain(result), str(result.trials))
    out.print(table)
    for result in verdict.results:
        if result.witness:
            out.print(f"[bold]{result.claim}[/]  {shown(result.witness)}", soft_wrap=True)
        if result.outside:
            where = " and ".join(WHERE[condition] for condition in result.domain)
            out.print(
                f"[bold]{result.claim}[/], but not unless {where}:  {shown(result.outside)}",
                soft_wrap=True,
            )
    for claim, why in given_up(MECHANISMS[verdict.mechanism]):
        others = ", ".join(sorted(why.claims - {claim}))
        out.print(
            f"[bold]cannot be had[/]  {claim} beside {others}: {why.says} ({why.source})",
            soft_wrap=True,
        )


def _show_all(verdicts: list[Verdict]) -> None:
    """Show a row a mechanism; of what is not claimed, what was broken."""
    table = Table(
        "Mechanism", "Held", "Violated or never tried", "Not claimed, and a case was found"
    )
    for verdict in verdicts:
        groups: dict[str, list[str]] = {status: [] for status in _COLOURS}
        for result in verdict.results:
            if result.status != "not claimed" or result.witness:
                groups[result.status].append(result.claim.value)
        broken = ", ".join(groups["violated"] + groups["never tried"])
        table.add_row(
            verdict.mechanism,
            str(len(groups["held"])),
            f"[red]{broken}[/]" if broken else "none",
            ", ".join(groups["not claimed"]),
        )
    out.print(table)
    for verdict in verdicts:
        for result in verdict.results:
            if result.status == "violated":
                said = f"[bold]{verdict.mechanism}, {result.claim}[/]  {shown(result.witness)}"
                out.print(said, soft_wrap=True)


def _gain(result: PropertyResult) -> str:
    return "none" if not result.gain else f"{result.gain:,.0f}"

"""``fedmerit check``: hold mechanisms to what they claim, and show where one fails."""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Literal

from rich.progress import track
from rich.table import Table

from fedmerit.commands.terminal import err, out, shown
from fedmerit.errors import RewardError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.incentives.checking import PropertyResult, Verdict

_COLOURS = {"held": "green", "violated": "red", "not claimed": "yellow"}


def check(
    *mechanisms: str,
    all: bool = False,  # noqa: A002 - the option is called --all
    trials: int | None = None,
    seed: int = 0,
    output: Literal["table", "json"] = "table",
) -> int:
    """Try every property of mechanisms, and show the worst case found of each.

    Exit status 1 says that a mechanism breaks a promise.

    Args:
        mechanisms: Their names ('fedmerit check --all' shows every one).
        all: Check every mechanism there is; a minute or two.
        trials: Drawn settings a property; 60 if absent.
        seed: Of the draws.
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
    tried = ((name, checking.TRIALS if trials is None else trials, seed) for name in names)
    verdicts = list(
        track(
            _verdicts(list(tried)),
            "Checking",
            total=len(names),
            console=err,
            disable=not err.is_terminal,
        )
    )
    if output == "json":
        text = json.dumps([as_json(verdict) for verdict in verdicts], indent=2)
        out.print(text, markup=False, soft_wrap=True)
    elif len(verdicts) > 1:
        _show_all(verdicts)
    else:
        _show(verdicts[0])
    held = _count_held(verdicts)
    broken = [verdict.mechanism for verdict in verdicts if not verdict.held]
    err.print(f"{held} claims held" + (f"; broken: {', '.join(broken)}" if broken else ""))
    return 1 if broken else 0


def _verdicts(tried: list[tuple[str, int, int]]) -> Iterator[Verdict]:
    """Check mechanisms by name, trials and seed, side by side: none depends on another."""
    if len(tried) == 1:
        yield _verdict(tried[0])
        return
    with ProcessPoolExecutor(min(len(tried), os.cpu_count() or 1), get_context("spawn")) as pool:
        yield from pool.map(_verdict, tried)


def _verdict(tried: tuple[str, int, int]) -> Verdict:
    from fedmerit.incentives import MECHANISMS, checking  # noqa: PLC0415 - imports scipy

    name, trials, seed = tried
    return checking.check(MECHANISMS[name], trials=trials, seed=seed)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Give a verdict as plain values."""
    return {
        "mechanism": verdict.mechanism,
        "held": verdict.held,
        "properties": [
            {
                "property": result.claim.value,
                "status": result.status,
                "trials": result.trials,
                "gain": None if result.gain is None else round(result.gain, 3),
                "witness": result.witness,
            }
            for result in verdict.results
        ],
    }


def _count_held(verdicts: list[Verdict]) -> int:
    return sum(result.status == "held" for verdict in verdicts for result in verdict.results)


def _show(verdict: Verdict) -> None:
    """Show one mechanism: a row a property, then every witness, then what cannot be had."""
    from fedmerit.incentives import MECHANISMS  # noqa: PLC0415 - imports scipy
    from fedmerit.incentives.mechanisms.impossible import given_up  # noqa: PLC0415 - as above

    table = Table("Property", "", "Largest gain", "Trials", title=verdict.mechanism)
    for result in verdict.results:
        if result.trials:
            status = f"[{_COLOURS[result.status]}]{result.status}[/]"
            table.add_row(result.claim.value, status, _gain(result), str(result.trials))
    out.print(table)
    for result in verdict.results:
        if result.witness:
            out.print(f"[bold]{result.claim}[/]  {shown(result.witness)}", soft_wrap=True)
    for claim, why in given_up(MECHANISMS[verdict.mechanism]):
        others = ", ".join(sorted(why.claims - {claim}))
        out.print(
            f"[bold]cannot be had[/]  {claim} beside {others}: {why.says} ({why.source})",
            soft_wrap=True,
        )


def _show_all(verdicts: list[Verdict]) -> None:
    """Show a row a mechanism; of what is not claimed, what was broken."""
    table = Table("Mechanism", "Held", "Violated", "Not claimed, and a case was found")
    for verdict in verdicts:
        groups: dict[str, list[str]] = {"held": [], "violated": [], "not claimed": []}
        for result in verdict.results:
            if result.status != "not claimed" or result.witness:
                groups[result.status].append(result.claim.value)
        broken = ", ".join(groups["violated"])
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

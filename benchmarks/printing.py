"""Tables of the estimators' benchmark: a row per method, a column per family and budget."""

from __future__ import annotations

from collections import defaultdict
from math import nan
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scoring import Cell, Score

    #: A column's scores by method.
    Column = dict[str, list[Score]]
    Columns = dict[tuple[str, int], Column]

#: What the best estimator of federated tables must reach with ten members, by budget.
FEDERATED_TARGETS: Final[Mapping[int, float]] = MappingProxyType(
    {30: 0.018, 50: 0.011, 100: 0.0031, 200: 0.0008}
)
#: Values that agree to this are exact: what is left is rounding.
_ROUNDING: Final = 1e-20
_EVEN: Final = 0.05


def closed_forms(scores: Mapping[Cell, Score], n: int) -> None:
    """Print the closed-form families at *n* participants: errors, verdicts, coverage."""
    columns = _columns(scores, lambda cell: cell.participants == n and not cell.source.isdigit())
    if not columns:
        return
    print(f"\n## {n} participants: median of MSE / mean(phi^2)  (* best of ours, + best peer)\n")
    names = [f"{source} {budget}" for source, budget in columns]
    _table(names, [_medians(column) for column in columns.values()])
    print("\nauto against the best peer:")
    for name, column in zip(names, columns.values(), strict=True):
        print(f"  {name:<18} {_verdict(_medians(column))}")
    _coverage(f"{n} participants", names, list(columns.values()))
    _seconds(names, list(columns.values()))


def federated_tables(scores: Mapping[Cell, Score]) -> None:
    """Print the federated tables: errors beside targets, cosine distances, ranks, coverage."""
    by_table = _columns(scores, lambda cell: cell.source.isdigit())
    budgets = sorted({budget for _, budget in by_table})
    joined = {
        budget: [column for (_, at), column in by_table.items() if at == budget]
        for budget in budgets
    }
    names = [f"B={budget}" for budget in budgets]
    count = len(joined[budgets[0]])
    print(f"\n## {count} federated tables, 10 participants: geometric mean of median errors\n")
    errors = [_joined(joined[budget], lambda s: s.error, _geometric) for budget in budgets]
    _table(names, errors)
    print("\nauto against the target and the best peer:")
    for budget, medians in zip(budgets, errors, strict=True):
        target = FEDERATED_TARGETS.get(budget)
        reached = medians.get("auto", nan)
        verdict = "" if target is None else f"target {target:.2g}: {_passes(reached <= target)}; "
        print(f"  {f'B={budget}':<18} {verdict}{_verdict(medians)}")
    print("\n### Cosine distance, mean over tables of the median\n")
    _table(names, [_joined(joined[b], lambda s: s.cosine, np.mean) for b in budgets])
    print("\n### Spearman's correlation, mean over tables of the median\n")
    ranks = [_joined(joined[b], lambda s: s.rank, np.mean) for b in budgets]
    _table(names, ranks, marks=False, form="{:.3f}")
    pooled = [_pooled(joined[budget]) for budget in budgets]
    _coverage("federated tables", names, pooled)
    _seconds(names, pooled)


def _columns(scores: Mapping[Cell, Score], keep: Callable[[Cell], bool]) -> Columns:
    columns: Columns = {}
    for cell, score in scores.items():
        if keep(cell):
            column = columns.setdefault((cell.source, cell.budget), defaultdict(list))
            column[cell.method].append(score)
    order: dict[str, None] = dict.fromkeys(source for source, _ in columns)
    budgets = sorted({budget for _, budget in columns})
    return {(s, b): columns[s, b] for s in order for b in budgets if (s, b) in columns}


def _medians(column: Column, of: Callable[[Score], float] = lambda s: s.error) -> dict[str, float]:
    """Give each method's median; NaN where it failed on half of the seeds or more."""
    medians = {}
    for method, scores in column.items():
        found = [of(score) for score in scores if np.isfinite(of(score))]
        medians[method] = float(np.median(found)) if 2 * len(found) > len(scores) else nan
    return medians


def _joined(
    columns: Sequence[Column],
    of: Callable[[Score], float],
    mean: Callable[[list[float]], float],
) -> dict[str, float]:
    tables = [_medians(column, of) for column in columns]
    methods = dict.fromkeys(method for table in tables for method in table)
    return {m: float(mean([table.get(m, nan) for table in tables])) for m in methods}


def _geometric(values: list[float]) -> float:
    return float(np.exp(np.mean(np.log(np.maximum(values, 1e-300)))))


def _pooled(columns: Sequence[Column]) -> Column:
    pooled: Column = defaultdict(list)
    for column in columns:
        for method, scores in column.items():
            pooled[method] += scores
    return pooled


def is_peer(method: str) -> bool:
    """Tell another library's method, which its library's name begins, from ours."""
    return " " in method


def _table(
    names: Sequence[str],
    columns: Sequence[Mapping[str, float]],
    *,
    marks: bool = True,
    form: str = "{:.1e}",
) -> None:
    methods = list(dict.fromkeys(method for column in columns for method in column))
    methods.sort(key=is_peer)
    best = [_best(column) if marks else ("", "") for column in columns]
    wide = [max(9, len(name)) for name in names]
    print(f"{'':<30}" + "".join(f"{n:>{w + 2}}" for n, w in zip(names, wide, strict=True)))
    for method in methods:
        cells = []
        for column, (ours, peer), width in zip(columns, best, wide, strict=True):
            found = column.get(method, nan)
            mark = "*" if method == ours else "+" if method == peer else " "
            shown = "-" if np.isnan(found) else form.format(found)
            cells.append(f"{shown:>{width + 1}}{mark}")
        print(f"{method:<30}" + "".join(cells))


def _best(column: Mapping[str, float]) -> tuple[str, str]:
    """Give the best of ours and the best peer, by name; empty where there is none."""
    found = {method: error for method, error in column.items() if not np.isnan(error)}
    ours = [m for m in found if not is_peer(m) and m not in {"uniform", "auto"}]
    theirs = [m for m in found if is_peer(m)]
    return min(ours, key=found.get, default=""), min(theirs, key=found.get, default="")  # type: ignore[arg-type]


def _verdict(medians: Mapping[str, float]) -> str:
    auto = medians.get("auto", nan)
    ours, peer = _best(medians)
    text = f"auto {auto:.1e}"
    if ours:
        text += f", best of ours {medians[ours]:.1e} ({ours})"
    if not peer:
        return text
    theirs = medians[peer]
    ratio = max(auto, _ROUNDING) / max(theirs, _ROUNDING)
    # Where both have the truth but for a game's own noise, chance decides who is nearer.
    verdict = "even" if abs(ratio - 1) <= _EVEN else _passes(ratio <= 1)
    return f"{text}, best peer {theirs:.1e} ({peer}): {ratio:.2g} x, {verdict}"


def _passes(reached: bool) -> str:
    return "pass" if reached else "MISS"


def _coverage(what: str, names: Sequence[str], columns: Sequence[Column]) -> None:
    """Print how many of the 95% intervals held the truth, over seeds and participants."""
    shares = []
    for column in columns:
        means = {
            method: [s.covered for s in scores if not np.isnan(s.covered)]
            for method, scores in column.items()
        }
        shares.append({m: float(np.mean(found)) for m, found in means.items() if found})
    if any(shares):
        print(f"\n### {what}: share of 95% intervals that hold the truth\n")
        _table(names, shares, marks=False, form="{:.3f}")


def _seconds(names: Sequence[str], columns: Sequence[Column]) -> None:
    print("\n### Seconds a run, median\n")
    medians = [_medians(column, lambda s: s.seconds) for column in columns]
    _table(names, medians, marks=False, form="{:.3f}")

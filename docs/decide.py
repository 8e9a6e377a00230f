"""Fill in the tables of docs/explanation/mechanisms.md from what the checker finds.

Takes a minute or two, so a test compares the tables with what mechanisms claim, and does not
check them all again. Run this after a change to a mechanism or to the checker:

    python docs/decide.py
"""  # noqa: INP001 - a script beside the pages, not a package

from __future__ import annotations

import os
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from fedmerit.incentives import MECHANISMS
from fedmerit.incentives.checking import TRIALS, check
from fedmerit.incentives.mechanisms import WHERE, Need, Property
from fedmerit.incentives.mechanisms.impossible import IMPOSSIBLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fedmerit.incentives.checking import Verdict

PAGE: Final = Path(__file__).parent / "explanation" / "mechanisms.md"
#: The columns of the table; conservation is held by all.
COLUMNS: Final = tuple(claim for claim in Property if claim is not Property.CONSERVATION)
HELD, FOUND, UNTRIED, CLEAR = "yes", "**no**", "", "-"


class Question(NamedTuple):
    """What a consortium may ask for.

    Attributes:
        asks: In its words.
        must: What has to hold.
        given: What every mechanism to choose from decides by.
        without: What it must not need.
    """

    asks: str
    must: frozenset[Property]
    given: frozenset[Need] = frozenset()
    without: frozenset[Need] = frozenset()


_OFFERS: Final = frozenset({Need.BIDS, Need.REPORTS})
QUESTIONS: Final = (
    Question(
        "Values are measured; all of the budget goes out, and nulls get nothing",
        frozenset({Property.SBB, Property.SYM, Property.NULL}),
        without=_OFFERS,
    ),
    Question(
        "The same, and two rounds settled together must pay what they pay apart",
        frozenset({Property.SBB, Property.SYM, Property.NULL, Property.ADD}),
        without=_OFFERS,
    ),
    Question("Members could walk out together", frozenset({Property.CORE}), without=_OFFERS),
    Question(
        "Names are free, and data can be copied",
        frozenset({Property.REPLICATION, Property.NULL}),
        without=_OFFERS,
    ),
    Question(
        "Harm should be charged, to a stake",
        frozenset({Property.NULL}),
        given=frozenset({Need.STAKES}),
        without=_OFFERS,
    ),
    Question(
        "Members' costs are their secret; the budget is fixed",
        frozenset({Property.DSIC, Property.IR, Property.WBB}),
        given=frozenset({Need.BIDS}),
        without=frozenset({Need.STAKES}),
    ),
    Question(
        "Members' costs are their secret; the most useful data must be bought",
        frozenset({Property.DSIC, Property.IR, Property.EFF}),
        given=frozenset({Need.BIDS}),
    ),
    Question(
        "Costs are known; efforts cannot be ordered, only rewarded",
        frozenset({Property.NASH, Property.IR}),
        given=frozenset({Need.BIDS}),
    ),
    Question(
        "Models are sold, and what they are worth to buyers is their secret",
        frozenset({Property.DSIC, Property.IR, Property.WBB}),
        given=frozenset({Need.BIDS, Need.STAKES}),
    ),
    Question(
        "Costs come now and income later",
        frozenset({Property.WBB}),
        given=frozenset({Need.CONTRIBUTIONS, Need.BIDS, Need.HISTORY}),
    ),
    Question(
        "Evaluators must be paid, and nobody can check them",
        frozenset({Property.BNIC}),
        given=frozenset({Need.REPORTS}),
    ),
)


def filled(page: str, verdicts: Sequence[Verdict]) -> str:
    """Give *page* with every generated part made afresh from *verdicts*."""
    parts = {
        "answers": answers(verdicts),
        "properties": properties(verdicts),
        "conditions": conditions(),
        "impossible": impossible(),
        "outside": outside(verdicts),
        "cases": cases(verdicts),
    }
    block = re.compile(r"(?<=<!-- checked: )(\w+) -->\n.*?(?=<!-- end -->)", re.DOTALL)
    return block.sub(lambda found: f"{found[1]} -->\n\n{parts[found[1]]}\n\n", page)


def answers(verdicts: Sequence[Verdict]) -> str:
    """Give, for each question, the mechanisms for which all that must hold did."""
    rows = []
    for question in QUESTIONS:
        fit = [
            f"`{verdict.mechanism}`{_bound(verdict, question.must)}"
            for verdict in verdicts
            if _fits(question, MECHANISMS[verdict.mechanism].needs)
            and all(verdict.of(claim).status == "held" for claim in question.must)
        ]
        must = ", ".join(claim.value for claim in Property if claim in question.must)
        rows.append((question.asks, must, ", ".join(fit)))
    return _table(("what you need", "so it must hold that", "choose from"), rows)


def properties(verdicts: Sequence[Verdict]) -> str:
    """Give a row a mechanism and a column a property."""
    head = ("", "needs", *(claim.value for claim in COLUMNS))
    rows = [
        (
            f"`{verdict.mechanism}`",
            ", ".join(sorted(MECHANISMS[verdict.mechanism].needs)) or "nothing",
            *(mark(verdict, claim) for claim in COLUMNS),
        )
        for verdict in verdicts
    ]
    return _table(head, rows)


def mark(verdict: Verdict, claim: Property) -> str:
    """Say what was found of a claim, in a word, and where it is made."""
    result = verdict.of(claim)
    if result.status == "held":
        return ", ".join((HELD, *result.domain))
    if result.witness:
        return FOUND
    return CLEAR if result.trials else UNTRIED


def conditions() -> str:
    """Give what each condition of a claim says."""
    return _table(("condition", "it holds where"), ((f"{c}", text) for c, text in WHERE.items()))


def outside(verdicts: Sequence[Verdict]) -> str:
    """Give the worst case found of each claim where one of its conditions does not hold."""
    rows = (
        (
            f"`{verdict.mechanism}`",
            result.claim.value,
            ", ".join(result.domain),
            result.outside.replace("|", r"\|"),
        )
        for verdict in verdicts
        for result in verdict.results
        if result.outside
    )
    return _table(("mechanism", "property", "claimed where", "worst case found elsewhere"), rows)


def impossible() -> str:
    """Give what cannot be had together."""
    rows = (
        (
            ", ".join(claim.value for claim in Property if claim in each.claims),
            each.says,
            each.source,
        )
        for each in IMPOSSIBLE
    )
    return _table(("not all of", "because", "shown by"), rows)


def cases(verdicts: Sequence[Verdict]) -> str:
    """Give the worst case found of each property that a mechanism does not claim."""
    rows = (
        (f"`{verdict.mechanism}`", result.claim.value, result.witness.replace("|", r"\|"))
        for verdict in verdicts
        for result in verdict.results
        if result.witness
    )
    return _table(("mechanism", "property", "worst case found"), rows)


def _bound(verdict: Verdict, must: Iterable[Property]) -> str:
    """Say what the claims among *must* are bound to."""
    bound = sorted({condition for claim in must for condition in verdict.of(claim).domain})
    return f" ({', '.join(bound)})" if bound else ""


def _fits(question: Question, needs: frozenset[Need]) -> bool:
    return question.given <= needs and not question.without & needs


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = tuple(head)
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _verdict(name: str) -> Verdict:
    return check(MECHANISMS[name], trials=TRIALS)


def main() -> None:
    """Check every mechanism, and write the page."""
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        verdicts = list(pool.map(_verdict, MECHANISMS))
    if broken := [verdict.mechanism for verdict in verdicts if not verdict.held]:
        raise SystemExit(f"these break what they claim: {', '.join(broken)}")
    PAGE.write_text(filled(PAGE.read_text("utf-8"), verdicts), "utf-8")


if __name__ == "__main__":
    main()

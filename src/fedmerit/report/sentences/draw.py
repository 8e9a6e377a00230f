"""Sentences on the draw: where the valuation's seed came from, and what it cost whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from fedmerit.report.units import count, duration, exact_tokens, listed

if TYPE_CHECKING:
    from collections.abc import Container

    from fedmerit.report.findings import Findings

_MOST: Final = 8
_NOBODY: Final = (
    "nobody could foresee it, so nobody could pick the joining orders or coalitions that others "
    "are valued by."
)
_ALONE: Final = (
    "this member alone drew it, could foresee it, and so could pick the joining orders or "
    "coalitions that others are valued by."
)


def drawing(findings: Findings) -> list[Markup]:
    """Say who drew the seed, and who lost its stake over it."""
    drawn, asked = findings.drawn, findings.scenario.settlement
    if not drawn.draws:
        return [
            Markup(
                "The scenario asks for no draw: the valuation took its random numbers from the "
                "scenario's own seed, {}, which whoever wrote the scenario could have tried out."
            ).format(findings.run.seed)
        ]
    said = [
        Markup(
            "Before anyone was valued, the members bound themselves to their updates and to a "
            "secret each, in {bind}, and then showed both, in {show}. {who} did, in {draws}. "
            "What was shown and the committed updates make the seed of the valuation, "
            "<code>{seed}</code>: {foreseen}"
        ).format(
            bind=duration(asked.commit_window),
            show=duration(asked.reveal_window),
            who=listed(_in_order(findings, drawn.revealed), _MOST),
            draws=count(drawn.draws, "draw"),
            seed=drawn.seed,
            foreseen=_NOBODY if len(drawn.revealed) > 1 else _ALONE,
        )
    ]
    if drawn.slashed:
        said.append(
            Markup(
                "<strong>{who}</strong> kept the secret back and lost {what} tokens of stake for "
                "it, which burned; the draw was repeated without, and the period pays nothing to "
                "whoever did so."
            ).format(
                who=listed(_in_order(findings, drawn.slashed), _MOST),
                what=exact_tokens(sum(drawn.slashed.values())),
            )
        )
    else:
        said.append(Markup("Everybody showed what it was bound to, so no stake was lost."))
    return said


def _in_order(findings: Findings, those: Container[str]) -> list[str]:
    """Give the members among *those* in the order that all else names them in."""
    return [name for name in findings.federation.names if name in those]

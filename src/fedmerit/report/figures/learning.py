"""Charts of the training: how good the joint model was after each round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.report import quality
from fedmerit.report.colours import ACCENT, IDLE, MUTED
from fedmerit.report.theme import blank, label, looks, short_label
from fedmerit.report.units import NATS, milli_of_micro

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from fedmerit.bundle.schemas import TrainingDocument

_PERCENT = 10_000
_ROUND = "round (0 is the untrained model)"


def log_likelihood(training: TrainingDocument) -> go.Figure:
    """Draw the mean log-likelihood of a validation row, per round."""
    pooled = training.pooled_log_likelihood_micro
    return _curve(
        NATS.long,
        [milli_of_micro(each.log_likelihood_micro) for each in training.rounds],
        untrained=milli_of_micro(training.initial_log_likelihood_micro),
        pooled=None if pooled is None else milli_of_micro(pooled),
    )


def accuracy(training: TrainingDocument) -> go.Figure:
    """Draw the share of validation rows that the model gets right, or of variance, per round."""
    quantity = quality.of_quantity(training)
    untrained, _, pooled = training.quality
    reached = [each.r_squared_ppm if quantity else each.accuracy_ppm for each in training.rounds]
    return _curve(
        "per cent of the label's variance" if quantity else "per cent of validation rows",
        [(each or 0) / _PERCENT for each in reached],
        untrained=untrained / _PERCENT,
        pooled=None if training.delta_ppm is None else pooled / _PERCENT,
    )


def own_rows(training: TrainingDocument, participants: tuple[str, ...]) -> go.Figure:
    """Draw the joint model's log-likelihood on each participant's own validation rows."""
    figure = blank(height=400, x_title=_ROUND, y_title=NATS.long)
    for name, look in zip(participants, looks(participants), strict=True):
        if name in training.by_owner_micro:
            reached = [milli_of_micro(each) for each in training.by_owner_micro[name]]
            figure.add_scatter(
                name=short_label(name),
                mode="lines+markers",
                x=list(range(len(reached))),
                y=reached,
                line={"color": look.colour, "width": 2},
                marker={"color": look.colour, "symbol": look.symbol, "size": 7},
                hovertemplate=f"{label(name)}, round %{{x}}: %{{y:.4g}}<extra></extra>",
            )
    return _over_rounds(figure, len(training.rounds))


def _curve(
    title: str, reached: list[float], *, untrained: float, pooled: float | None
) -> go.Figure:
    figure = blank(height=340, x_title=_ROUND, y_title=title)
    rounds = list(range(len(reached) + 1))
    for name, level, colour, dash in (
        ("pooled training", pooled, MUTED, "dash"),
        ("untrained", untrained, IDLE, "dot"),
    ):
        if level is None:
            continue
        figure.add_scatter(
            name=name,
            mode="lines",
            x=[rounds[0], rounds[-1]],
            y=[level, level],
            line={"color": colour, "width": 2, "dash": dash},
            hovertemplate=f"{name}: %{{y:.4g}}<extra></extra>",
        )
    figure.add_scatter(
        name="federated training",
        mode="lines+markers",
        x=rounds,
        y=[untrained, *reached],
        line={"color": ACCENT, "width": 2.5},
        marker={"color": ACCENT, "size": 7},
        hovertemplate="after round %{x}: %{y:.4g}<extra></extra>",
    )
    return _over_rounds(figure, len(reached))


def _over_rounds(figure: go.Figure, rounds: int) -> go.Figure:
    figure.update_xaxes(
        dtick=max(1, -(-rounds // 8)), tickangle=0, range=[-0.5, rounds + 0.5], zeroline=False
    )
    figure.update_yaxes(zeroline=False)
    return figure

"""Charts: pure functions from documents of a bundle to a Plotly figure.

May import `bundle`, `chain`, `colours`, `quality`, `readings`, `theme`, `units` and the ground.

The report, notebooks and pages draw with the same functions. Every figure is in light
colours; :func:`fedmerit.report.colours.dark` gives the other one.
"""

from fedmerit.report.figures.certainty import convergence, interactions, ranks
from fedmerit.report.figures.comparison import comparison
from fedmerit.report.figures.contributions import contributions, evaluators, round_values
from fedmerit.report.figures.learning import accuracy, log_likelihood, own_rows
from fedmerit.report.figures.ledger import gas
from fedmerit.report.figures.payments import payments, value_against_payment
from fedmerit.report.figures.waterfall import waterfall

__all__ = [
    "accuracy",
    "comparison",
    "contributions",
    "convergence",
    "evaluators",
    "gas",
    "interactions",
    "log_likelihood",
    "own_rows",
    "payments",
    "ranks",
    "round_values",
    "value_against_payment",
    "waterfall",
]

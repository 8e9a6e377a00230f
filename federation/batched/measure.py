"""How good models are on the pooled validation rows, many models at once.

The log-likelihood in nats is the metric unless one asks for another. Every metric judges
each row on its own, so that a worth comes with the rows that it is the mean of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from fedmerit.errors import GameError, suggestion
from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.batched.whole import Own, Whole, area, areas, average_precision, f1
from fedmerit.federation.losses import DENSEST, density, is_quantity
from fedmerit.federation.models import network

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from fedmerit.federation.data.consortium import Federation
    from fedmerit.federation.models import ModelSpec, Network

#: Scores logits, shape ``(models, rows, classes)``, of rows with labels, shape ``(rows,)``, each
#: row on its own; more is better. Shape ``(models, rows)``.
Metric = Callable[[Tensor, Tensor], Tensor]

#: A row's gain is kept within this many nats, so that one diverged model has a finite worth.
SATURATION: Final = 2000.0
#: The log-likelihood of a row that cannot be scored; its loss saturates against any sane model.
_HOPELESS: Final = -2 * SATURATION
#: Gains are whole micro-nats, so that integers can store them and be checked.
MICRO: Final = 1e6
#: Logits that one evaluation holds at a time.
_LOGITS: Final = 2**22


def log_likelihood(logits: Tensor, labels: Tensor) -> Tensor:
    """Log-likelihood of the right class, or of a quantity, in nats; the loss's negative.

    Where a model's scores are not finite, the row gets :data:`_HOPELESS`.
    """
    if is_quantity(labels):
        return density(logits, labels).nan_to_num(nan=_HOPELESS, neginf=_HOPELESS)
    # Many models' logits are laid out class by class, where softmax takes a tenth of the time.
    likely = logits.transpose(1, 2).contiguous().log_softmax(dim=1)
    own = likely.gather(1, labels.expand(len(logits), 1, -1)).squeeze(1)
    return own.double().nan_to_num(nan=_HOPELESS, neginf=_HOPELESS)


def hit(logits: Tensor, labels: Tensor) -> Tensor:
    """1 where the right class has the highest score, 0 elsewhere; its mean is the accuracy."""
    # The highest score of a diverged model is NaN or infinite, whichever class it lands on.
    own = logits.gather(2, labels.expand(len(logits), -1).unsqueeze(2)).squeeze(2)
    return ((logits.argmax(dim=2) == labels) & own.isfinite()).double()


def squared_error(predictions: Tensor, labels: Tensor) -> Tensor:
    """The squared error of a quantity, below 0, in variances of the label over the training rows.

    Where a prediction is not finite, the row gets :data:`_HOPELESS`.
    """
    off = (predictions.double().squeeze(-1) - labels.double()).square()
    return -off.nan_to_num(nan=-_HOPELESS, posinf=-_HOPELESS)


#: What a model's scores can be worth, by name; a game takes any other function of this form.
METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "loss": log_likelihood,
        "accuracy": hit,
        "squared-error": squared_error,
        "auc": Whole(area),
        "f1": Whole(f1),
        "average-precision": Whole(average_precision),
    }
)


def metric_of(named: str | Metric, federation: Federation) -> Metric:
    """Give the metric of a name, or the function that was given in its stead.

    Args:
        named: A key of :data:`METRICS`, the import path of a function of your own, or a function
            of the form that the metrics here have.
        federation: Whose models are measured.

    Raises:
        GameError: No metric has this name, or it is not for such labels.
    """
    if not isinstance(named, str):
        return named
    if ":" in named:
        return Own.imported(named, federation.quantity)
    if named not in METRICS:
        names = [*METRICS, "package.module:function"]
        raise GameError(f"no metric is called {named!r}", hint=suggestion(named, names))
    _check_fits(named, federation)
    return METRICS[named]


def _check_fits(named: str, federation: Federation) -> None:
    if named == "loss":
        return
    if (named == "squared-error") != (federation.quantity is not None):
        what = "a quantity" if federation.quantity else f"{len(federation.classes)} classes"
        raise GameError(
            f"the metric {named!r} does not measure predictions of {what}",
            hint='Choose "loss", or "squared-error" for a quantity and "accuracy" for classes.',
        )
    if not isinstance(METRICS[named], Whole):
        return
    counts = np.unique(federation.validation_labels, return_counts=True)[1].tolist()
    if len(federation.classes) != 2 or len(counts) < 2 or min(counts) < 2:  # noqa: PLR2004
        raise GameError(
            f"the metric {named!r} is for two classes with two validation rows each, and there "
            f"are {len(federation.classes)} classes with {', '.join(map(str, counts))} rows",
            hint='Name the positive class, bring more rows, or set metric = "accuracy".',
        )


@dataclass(frozen=True, slots=True, eq=False)
class Gains:
    """By how much models score better than one did: whole millionths, saturated.

    Attributes:
        metric: What scores are.
        labels: The rows' classes, shape ``(rows,)``.
        before: What the one model scored, float64, likewise.

    """

    metric: Metric
    labels: Tensor
    before: Tensor

    def __call__(self, logits: Tensor, rows: slice) -> Tensor:
        """Give each model's gain on some rows from its *logits* of them, ``(models, rows)``."""
        gains = self.scores(logits, rows) - self.before[rows]
        return gains.clamp_(-SATURATION, SATURATION).mul_(MICRO).round_().div_(MICRO)

    def scores(self, logits: Tensor, rows: slice) -> Tensor:
        """Give what each model scores, float64, likewise.

        Raises:
            GameError: The metric did not give one number per model and row.
        """
        scores = self.metric(logits, self.labels[rows])
        if scores.shape != logits.shape[:2]:
            raise GameError(
                f"the metric turned logits of shape {tuple(logits.shape)} into shape "
                f"{tuple(scores.shape)}",
                hint="It must give one number per model and row.",
            )
        return scores.double()


@dataclass(frozen=True, slots=True)
class Metrics:
    """How good a model is on the validation rows.

    Attributes:
        log_likelihood: Mean over rows, in nats; of classes, 0 is perfect.
        accuracy: Share of rows classified right, in [0, 1]; None of a quantity.
        area: Under the ROC curve, in [0, 1]; None unless two classes are there.
        rmse: Root of a quantity's mean squared error, in standard deviations of the label over
            the training rows; None of classes.
        r_squared: Share of the validation rows' variance that is predicted, at most 1; None of
            classes, or where those rows are all alike.

    """

    log_likelihood: float
    accuracy: float | None = None
    area: float | None = None
    rmse: float | None = None
    r_squared: float | None = None


class ModelEvaluator:
    """Measures models on one federation's validation rows."""

    def __init__(self, federation: Federation, network: Network) -> None:
        device = network.initial.device
        self._network = network
        self._rows = torch.from_numpy(federation.validation_features).to(device)
        self._labels = torch.from_numpy(federation.validation_labels).to(device)
        self._classes = len(federation.classes)
        self._models_at_once = max(1, _LOGITS // (len(self._rows) * federation.outputs))

    def log_likelihoods(self, models: Tensor) -> NDArray[np.float64]:
        """Give each row's log-likelihood under each model, shape ``(models, rows)``, in nats.

        Where a model's scores are not finite, the row gets :data:`_HOPELESS`.
        """
        parts = []
        for logits in self._logits(models):
            if is_quantity(self._labels):
                parts.append(density(logits, self._labels).cpu().numpy())
                continue
            likely = logits.double().log_softmax(dim=2)
            labels = self._labels.expand(len(logits), -1).unsqueeze(2)
            parts.append(likely.gather(2, labels).squeeze(2).cpu().numpy())
        likelihoods: NDArray[np.float64] = np.concatenate(parts)
        return np.nan_to_num(likelihoods, nan=_HOPELESS, neginf=_HOPELESS)

    def correct(self, models: Tensor) -> NDArray[np.bool_]:
        """Say which rows each model classifies right, shape ``(models, rows)``.

        A quantity is never classified.
        """
        if is_quantity(self._labels):
            return np.zeros((len(models), len(self._rows)), dtype=np.bool_)
        hits = [logits.argmax(dim=2) == self._labels for logits in self._logits(models)]
        return np.asarray(torch.cat(hits).cpu().numpy())

    def gains(self, models: Tensor, over: Tensor) -> NDArray[np.float64]:
        """Give each row's gain of each model over one, in nats: whole millionths, saturated.

        Args:
            models: Shape ``(models, parameters)``.
            over: The model to compare with, shape ``(parameters,)``.

        """
        gain = self.log_likelihoods(models) - self.log_likelihoods(over.unsqueeze(0))
        return np.rint(gain.clip(-SATURATION, SATURATION) * MICRO) / MICRO

    def gains_in(self, metric: Metric, models: Tensor, over: Tensor) -> NDArray[np.float64]:
        """Give each row's gain in any metric of each model over one, as :meth:`gains` does."""
        rows = slice(0, len(self._rows))
        plain = Gains(metric, self._labels, torch.zeros(len(self._rows), dtype=torch.float64))
        [before] = plain.scores(self._network.logits(over.unsqueeze(0), self._rows), rows).cpu()
        gain = Gains(metric, self._labels, before.to(self._labels.device))
        return torch.cat([gain(logits, rows).cpu() for logits in self._logits(models)]).numpy()

    def metrics(self, models: Tensor) -> tuple[Metrics, ...]:
        """Give each model's means over the rows."""
        likely = self.log_likelihoods(models)
        if is_quantity(self._labels):
            return tuple(map(self._of_quantity, likely))
        areas = self._areas(models)
        return tuple(
            Metrics(log_likelihood=fit, accuracy=right, area=area)
            for fit, right, area in zip(
                likely.mean(axis=1).tolist(),
                self.correct(models).mean(axis=1).tolist(),
                areas,
                strict=True,
            )
        )

    def _areas(self, models: Tensor) -> list[float | None]:
        """Give each model's area under the ROC curve; None where there is none."""
        labels = self._labels.cpu().numpy()
        if self._classes != 2 or len(np.unique(labels)) < 2:  # noqa: PLR2004 - of two classes
            return [None] * len(models)
        margins = [(logits[..., 1] - logits[..., 0]).double() for logits in self._logits(models)]
        scores = np.nan_to_num(torch.cat(margins).cpu().numpy())
        return list(map(float, areas(labels, scores)))

    def _of_quantity(self, likely: NDArray[np.float64]) -> Metrics:
        """Measure predictions by their log-likelihoods, which say how far off they are."""
        squares = 2 * (DENSEST - likely)
        labels = self._labels.double().cpu().numpy()
        spread = float(labels.var())
        return Metrics(
            log_likelihood=float(likely.mean()),
            rmse=float(np.sqrt(squares.mean())),
            r_squared=1 - float(squares.mean()) / spread if spread else None,
        )

    def _logits(self, models: Tensor) -> Iterator[Tensor]:
        for part in torch.split(models, self._models_at_once):
            yield self._network.logits(part, self._rows)


def rehearse_metric(federation: Federation, network: Network, metric: str) -> None:
    """Measure the untrained model, so that a metric that is not for such labels fails now.

    Raises:
        GameError: It fails.
    """
    found = metric_of(metric, federation)
    if isinstance(found, Own):
        initial = network.initial
        ModelEvaluator(federation, network).gains_in(found, initial.unsqueeze(0), initial)


@single_thread()
def measure_rows(
    federation: Federation, model: ModelSpec, parameters: NDArray[np.float32], *, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Measure recorded models on every validation row.

    Args:
        federation: Whose rows.
        model: What the parameters are of.
        parameters: One model a row, shape ``(models, parameters)``.
        seed: The run's seed.

    Returns:
        Log-likelihoods in nats and whether the row is classified right, both of shape
        ``(models, validation rows)``; ``federation.validation_owners`` says whose row it is.

    """
    judge = ModelEvaluator(federation, network(federation, model, seed=seed, device="cpu"))
    models = torch.from_numpy(parameters)
    return judge.log_likelihoods(models), judge.correct(models)

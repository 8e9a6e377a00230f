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
    """Log-likelihood of the right class, in nats; the negative of the cross-entropy loss.

    Where a model's scores are not finite, the row gets :data:`_HOPELESS`.
    """
    # Many models' logits are laid out class by class, where softmax takes a tenth of the time.
    likely = logits.transpose(1, 2).contiguous().log_softmax(dim=1)
    own = likely.gather(1, labels.expand(len(logits), 1, -1)).squeeze(1)
    return own.double().nan_to_num(nan=_HOPELESS, neginf=_HOPELESS)


def hit(logits: Tensor, labels: Tensor) -> Tensor:
    """1 where the right class has the highest score, 0 elsewhere; its mean is the accuracy."""
    # The highest score of a diverged model is NaN or infinite, whichever class it lands on.
    own = logits.gather(2, labels.expand(len(logits), -1).unsqueeze(2)).squeeze(2)
    return ((logits.argmax(dim=2) == labels) & own.isfinite()).double()


#: What a model's scores can be worth, by name; a game takes any other function of this form.
METRICS: Final[Mapping[str, Metric]] = MappingProxyType({"loss": log_likelihood, "accuracy": hit})


def metric_of(named: str | Metric) -> Metric:
    """Give the metric of a name, or the function that was given in its stead.

    Raises:
        GameError: No metric has this name.
    """
    if not isinstance(named, str):
        return named
    if named not in METRICS:
        raise GameError(f"no metric is called {named!r}", hint=suggestion(named, METRICS))
    return METRICS[named]


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
    """A model's means over the validation rows.

    Attributes:
        log_likelihood: Nats per row; 0 is perfect.
        accuracy: Share of rows classified right, in [0, 1].

    """

    log_likelihood: float
    accuracy: float


class ModelEvaluator:
    """Measures models on one federation's validation rows."""

    def __init__(self, federation: Federation, network: Network) -> None:
        device = network.initial.device
        self._network = network
        self._rows = torch.from_numpy(federation.validation_features).to(device)
        self._labels = torch.from_numpy(federation.validation_labels).to(device)
        self._models_at_once = max(1, _LOGITS // (len(self._rows) * len(federation.classes)))

    def log_likelihoods(self, models: Tensor) -> NDArray[np.float64]:
        """Give each row's log-likelihood under each model, shape ``(models, rows)``, in nats.

        Where a model's scores are not finite, the row gets :data:`_HOPELESS`.
        """
        parts = []
        for logits in self._logits(models):
            likely = logits.double().log_softmax(dim=2)
            labels = self._labels.expand(len(logits), -1).unsqueeze(2)
            parts.append(likely.gather(2, labels).squeeze(2).cpu().numpy())
        likelihoods: NDArray[np.float64] = np.concatenate(parts)
        return np.nan_to_num(likelihoods, nan=_HOPELESS, neginf=_HOPELESS)

    def correct(self, models: Tensor) -> NDArray[np.bool_]:
        """Say which rows each model classifies right, shape ``(models, rows)``."""
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

    def metrics(self, models: Tensor) -> tuple[Metrics, ...]:
        """Give each model's means over the rows."""
        likely = self.log_likelihoods(models).mean(axis=1)
        right = self.correct(models).mean(axis=1)
        return tuple(map(Metrics, likely.tolist(), right.tolist()))

    def _logits(self, models: Tensor) -> Iterator[Tensor]:
        for part in torch.split(models, self._models_at_once):
            yield self._network.logits(part, self._rows)


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

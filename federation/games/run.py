"""A whole run's game, as the sum of its rounds'; and the games by name."""

from __future__ import annotations

from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from fedmerit.errors import GameError
from fedmerit.federation.batched.measure import MICRO
from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.games.retraining import RetrainingGame
from fedmerit.federation.games.rounds import MEMORY_BYTES, RoundGame, rows_of
from fedmerit.federation.models import network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.federation.batched.measure import Metric
    from fedmerit.federation.data.consortium import Federation
    from fedmerit.federation.horizontal.record import TrainingRecord
    from fedmerit.federation.models import Network


class RunGame:
    """What each coalition's updates were worth over all recorded rounds.

    The sum of the rounds' games, each from the model that the run had then: nobody's absence
    changes what others sent later. With fixed weights everyone together is worth what the run
    gained. Beside the worths it shows the updates themselves, for methods that score those.

    Args:
        record: The run.
        federation: The run's federation.
        weights: As for :class:`~fedmerit.federation.games.rounds.RoundGame`.
        metric: Likewise.
        label: Likewise.
        memory_bytes: Likewise, for all rounds together.
        built: Likewise.

    Attributes:
        rounds: Each round's own game.
        resolution: The step that gains are rounded to.

    Raises:
        GameError: As RoundGame, or the run has no rounds.

    """

    def __init__(
        self,
        record: TrainingRecord,
        federation: Federation,
        *,
        weights: str = "fixed",
        metric: str | Metric = "loss",
        label: str | None = None,
        memory_bytes: int = MEMORY_BYTES,
        built: Network | None = None,
    ) -> None:
        if not record.rounds:
            raise GameError("the run has no rounds", hint="Train for one round at least.")
        self.participants = record.participants
        self.rounds = tuple(
            RoundGame(
                record,
                number,
                federation,
                weights=weights,
                metric=metric,
                label=label,
                memory_bytes=memory_bytes // len(record.rounds),
                built=built,
            )
            for number in range(1, len(record.rounds) + 1)
        )
        self.resolution = 1 / MICRO
        self._record, self._federation = record, federation
        self._chosen = rows_of(federation, label)

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's mean gain, added up over the rounds, ``(rows,)``."""
        return np.asarray(sum(round_.worth(coalitions) for round_ in self.rounds))

    def worth_by_row(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's gain on each validation row, ``(rows, validation rows)``."""
        gains = self.rounds[0].worth_by_row(coalitions)
        for round_ in self.rounds[1:]:
            gains += round_.worth_by_row(coalitions)
        return np.rint(gains * MICRO) / MICRO

    def every_worth(self) -> NDArray[np.float64]:
        """Give all worths as :meth:`RoundGame.every_worth` does, ``(2**n,)``."""
        worths = self.rounds[0].every_worth()
        for round_ in self.rounds[1:]:
            worths += round_.every_worth()
        return worths

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Whose update was accepted in which round, shape ``(rounds, n)``."""
        return self.weights > 0

    @cached_property
    def refused(self) -> NDArray[np.bool_]:
        """Whose update was sent and not accepted in which round, shape ``(rounds, n)``."""
        return np.stack([round_.refused(self.participants) for round_ in self._record.rounds])

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """What each update weighed in the run itself, shape ``(rounds, n)``."""
        return np.stack([round_.weights for round_ in self._record.rounds])

    @cached_property
    def updates(self) -> NDArray[np.float32]:
        """What each member sent, shape ``(rounds, n, parameters)``; 0 if not accepted."""
        return np.stack([round_.updates for round_ in self._record.rounds])

    @cached_property
    @single_thread()
    def gradients(self) -> NDArray[np.float32]:
        """Gradient of the validation rows' mean loss at each round's first model.

        Shape ``(rounds, parameters)``. The loss is the cross-entropy, whatever the metric.
        """
        record, device = self._record, self._record.settings.device
        built = network(self._federation, record.model, seed=record.seed, device=device)
        rows, labels = (
            torch.from_numpy(array[self._chosen]).to(device).unsqueeze(0)
            for array in (self._federation.validation_features, self._federation.validation_labels)
        )
        shares = torch.full(labels.shape, 1 / labels.shape[1], device=device)
        models = (torch.from_numpy(round_.global_before[None]) for round_ in record.rounds)
        gradients = [built.gradients(model.to(device), rows, labels, shares) for model in models]
        return np.asarray(torch.cat(gradients).cpu().numpy())


#: The games that training induces, by what is asked of a coalition.
GAMES: Final = MappingProxyType({"retraining": RetrainingGame, "round": RoundGame, "run": RunGame})

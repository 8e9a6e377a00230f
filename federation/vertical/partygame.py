"""What coalitions of parties are worth: by training without the others, or by what was recorded.

Without its labels nobody learns anything, so a label holder that is a player like any other is
worth at least half of all that its labels are needed for. Whether that is what shall be paid is
a decision, not arithmetic: hence two games.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression

from fedmerit.errors import GameError
from fedmerit.federation.vertical.regression.regression import descend, joined
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.split.split import draws_of, train_split
from fedmerit.federation.vertical.task import intercept, log_odds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from fedmerit.federation.vertical.split.cut import Embeddings
    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import Columns, Matrix, VerticalTask

#: ``mandatory``: a coalition without the label holder is worth nothing. ``given``: the labels
#: are there anyway, and the label holder plays for its columns alone.
LabelHolder = Literal["mandatory", "given"]

_MICRO: Final = 1e6
_SATURATION: Final = 2000.0
_MOST: Final = 8


class _Parties(ABC):
    """A game whose worth is the mean gain of a row's log-likelihood over a constant's."""

    def __init__(
        self,
        task: VerticalTask,
        label_holder: LabelHolder,
        settings: RegressionSettings | None = None,
    ) -> None:
        if len(task.parties) > _MOST:
            raise GameError(
                f"{len(task.parties)} parties have {2 ** len(task.parties)} coalitions to train",
                hint=f"Join parties until there are {_MOST} at most.",
            )
        self.participants = task.participants
        self.task = task
        self._mandatory = label_holder == "mandatory"
        linear = settings is not None and settings.kind == "linear"
        self._linear = linear or task.quantity is not None
        self._known: dict[bytes, Matrix] = {}
        rate = float(task.labels.mean())
        self._constant = rate if self._linear else log_odds(rate)
        if settings is not None:
            self._constant = intercept(task.labels, settings)

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's mean gain, in nats, shape ``(rows,)``."""
        return np.asarray(self.worth_by_row(coalitions).mean(axis=1))

    def worth_by_row(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give the gain on each validation row, ``(rows, validation rows)``.

        Whole millionths of a nat; half the squared error stands for the log-likelihood of a
        linear regression.
        """
        if coalitions.ndim != 2 or coalitions.shape[1] != len(self.participants):  # noqa: PLR2004
            raise GameError(
                f"coalitions of shape {coalitions.shape} do not fit "
                f"{len(self.participants)} participants"
            )
        return np.stack([self._gains(coalition) for coalition in coalitions])

    def _gains(self, coalition: NDArray[np.bool_]) -> Matrix:
        key = coalition.tobytes()
        if key not in self._known:
            plays = coalition[0] or not self._mandatory
            scores = self._scores(coalition) if plays and coalition.any() else None
            self._known[key] = self._gain(scores)
        return self._known[key]

    def _gain(self, scores: Matrix | None) -> Matrix:
        labels = self.task.held_out_labels
        if scores is None:
            return np.zeros(len(labels))
        gain = self._likelihood(scores) - self._likelihood(np.full(len(labels), self._constant))
        return np.rint(gain.clip(-_SATURATION, _SATURATION) * _MICRO) / _MICRO

    def _likelihood(self, scores: Matrix) -> Matrix:
        labels = self.task.held_out_labels
        if self._linear:
            return np.asarray(-((scores - labels) ** 2) / 2)
        return np.asarray(-np.logaddexp(0, np.where(labels == 1, -scores, scores)))

    @abstractmethod
    def _scores(self, coalition: NDArray[np.bool_]) -> Matrix:
        """Give the coalition's model's scores of the validation rows."""


class PartyGame(_Parties):
    """What each coalition's own model would have been worth, by training it.

    Encryption changes no weight, so regressions are trained as their plain twin; so are
    networks, whose embeddings lie side by side even where the run added them up encrypted.

    Args:
        task: Whose columns, whose labels.
        settings: How the run trains.
        seed: The scenario's seed.
        label_holder: Whether labels are a contribution.
        secret: Seed of protective noise, of which each coalition has its own; without, the
            operating system's.

    Raises:
        GameError: There are too many parties to train every coalition.

    """

    def __init__(
        self,
        task: VerticalTask,
        settings: RegressionSettings | SplitSettings,
        *,
        seed: int,
        label_holder: LabelHolder = "given",
        secret: int | None = None,
    ) -> None:
        regression = settings if isinstance(settings, RegressionSettings) else None
        super().__init__(task, label_holder, regression)
        self._settings = settings
        self._seed = seed
        self._secret = secret

    def _scores(self, coalition: NDArray[np.bool_]) -> Matrix:
        held = [c for c, inside in zip(self.task.parties, coalition, strict=True) if inside]
        if isinstance(self._settings, RegressionSettings):
            training = joined([columns.training for columns in held])
            sizes = [len(columns.names) for columns in held]
            labels = self.task.labels
            weights = descend(
                training,
                labels,
                self._settings,
                seed=self._seed,
                owners=sizes,
                stream=draws_of(self._secret_of(held), "gradients"),
            )
            return np.asarray(joined([columns.held_out for columns in held]) @ weights)
        return self._network(self._settings, held, inside=bool(coalition[0]))

    def _network(self, settings: SplitSettings, held: list[Columns], *, inside: bool) -> Matrix:
        holder = self.task.parties[0] if inside else _emptied(self.task.parties[0])
        others = tuple(columns for columns in held if columns is not self.task.parties[0])
        if not others and not holder.names:
            return np.full(len(self.task.held_out_labels), self._constant)
        if not others:
            # Alone, the label holder is its own only party: a split network needs another end.
            others, holder = (replace(holder, party=f"{holder.party} itself"),), _emptied(holder)
        part = replace(self.task, parties=(holder, *others))
        plain = replace(settings, forward="plain")
        return train_split(part, plain, seed=self._seed, secret=self._secret_of(held)).scores

    def _secret_of(self, held: list[Columns]) -> int | None:
        """Give a coalition's own secret: the noise of another would tell what tells them apart."""
        if self._secret is None:
            return None
        named = json.dumps([self._secret, [columns.party for columns in held]])
        return int.from_bytes(sha256(named.encode()).digest(), "big")


class EmbeddingGame(_Parties):
    """What coalitions are worth by the embeddings that the run recorded, without anybody's work.

    The label holder fits a logistic regression on the coalition's embeddings, or a linear one of a
    quantity. What a party's network learned in the others' company stays in its embedding: this
    game is cheaper than :class:`PartyGame`, and another.

    Args:
        task: Whose labels.
        embeddings: Of training and of validation rows, by party; a party without columns has
            none.
        label_holder: Whether labels are a contribution.

    Raises:
        GameError: A party's embeddings are missing, as they are where they were encrypted.

    """

    def __init__(
        self,
        task: VerticalTask,
        embeddings: Mapping[str, Embeddings],
        *,
        label_holder: LabelHolder = "given",
    ) -> None:
        super().__init__(task, label_holder)
        missing = [c.party for c in task.parties if c.names and c.party not in embeddings]
        if missing:
            raise GameError(
                f"no embeddings of {', '.join(missing)} were recorded",
                hint="The label holder sees them only where they are sent in the clear.",
            )
        self._embeddings = embeddings

    def _scores(self, coalition: NDArray[np.bool_]) -> Matrix:
        inside = zip(self.participants, coalition, strict=True)
        held = [
            self._embeddings[name] for name, plays in inside if plays and name in self._embeddings
        ]
        if not held:
            return np.full(len(self.task.held_out_labels), self._constant)
        training, held_out = (np.concatenate(part, axis=1) for part in zip(*held, strict=True))
        scale = training.std(axis=0) + 1e-9
        if self._linear:
            line = LinearRegression().fit(training / scale, self.task.labels)
            return np.asarray(line.predict(held_out / scale))
        fitted = LogisticRegression(max_iter=1000).fit(training / scale, self.task.labels)
        return np.asarray(fitted.decision_function(held_out / scale))


def _emptied(columns: Columns) -> Columns:
    return replace(
        columns, names=(), training=columns.training[:, :0], held_out=columns.held_out[:, :0]
    )


def joint_scores(task: VerticalTask, weights: Mapping[str, Matrix]) -> Callable[[Matrix], Matrix]:
    """Give a regression as a function of all columns side by side, for explainers."""
    own = [weights[columns.party] for columns in task.parties]
    intercept = own[0][-1]
    together = np.concatenate([own[0][:-1], *own[1:]])
    return lambda rows: np.asarray(rows @ together + intercept)

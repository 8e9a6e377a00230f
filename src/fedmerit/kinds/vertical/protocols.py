"""The protocols that owners of columns train by, and where all that differs between them lives.

A protocol is a package with three modules: ``terms`` (what follows from a scenario alone; loads
no torch), ``learner`` and ``sentences``.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, cast

from fedmerit.scenario.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from markupsafe import Markup

    from fedmerit.bundle.vertical_schemas import VerticalDocument
    from fedmerit.federation.vertical.regression.settings import RegressionSettings
    from fedmerit.federation.vertical.split.cut import Embeddings
    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import Matrix, VerticalTask
    from fedmerit.federation.wire.transcript import Transcript
    from fedmerit.kinds.vertical.models import Parameters
    from fedmerit.scenario.columns import Vertical
    from fedmerit.scenario.model import Scenario

#: Every protocol's package, by its name in a scenario.
PROTOCOLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "regression": "fedmerit.kinds.vertical.regression",
        "split": "fedmerit.kinds.vertical.split",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """What a protocol came to.

    Attributes:
        scores: Of the validation rows, log-odds.
        parameters: By party, and by name.
        epochs: Passes over the training rows.
        embeddings: What the label holder saw of each party; empty where it saw nothing.
        transcripts: What was said, by protocol.
    """

    scores: Matrix
    parameters: Parameters
    epochs: int
    embeddings: Mapping[str, Embeddings]
    transcripts: Mapping[str, Transcript]


class Terms(Protocol):
    """What follows from a scenario alone."""

    def check_sections(self, scenario: Scenario) -> None:
        """Refuse sections that do not go with the protocol, by a ValueError."""

    def encrypts(self, asked: Vertical) -> bool:
        """Say whether numbers go over under Paillier encryption."""

    def shows_parts(self, asked: Vertical) -> bool:
        """Say whether the label holder sees each party's part, and not sums alone."""

    def parts_add_up(self) -> bool:
        """Say whether a score is the sum of the owners' parts."""

    def epsilons(self, asked: Vertical, repeats: int) -> tuple[float | None, float | None]:
        """Give epsilon of labels and of features; None where nothing protects them.

        Coalitions that are trained again, *repeats* times each, show the same rows again, under
        new noise.
        """


class Learner(Protocol):
    """The protocol itself, set as a scenario asks."""

    @property
    def settings(self) -> RegressionSettings | SplitSettings:
        """How it trains."""

    def check(self, task: VerticalTask) -> None:
        """Refuse a task that would stop the training; raises FedmeritError."""

    def learn(self, task: VerticalTask, *, seed: int, folder: Path | None) -> Trained:
        """Train.

        Args:
            task: Whose columns.
            seed: The scenario's.
            folder: Where owners keep what they need to go on after a break, and work if they are
                processes of their own; without, they are threads that keep nothing, which changes
                no number.
        """

    def nudged(self, number: int) -> Learner | None:
        """Give the same from initial parameters moved by a rounding, drawn by *number*.

        None where it cannot turn a rounding into more.
        """

    def scores(
        self, task: VerticalTask, parameters: Parameters, *, seed: int
    ) -> Callable[[Matrix], Matrix]:
        """Give the trained model as one function of all columns, for explainers."""


class Sentences(Protocol):
    """What the report says of the protocol."""

    def training(self, said: VerticalDocument, asked: Vertical) -> Markup:
        """Say how they trained, and what it shows whom."""

    def warnings(self, said: VerticalDocument, asked: Vertical) -> Sequence[Markup]:
        """Say what of this run would not do among strangers."""

    def yardstick(self, asked: Vertical) -> str:
        """Say which model is trained on the joined table."""


def terms_of(asked: Vertical) -> Terms:
    """Give what follows from the scenario for its protocol."""
    return cast("Terms", _protocol_of(asked).part("terms"))


def learner_of(scenario: Scenario, asked: Vertical, *, quantity: bool) -> Learner:
    """Give the protocol that *scenario* asks for, set as it asks, for classes or a *quantity*.

    Raises:
        ScenarioError: The protocol is for classes alone.
    """
    made = _protocol_of(asked).part("learner").Learner
    learner: Learner = made(scenario, asked, quantity=quantity)
    return learner


def sentences_of(asked: Vertical) -> Sentences:
    """Give what the report says of the protocol."""
    return cast("Sentences", _protocol_of(asked).part("sentences"))


def _protocol_of(asked: Vertical) -> Kind:
    return Kind(asked.protocol, PROTOCOLS[asked.protocol])

"""A run's scenario: one frozen object; :mod:`fedmerit.scenario.reading` makes it from TOML.

With the code's version and what the chain draws it decides every number of a run, but for a
vertical run's encryption and noise, which come from the operating system. An unknown key is
refused, with the nearest known one, rather than ignored: a misspelt setting would otherwise
silently pay people by a default.
"""

from __future__ import annotations

from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, Literal

import tomli_w
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from fedmerit.scenario.columns import Vertical
from fedmerit.scenario.kinds import kind_of
from fedmerit.scenario.sections import BaseUnits, Name, Offer, Positive, Section, Share, Stake

if TYPE_CHECKING:
    from fedmerit.incentives.offers import Parameter


#: What a fraction is written with.
_PLAIN: Final = frozenset("0123456789+-/. ")


def _exact(value: object) -> object:
    """Refuse what is not exact, which whoever recomputes a payment could read otherwise."""
    parts = value if isinstance(value, list | tuple) else (value,)
    whole = all(isinstance(part, int) and not isinstance(part, bool) for part in parts)
    try:  # a power of ten, "1e999999999", would take all memory
        fraction = isinstance(value, str) and set(value) <= _PLAIN and Fraction(value)
    except (ValueError, ZeroDivisionError):
        fraction = False
    if not parts or not (whole or fraction is not False):
        msg = "a whole number, a fraction in quotes such as '3/5', or a list of whole numbers"
        raise ValueError(msg)
    return value


#: A setting of a mechanism, as TOML can hold it.
Setting = Annotated[int | str | tuple[int, ...], BeforeValidator(_exact)]


class Partition(Section):
    """How a table without a participant column is dealt out."""

    recipe: Literal["iid", "dirichlet", "quantity"] = "dirichlet"
    """``iid``, ``dirichlet`` (members differ in their labels) or ``quantity`` (in size)."""
    participants: Annotated[int, Field(ge=2)] = 10
    """How many members the table is dealt to."""
    alpha: Annotated[float, Field(gt=0)] = 0.5
    """Concentration of the two Dirichlet recipes; smaller is more uneven."""
    prefix: Name = "member"
    """Members are called ``<prefix>-1``, ``<prefix>-2`` and so on."""


class Data(Section):
    """Which table, and whose rows are whose."""

    source: str = ""
    """A shipped table (``fedmerit list``), or a path to a .csv, .csv.gz, .tsv or .parquet file."""
    label: str | None = None
    """Label column of your own table."""
    positive: str | None = None
    """The label to tell from all others; absent: every label is a class of its own."""
    participant: str | None = None
    """Column of your own table that says whose row it is."""
    partition: Partition | None = None
    """How to deal the rows out, where no column says so."""
    target: Literal["classes", "quantity"] | None = None
    """``classes`` or ``quantity``: what the labels are. If absent, more than 20 different numbers
    are a quantity, and all else classes."""
    columns: tuple[str, ...] = ()
    """Columns to learn from, and no others; absent: all but those that count rows, name single
    rows or hold dates."""
    ignore: tuple[str, ...] = ()
    """Columns not to learn from."""
    dates: Literal["days", "parts"] | None = None
    """What dates become: days since 1970, or year, month, day and weekday; absent: nothing."""
    missing: Literal["refuse", "impute"] = "refuse"
    """Refuse missing cells, or impute the mean and add a column that says so."""
    missing_words: tuple[str, ...] = ("",)
    """Cells of text that are missing; all others are what they say."""
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """What parts the cells of a text file; recognised if absent."""
    decimal: Literal[".", ","] | None = None
    """The decimal sign of a text file's numbers; recognised column by column if absent."""
    thousands: Annotated[str, Field(max_length=1)] | None = None
    """What groups digits in threes, empty if nothing does; recognised if absent."""
    encoding: str | None = None
    """How a text file's bytes are letters, such as ``utf-8`` or ``cp1252``; recognised if
    absent."""
    validation: str = ""
    """The sponsor's own table of test rows, a path as ``source``: nobody who is paid owns one. If
    empty, members pool their own."""
    validation_share: Share = 0.3
    """Share of each member's rows that the evaluators pool to measure every coalition."""
    split: Literal["rows", "content"] = "rows"
    """How validation rows are drawn: each row for itself (``rows``), or so that rows that
    repeat, in one member or several, all fall on one side (``content``)."""


class Member(Section):
    """A participant that behaves in its own way, or that the table does not have."""

    RENAMED = MappingProxyType({"take_from": "rows_from", "rows": "row_count"})

    name: Name
    """A participant of the table, or a new name."""
    behaviour: str = "honest"
    """What it does: see ``fedmerit list``."""
    rows_from: str | None = None
    """A new member's rows are taken out of this participant's."""
    row_count: Positive | None = None
    """How many rows it takes."""
    copy_of: str | None = None
    """A new member trains on a copy of this participant's rows, as a replicator does."""
    declared_rows: Positive | None = None
    """The data size it claims, which weighs its updates; its true size if absent."""
    flip_share: Annotated[float, Field(gt=0, le=1)] = 0.6
    """Share of labels that ``label-flip`` changes."""
    noise: Annotated[float, Field(ge=0, le=1000)] = 1.0
    """Strength of the noise of ``disguised-rider``, ``feature-noise`` and ``update-noise``; 1 is
    as strong as the last move, the column or the update that it is measured by."""
    copied: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the model's last move that ``disguised-rider`` sends beneath its noise; 0 sends
    random numbers alone."""
    reveals: bool = True
    """Whether it shows the secret it puts into the draw; one that does not loses its stake
    and is paid nothing."""
    effort: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the agreed local steps that ``under-effort`` takes."""
    drop_rate: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Chance that ``drop-out`` does not answer in a round."""
    fault: Literal["nan", "inf", "shape"] = "nan"
    """What ``faulty`` sends."""
    from_round: Positive | None = None
    """The first round that it is there in, where it joins late."""
    until_round: Positive | None = None
    """The last, where it leaves early."""
    offer: Offer | None = None
    """What it asks, where the mechanism buys: ``{ cost = 250_000 }``."""
    reputation: Annotated[float, Field(gt=0, le=1)] | None = None
    """From earlier rounds, known to all; where anybody has one, 1 is everybody else's."""

    @model_validator(mode="after")
    def _rows_come_from_somewhere(self) -> Member:
        if (self.rows_from is None) != (self.row_count is None):
            msg = f"member {self.name!r}: 'rows_from' and 'row_count' go together"
            raise ValueError(msg)
        if (self.from_round or 1) > (self.until_round or self.from_round or 1):
            msg = (
                f"member {self.name!r} leaves after round {self.until_round} and joins in "
                f"round {self.from_round}: it would be there in none"
            )
            raise ValueError(msg)
        return self

    @property
    def span(self) -> tuple[int, int | None]:
        """The first and the last round that it is there in; None is to the end."""
        return self.from_round or 1, self.until_round


class Model(Section):
    """What is trained."""

    kind: str = "logistic"
    """``logistic`` for classes, ``linear`` for a quantity, ``mlp`` for either, or the import path
    of a module, ``package.module:Class``; or ``sklearn``: an ``estimator`` on the pooled rows of
    every coalition, without federated averaging."""
    estimator: str | None = None
    """Import path of the estimator of ``sklearn``, such as
    ``sklearn.ensemble:HistGradientBoostingClassifier``."""
    hidden: tuple[Positive, ...] = (24,)
    """Widths of the MLP's hidden layers."""
    arguments: dict[str, int | float | str | bool] = Field(default={})
    """Further keyword arguments of your own module, or of the estimator."""

    @model_validator(mode="after")
    def _an_estimator_is_sklearns(self) -> Model:
        if (self.kind == "sklearn") != (self.estimator is not None):
            msg = "kind = \"sklearn\" and an 'estimator' go together"
            raise ValueError(msg)
        if self.estimator is not None and ":" not in self.estimator:
            msg = f"the estimator {self.estimator!r} is no 'package.module:Class'"
            raise ValueError(msg)
        return self


class Training(Section):
    """FedAvg (McMahan et al., 2017)."""

    rounds: Positive = 15
    """At most so many federated rounds."""
    participation: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the members that each round samples."""
    full_round: bool = False
    """Everyone takes part in the first round, whatever the share: ``comfedsv`` learns there what
    large groups are worth."""
    local_epochs: Positive = 3
    """Passes over a member's own rows in a round."""
    batch_size: Positive = 32
    """Rows in one step."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.1
    """Step size of SGD."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Momentum of SGD, started afresh each round."""
    tolerance: Annotated[float, Field(ge=0)] = 1e-3
    """The model has converged when a round moves it by less than this share of its norm."""
    patience: Positive = 2
    """So many such rounds in a row end the training."""
    device: str = "cpu"
    """Where to train: ``cpu`` or ``cuda``."""


def _enough(repeats: int) -> int:
    """Refuse two repeats, whose interval is five times as wide as that of many."""
    if repeats == 2:  # noqa: PLR2004 - a single degree of freedom
        msg = "two repeats leave a single degree of freedom: name 1, or 3 and more"
        raise ValueError(msg)
    return repeats


class Valuation(Section):
    """How contributions are measured."""

    RENAMED = MappingProxyType({"budget": "max_coalitions", "label_holder": "label_policy"})

    game: Literal["retraining", "rounds", "embeddings"] = "retraining"
    """What a coalition is asked: what it would have trained alone (``retraining``); what its
    updates did in the rounds that took place (``rounds``); or, of owners of columns, what their
    recorded embeddings say (``embeddings``). The latter two train nothing again."""
    label_policy: Literal["given", "mandatory"] = "given"
    """Of owners of columns: labels are there anyway and their holder plays for its columns alone
    (``given``), or without it nobody is worth anything (``mandatory``)."""
    weights: Literal["fixed", "renormalised"] = "fixed"
    """For ``rounds``: members keep their weight in the average when others are absent, or
    share the absent ones' among them, as many papers have it."""
    metric: str = "loss"
    """What a worth is a gain in: log-likelihood, in nats (``loss``); ``accuracy``, ``auc``, ``f1``
    or ``average-precision`` of classes; ``squared-error`` taken off a quantity's; or a function of
    your own, ``package.module:function``. Of owners of columns, ``loss`` alone."""
    method: str = "auto"
    """A valuation method (``fedmerit list``); ``auto`` is exact where all coalitions may be
    measured."""
    max_coalitions: Annotated[int, Field(ge=1, le=2**24)] = 4096
    """Distinct coalitions that may be measured to find the values; those to compare them
    with come on top, at most 2 n + 1. Of ``gtg``, ``fedsv`` and ``comfedsv``, which value each
    round, distinct pairs of a round and a coalition."""
    interval_width: Annotated[float, Field(gt=0)] | None = None
    """Stop sampling once every interval, from end to end, is this narrow, in the metric's
    unit; absent: measure ``max_coalitions``."""
    repeats: Annotated[int, Field(ge=1, le=1000), AfterValidator(_enough)] = 1
    """How often every coalition is trained, with other initial weights, batches and noise: 1, or
    3 and more. Of one training, no interval holds what another seed would give. Of more, values
    are means over them, and intervals hold their spread; ``auto``, where not all coalitions fit,
    may take up to four times as many of fewer coalitions, for the same price."""
    confidence: Share = 0.95
    """Confidence of the intervals that the report shows and that ``confident`` pays by."""


class Reward(Section):
    """How values become payments."""

    mechanism: str = "proportional"
    """A mechanism (``fedmerit list``)."""
    budget: BaseUnits = 1000 * 10**18
    """What the sponsor pays in all, in base units (the shipped token has 18 decimals)."""
    settings: dict[str, Setting] = Field(default={})
    """Settings of the mechanism by name: whole numbers, fractions in quotes, or lists."""

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The settings as the mechanism takes them."""
        return {name: _parameter(value) for name, value in self.settings.items()}


def _parameter(value: int | str | tuple[int, ...]) -> Parameter:
    if not isinstance(value, str):
        return value
    fraction = Fraction(value)
    return fraction.numerator if fraction.denominator == 1 else fraction


class Settlement(Section):
    """Who signs, and how long anyone may object."""

    committee: tuple[str, ...] = ()
    """Members whose keys sign the report; empty: every honest member with validation rows."""
    threshold: Positive | None = None
    """Signatures needed; a majority of the committee if absent."""
    payout: Literal["claim", "batch", "push"] = "claim"
    """How members come to their money: each claims it with its own key (``claim``); the coordinator
    claims for all, many in one transaction (``batch``); or it pushes (``push``), and whoever's
    account does not take it is credited, while the others are paid. The contract pays the member,
    whoever sends."""
    challenge_window: Positive = 86_400
    """Seconds between a report and its earliest finalisation."""
    commit_window: Annotated[int, Field(ge=0)] = 600
    """Seconds in which members bind themselves to their updates before the seed of the valuation
    is drawn; 0 draws none, and the valuation takes the scenario's."""
    reveal_window: Annotated[int, Field(ge=0)] = 600
    """Seconds in which they show what they bound themselves to; 0 where none is drawn."""
    stake: Stake | None = None
    """Base units that every member puts down and has back at the end, unless it keeps its secret
    to itself or signs what is proven false; 0 asks for none, and draws no seed. If absent, three
    times the largest standard error that a pay can have over seeds, and a hundredth of the budget
    at least."""

    @model_validator(mode="after")
    def _a_draw_is_whole(self) -> Settlement:
        if (self.commit_window > 0) != (self.reveal_window > 0):
            msg = "'commit_window' and 'reveal_window' are both 0, or neither is"
            raise ValueError(msg)
        if self.commit_window and self.stake == 0:
            msg = "a draw needs a 'stake', or withholding a secret would cost nothing"
            raise ValueError(msg)
        return self


class Scenario(Section):
    """Everything that, with the code's version, decides a run's numbers."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """Short name; bundles are called after it."""
    description: str = ""
    """What the report says above its first chart."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seeds data, training, behaviours and valuation, each through its own stream."""
    data: Data = Data()
    vertical: Vertical | None = None
    members: tuple[Member, ...] = ()
    model: Model = Model()
    training: Training = Training()
    valuation: Valuation = Valuation()
    reward: Reward = Reward()
    settlement: Settlement = Settlement()

    @model_validator(mode="after")
    def _sections_fit(self) -> Scenario:
        kind_of(self).part("scenario").check_sections(self)
        return self

    @property
    def behaviours(self) -> dict[str, str]:
        """What each member that is mentioned does; the others are honest."""
        return {member.name: member.behaviour for member in self.members}

    @property
    def spans(self) -> dict[str, tuple[int, int | None]]:
        """The first and the last round of each member that is not there in all of them."""
        return {member.name: member.span for member in self.members if member.span != (1, None)}

    @property
    def offers(self) -> dict[str, Offer]:
        """What each asks that asks for anything."""
        offers: dict[str, Offer] = kind_of(self).part("scenario").offers(self)
        return offers

    def to_toml(self) -> str:
        """Write the scenario out in full, every default that applies to it included."""
        left_out = set(kind_of(self).part("scenario").LEFT_OUT)
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True, exclude=left_out))

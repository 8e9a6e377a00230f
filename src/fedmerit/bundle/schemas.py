"""What a bundle's documents say, and in which units.

Every number is an integer: values in billionths of a nat per validation row ("nano"),
log-likelihoods in millionths ("micro"), shares and accuracies in millionths ("ppm"),
money in base units as decimal strings, since JSON readers stop at 2**53.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from fedmerit.bundle.directory import Document
from fedmerit.bundle.suspicions import SuspicionDocument  # noqa: TC001 - pydantic reads it
from fedmerit.federation.data.content import counted_rows
from fedmerit.units import MICRO, NANO
from fedmerit.untrusted import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fedmerit.federation.data.quantities import Quantity

RUN: Final = "run.json"
FEDERATION: Final = "federation.json"
TRAINING: Final = "training.json"
MODEL: Final = "training/model.safetensors"
GRADIENTS: Final = "gradients.safetensors"
VALUATION: Final = "valuation.json"
BIDS: Final = "bids.json"
OUTCOME: Final = "outcome.json"
ACCOUNTS: Final = "accounts.json"
RECEIPT: Final = "settlement/receipt.json"
COMMITMENT: Final = "commitment.json"
DRAWN: Final = "settlement/drawn.json"
DEPLOYMENT: Final = "settlement/deployment.json"
TRANSCRIPT: Final = "settlement/transcript.json"
LEDGER: Final = "settlement/ledger.json"
TIMINGS: Final = "timings.json"
ACCEPTED: Final = "accepted.json"

#: Base units: an integer in Python, its digits in the file.
Money = Annotated[
    int,
    BeforeValidator(lambda v: int(v) if isinstance(v, str) and v.isdecimal() else v),
    PlainSerializer(str, return_type=str, when_used="json"),
    Field(ge=0),
]

#: Base units that may also be taken away, likewise.
SignedMoney = Annotated[
    int,
    BeforeValidator(lambda v: int(v) if isinstance(v, str) and _SIGNED.fullmatch(v) else v),
    PlainSerializer(str, return_type=str, when_used="json"),
]
_SIGNED: Final = re.compile("-?[0-9]+")


def _name(value: str) -> str:
    if not printable(value):
        msg = f"{value!r} is no name that can be read"
        raise ValueError(msg)
    return value


#: What a member is called.
Name = Annotated[str, AfterValidator(_name)]


def _decimals(value: str) -> str:
    if not isfinite(float(value)):
        msg = f"{value!r} is no number"
        raise ValueError(msg)
    return value


#: A number with a fraction: no float enters a digest.
Decimals = Annotated[str, Field(max_length=32), AfterValidator(_decimals)]


class RunDocument(Document):
    """``run.json``: which code made these numbers."""

    scenario: str
    seed: int
    versions: dict[str, str]
    """Of fedmerit and of each library that the numbers come out of."""


class MemberDocument(Document):
    """One participant, as the federation met it."""

    name: Name
    behaviour: str
    rows: int
    """Rows it trains on; of a run that somebody else made, those it declared."""
    declared_rows: int
    """Rows it claims, which weigh its updates."""
    validation_rows: int
    """Rows it brings to the pooled validation set."""


class QuantityDocument(Document):
    """A label that is a quantity: models are trained on it with its scale taken out."""

    name: str
    """The label column."""
    mean: Decimals
    """Over all training rows, in the label's own unit; to 12 digits."""
    deviation: Decimals
    """Standard deviation over them, likewise."""

    @classmethod
    def of(cls, quantity: Quantity | None) -> Self | None:
        """Say what a federation predicts; None if that is classes."""
        if quantity is None:
            return None
        mean, deviation = (f"{number:.12g}" for number in (quantity.mean, quantity.deviation))
        return cls(name=quantity.name, mean=mean, deviation=deviation)


class SharedRowsDocument(Document):
    """Rows that several members train on, alike to the last bit."""

    names: tuple[Name, ...]
    """Who holds them, two or more."""
    rows: int
    """How many."""


class FederationDocument(Document):
    """``federation.json``: who took part, with what."""

    members: tuple[MemberDocument, ...]
    classes: tuple[str, ...]
    """None where a quantity is predicted."""
    features: tuple[str, ...]
    data_digest: str
    """Keccak-256 of every member's encoded rows and of the validation rows."""
    committee: tuple[str, ...]
    """Members whose keys sign the report."""
    threshold: int
    notes: tuple[str, ...] = ()
    """What was recognised, changed, left out and filled in when the tables were read."""
    quantity: QuantityDocument | None = None
    """What is predicted where it is no class."""
    sponsor_rows: int | None = None
    """Validation rows that are the sponsor's own, where there are any: then they are all."""
    shared: tuple[SharedRowsDocument, ...] = ()
    """Rows that several members train on, by who they are; each counts once where rows are paid
    for."""

    @property
    def names(self) -> tuple[str, ...]:
        """Participants in the order that every other document keeps."""
        return tuple(member.name for member in self.members)

    @property
    def declared_rows(self) -> dict[str, int]:
        """How many rows each participant claims, in the same order."""
        return {member.name: member.declared_rows for member in self.members}

    @property
    def counted_rows(self) -> dict[str, int]:
        """The same, with rows that several hold counted once, in equal parts."""
        places = {name: place for place, name in enumerate(self.names)}
        shared = {tuple(places[n] for n in each.names): each.rows for each in self.shared}
        counted = counted_rows(tuple(self.declared_rows.values()), shared)
        return dict(zip(self.names, counted, strict=True))


class RoundNotes(Document):
    """``training/<round>.json``: what a round's arrays beside it do not say."""

    round: int
    excluded: dict[str, str]
    """Members whose update was refused, and why."""
    bytes_up: int
    bytes_down: int


class RoundDocument(RoundNotes):
    """One federated round, as it looks after the run."""

    sampled: tuple[str, ...]
    update_digests: tuple[str, ...]
    """Keccak-256 of each update as little-endian float32; of a vertical run, of its messages."""
    update_root: str
    """Merkle root over them, committed on the chain."""
    log_likelihood_micro: int
    """Mean per validation row, of the model after the round."""
    accuracy_ppm: int | None = None
    """Share of rows classified right; absent where a quantity is predicted."""
    area_ppm: int | None = None
    """Under the ROC curve; absent unless two classes are there."""
    rmse_micro: int | None = None
    """Root of a quantity's mean squared error, in standard deviations of the label."""
    r_squared_ppm: int | None = None
    """Share of the validation rows' variance that is predicted; below 0 if their mean is better."""


class TrainingDocument(Document):
    """``training.json``: the run's learning curve."""

    rounds: tuple[RoundDocument, ...]
    parameters: int
    initial_log_likelihood_micro: int
    initial_accuracy_ppm: int | None = None
    initial_area_ppm: int | None = None
    """Of the untrained model."""
    initial_rmse_micro: int | None = None
    """Of the untrained model."""
    initial_r_squared_ppm: int | None = None
    """Of the untrained model."""
    pooled_log_likelihood_micro: int | None = None
    """Of the same model trained on everybody's rows in one place, the field's yardstick; null
    where nobody has those rows."""
    pooled_accuracy_ppm: int | None = None
    pooled_area_ppm: int | None = None
    """Of training on pooled rows."""
    pooled_rmse_micro: int | None = None
    """Of training on pooled rows."""
    pooled_r_squared_ppm: int | None = None
    """Of training on pooled rows."""
    base_rate_ppm: int | None = None
    """Share of the validation rows that are of their most frequent class: what a model gets right
    that always says so. Absent where a quantity is predicted."""
    by_owner_micro: dict[str, tuple[int, ...]]
    """Per member, mean log-likelihood on the rows it brought: untrained, then each round."""
    stop_reason: str
    idle: tuple[str, ...]
    """Members whose every update was exactly zero."""

    @property
    def delta_ppm(self) -> int | None:
        """Accuracy, or R squared, given up by not pooling the data (Yang et al., 2019).

        None where nobody has the data.
        """
        _, reached, pooled = self.quality
        return None if self.pooled_log_likelihood_micro is None else pooled - reached

    @property
    def quality(self) -> tuple[int, int, int]:
        """Accuracy, or R squared of a quantity, in millionths: untrained, trained and pooled."""
        last = self.rounds[-1]
        if last.accuracy_ppm is None:
            found = self.initial_r_squared_ppm, last.r_squared_ppm, self.pooled_r_squared_ppm
        else:
            found = self.initial_accuracy_ppm, last.accuracy_ppm, self.pooled_accuracy_ppm
        untrained, reached, pooled = (each or 0 for each in found)
        return untrained, reached, pooled

    @property
    def is_worse_than_untrained(self) -> bool:
        """Whether the trained model fits the validation rows less than the untrained one."""
        return self.rounds[-1].log_likelihood_micro < self.initial_log_likelihood_micro

    def never_accepted(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name those of *names* none of whose updates was accepted in any round."""
        accepted = {name for one in self.rounds for name in one.sampled if name not in one.excluded}
        return tuple(name for name in names if name not in accepted)


class OfferDocument(Document):
    """What one member had sealed, and opened."""

    name: str
    cost: Money
    """What it asks for all of it."""
    units: int
    """Rows whose use it offers; of owners of columns, the rows of its table."""


class BidsDocument(Document):
    """``bids.json``: the offers that were opened in the draw, where the mechanism asks for any."""

    offers: tuple[OfferDocument, ...]
    """Of those alone that opened theirs in time."""


class CurvePoint(Document):
    """Values of one round's game, in billionths."""

    round: int
    values: tuple[int, ...]
    standard_errors: tuple[int, ...]


class CheckpointDocument(Document):
    """Where the estimate stood when part of the budget was spent."""

    evaluations: int
    values: tuple[int, ...]
    standard_errors: tuple[int, ...]


class InteractionsDocument(Document):
    """Shapley interactions of all pairs: above 0 two complete each other."""

    matrix: tuple[tuple[int, ...], ...]
    """What each two add together that neither adds alone, symmetric, 0 on the diagonal."""
    standard_errors: tuple[tuple[int, ...], ...]


class ValuationDocument(Document):
    """``valuation.json``: who contributed what, and how sure that is."""

    participants: tuple[str, ...]
    game: str
    metric: str
    """What a worth is a gain in: ``loss`` (nats of log-likelihood) or ``accuracy``."""
    method: str
    reason: str
    """Why this method, where the scenario says ``auto``; else empty."""
    seed: str
    budget: int
    evaluations: int
    orders: int
    confidence_ppm: int
    worth: int
    """Of everyone together: the gain over the untrained model."""
    values: tuple[int, ...]
    half_widths: tuple[int, ...]
    """Half of each value's interval (Student's t), which ``confident`` pays by."""
    standard_errors: tuple[int, ...]
    sampling_errors: tuple[int, ...]
    validation_errors: tuple[int, ...]
    repeats: int = 1
    """How often every coalition was trained; the values are means over the repeats."""
    training_errors: tuple[int, ...] = ()
    """What the repeats leave of the error over trainings; empty of one training, which shows
    nothing of it."""
    errors: str
    """How the sampling errors were found: ``none`` (nothing was drawn), ``analytic`` (from the
    spread of independent draws), ``bootstrap`` or ``cross-fit``."""
    outranks_ppm: tuple[tuple[int, ...], ...]
    """The probability that each participant's true value exceeds each other's."""
    correlations_ppm: tuple[tuple[int, ...], ...] = ()
    """Of the values' errors, each row up to its diagonal; empty for more than 100 members."""
    trace: tuple[CheckpointDocument, ...]
    """Where the estimate stood on the way, in order; the last is the result."""
    leave_one_out: tuple[int, ...]
    individual: tuple[int, ...]
    data_size: tuple[int, ...]
    equal: tuple[int, ...]
    alignment: tuple[int, ...]
    """How far each one's recorded updates went down the validation loss, to first order, in
    billionths of a nat: a second opinion that nobody is paid by; empty in a vertical run."""
    interactions: InteractionsDocument | None
    """Of all pairs; null unless the method asked for every coalition."""
    by_owner: tuple[tuple[int, ...], ...]
    """Per participant, what each member's validation rows add to its value."""
    curve: tuple[CurvePoint, ...]
    """Values of each round's game, with the scenario's weights and metric."""
    suspicion: SuspicionDocument | None = None
    """Who looks as if it did not play fair, which nobody is paid by; null where no updates were
    recorded."""


class PayPartDocument(Document):
    """One step on the way to a payment."""

    label: str
    """What it is."""
    amount: SignedMoney
    """Below 0 where it takes away."""


class PayoutStep(Document):
    """How one participant's payment came about."""

    name: str
    value: int
    counted: int
    """The part of the value that the mechanism pays for, in billionths."""
    barred: bool
    share_ppm: int
    """Of the budget."""
    payment: Money
    reason: str = ""
    """Why it is paid or not, in a word: ``paid``, ``harmful``, ``zero-updates``, ..."""
    parts: tuple[PayPartDocument, ...] = ()
    """They add up to the payment."""


class PayIntervalsDocument(Document):
    """Between what each payment lies if values had come out as they well might."""

    draws: int
    """How often the mechanism paid again, for values drawn from their errors."""
    lows: tuple[Money, ...]
    """Of each member; as many draws as the confidence leaves out on one side are below."""
    highs: tuple[Money, ...]
    """Likewise above."""
    paid_ppm: tuple[int, ...]
    """In how many draws each is paid anything, in millionths of them."""


class OutcomeDocument(Document):
    """``outcome.json``: what the mechanism pays, to the last base unit."""

    mechanism: str
    budget: Money
    participants: tuple[str, ...]
    payments: tuple[Money, ...]
    slashes: tuple[Money, ...]
    reserve: Money
    barred: tuple[str, ...]
    bought_ppm: tuple[int, ...] = ()
    """Part of each one's offer that is bought; empty where nobody is asked for one."""
    steps: tuple[PayoutStep, ...]
    intervals: PayIntervalsDocument | None = None
    """Null where the mechanism looks at more than values and offers, or refuses a draw."""


class AccountsDocument(Document):
    """``accounts.json``: whose account is whose, bound before anyone is paid."""

    sponsor: str
    coordinator: str
    participants: dict[str, str]


class AcceptedDocument(Document):
    """``accepted.json``: what whoever ran it accepted; without the file, nothing."""

    unmeasured_noise: bool
    """That members are paid by intervals that leave protective noise out."""


class TimingsDocument(Document):
    """``timings.json``: when the run started and what each stage took."""

    started: int
    """Unix seconds; the embedded chain's clock starts here too."""
    milliseconds: dict[str, int]


def nano(numbers: Iterable[float]) -> tuple[int, ...]:
    """Give numbers as whole billionths."""
    return tuple(round(float(number) * NANO) for number in numbers)


def micro(number: float) -> int:
    """Give a number as whole millionths."""
    return round(number * MICRO)

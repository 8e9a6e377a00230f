"""The part of a scenario that makes it a vertical federation: owners of columns, and a protocol."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, model_validator

from fedmerit.scenario.sections import Name, NotNegative, Offer, Positive, Section


class Owner(Section):
    """One owner of columns: of the table that ``data.source`` names, or of a file of its own."""

    RENAMED = MappingProxyType({"noise": "noise_columns"})

    name: Name
    """What it is called."""
    columns: tuple[str, ...] = ()
    """Its columns; if none is named, all of its own file but the key and those that count rows,
    name single rows or hold dates."""
    label: str | None = None
    """The column to predict: exactly one owner has it, and is the label holder."""
    positive: str | None = None
    """The label to tell from all others, where there are more than two or the order matters."""
    target: Literal["classes", "quantity"] | None = None
    """``classes`` or ``quantity``: what the labels are. If absent, more than 20 different numbers
    are a quantity."""
    source: str | None = None
    """Its own .csv, .csv.gz, .tsv or .parquet file."""
    key: tuple[str, ...] = ()
    """The columns of its own file that say together whom a row is about."""
    aggregate: tuple[Literal["mean", "sum", "min", "max", "last", "count"], ...] = ()
    """What becomes of several rows about one person in its own file: of numbers these, a column for
    each and ``count`` one of how many rows there are; of texts the most frequent. If empty, a key
    that two rows have is refused."""
    coverage: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the people of ``data.source`` that it knows."""
    noise_columns: Annotated[int, Field(ge=0, le=100)] = 0
    """So many columns of noise, which say nothing, besides its own of ``data.source``."""
    offer: Offer | None = None
    """What it asks, where the mechanism buys: ``{ cost = 250_000 }``."""

    @model_validator(mode="after")
    def _holds_what_it_can(self) -> Owner:
        if self.name.startswith(".") or set(self.name) & set("/\\"):
            msg = f"owner {self.name!r}: its files are called so; leave out slashes and a first dot"
            raise ValueError(msg)
        if (self.source is None) != (not self.key):
            msg = f"owner {self.name!r}: 'source' and 'key' go together"
            raise ValueError(msg)
        if self.source is not None and (self.noise_columns or self.coverage != 1):
            msg = (
                f"owner {self.name!r}: 'coverage' and 'noise_columns' are for columns "
                "of data.source"
            )
            raise ValueError(msg)
        if self.aggregate and (self.source is None or self.label is not None):
            msg = (
                f"owner {self.name!r}: 'aggregate' is for the rows of its own file, and sums up no "
                f"labels"
            )
            raise ValueError(msg)
        if len(set(self.aggregate)) < len(self.aggregate):
            msg = f"owner {self.name!r}: 'aggregate' names something twice"
            raise ValueError(msg)
        for name in ("positive", "target"):
            if getattr(self, name) is not None and self.label is None:
                msg = f"owner {self.name!r}: {name!r} is of labels, and it names no 'label' column"
                raise ValueError(msg)
        return self


class Noise(Section):
    """Clipping and Gaussian noise on what leaves a party, and on its steps."""

    RENAMED = MappingProxyType({"noise": "noise_multiplier"})

    clip: Annotated[float, Field(gt=0)] | None = None
    """Largest norm of a micro-batch's part; absent: nothing is clipped."""
    noise_multiplier: NotNegative = 0.0
    """Standard deviation of the noise, in clipping norms; 0 protects nothing."""
    micro_batch: Positive = 1
    """Rows that are clipped together."""


class Vertical(Section):
    """Owners of different columns about the same people; without it, owners of rows train.

    Their rows are aligned by private set intersection first.
    """

    RENAMED = MappingProxyType(
        {
            "show_parts": "reveal_scores",
            "forward": "embeddings",
            "label_noise": "label_privacy",
            "feature_noise": "feature_privacy",
        }
    )

    owners: Annotated[tuple[Owner, ...], Field(min_length=2, max_length=8)]
    """Who takes part; the label holder among them."""
    protocol: Literal["regression", "split"] = "regression"
    """Logistic regression on numbers encrypted by Paillier's cryptosystem, or split learning:
    a network at each owner, whose embeddings the label holder's network goes on from."""
    join: Literal["inner", "left"] = "inner"
    """Whom they train on: people whom all owners know, or all of the label holder's. In a left join
    the label holder learns whom of its people each other owner knows; what an owner does not know
    of a person is taken for the mean of those it knows, and a column of its own says so."""
    epochs: Positive = 5
    """Passes over the common training rows, at most."""
    batch_size: Positive = 128
    """Rows in one step."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.3
    """Step size."""
    key_bits: Annotated[int, Field(ge=512, multiple_of=2)] = 2048
    """Length of Paillier's modulus; one below 2,048 hides nothing and is for rehearsals."""
    coordinator: Literal["label holder", "third party"] = "label holder"
    """``regression``: who opens masked numbers: the parties for each other under the label
    holder's lead, or a third party that never holds data."""
    sigmoid: Literal["taylor", "exact"] = "taylor"
    """``regression``: the loss by its expansion at 0, or exact by masked exponentials."""
    l2: NotNegative = 0.0
    """``regression``: what the loss adds of half the squared norm of the weights."""
    whiten: bool = False
    """``regression``: whether each owner makes its own columns uncorrelated first, so that a few
    epochs are enough where levels of one question overlap. Weights are then of those in ``l2``
    and ``tolerance``."""
    tolerance: NotNegative = 1e-3
    """``regression``: training ends once an epoch moves nobody's weights by this share."""
    column_bits: Annotated[int, Field(ge=0, le=20)] = 20
    """``regression``: binary places that each owner's columns are rounded to; sums of coarser ones
    tell less, and no noise is needed for that. For runs without ``gradient_privacy``."""
    gradient_privacy: Noise = Noise()
    """``regression``: noise on every gradient that is opened, added by whoever opens it, so that
    a party's own gradients tell it less of the labels."""
    reveal_scores: bool = False
    """``regression``: whether the others show the label holder their parts of the scores after
    the training, as the game of ``embeddings`` needs, in so few steps that they tell a tenth of the
    bits in their columns, less what gradients may have told; nothing is shown otherwise."""
    processes: bool = False
    """Whether each owner trains in a process of its own and meets the others over TLS; the numbers
    are the same."""
    width: Positive = 4
    """``split``: columns of an embedding."""
    embeddings: Literal["plain", "encrypted"] = "plain"
    """``split``: embeddings side by side in the clear, which tell features, or added up under
    encryption."""
    label_privacy: Noise = Noise()
    """``split``: how the label holder protects labels in the gradients that it sends back."""
    feature_privacy: Noise = Noise()
    """``split``: how the others protect features in their embeddings."""

    @model_validator(mode="after")
    def _fits_its_protocol(self) -> Vertical:
        of = {
            "regression": (
                *("coordinator", "sigmoid", "l2", "whiten", "tolerance", "reveal_scores"),
                *("column_bits", "gradient_privacy"),
            ),
            "split": ("width", "embeddings", "label_privacy", "feature_privacy"),
        }
        for protocol, settings in of.items():
            for name in settings:
                usual = type(self).model_fields[name].default
                if protocol != self.protocol and getattr(self, name) != usual:
                    msg = f"{name!r} is for protocol = {protocol!r}"
                    raise ValueError(msg)
        names = [owner.name for owner in self.owners]
        if twice := [name for name in names if names.count(name) > 1]:
            msg = f"two owners are called {twice[0]!r}"
            raise ValueError(msg)
        files = {name.replace(" ", "-").casefold(): name for name in names}  # as parties write them
        if len(files) < len(names) or "third-party" in files:
            shared = next((n for n in names if n not in files.values()), files.get("third-party"))
            msg = f"owner {shared!r}: its files would be called as another party's"
            raise ValueError(msg)
        holders = [owner.name for owner in self.owners if owner.label is not None]
        if len(holders) != 1:
            msg = f"exactly one owner names a 'label' column, not {len(holders)}"
            raise ValueError(msg)
        return self

    @property
    def label_holder(self) -> str:
        """Who has the labels."""
        return next(owner.name for owner in self.owners if owner.label is not None)

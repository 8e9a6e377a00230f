"""What the documents of a vertical run say besides: columns, messages, privacy, more opinions.

The run is one exchange, so ``training.json`` has one round, whose "updates" are each owner's own
record of what it sent and received: that is what it binds itself to, and whose root the chain has.
"""

from __future__ import annotations

from typing import Final

from fedmerit.bundle.directory import Document

#: Paillier keys below this length hide nothing from anyone who tries.
SAFE_BITS: Final = 2048

VERTICAL: Final = "vertical.json"
MESSAGES: Final = "training/messages.json"
OPINIONS: Final = "opinions.json"
#: Sums over all validation rows of every coalition's gains with the labels given, by game.
RETRAINED: Final = "games/retraining.safetensors"
EMBEDDED: Final = "games/embeddings.safetensors"
#: shap's own plots of the joint model; its plots by row would show the rows' features.
BY_COLUMN: Final = "attribution/columns.png"
BY_OWNER: Final = "attribution/owners.png"


class OwnerDocument(Document):
    """One owner, and what it holds."""

    name: str
    table_rows: int
    """Rows of its own table, before the alignment."""
    columns: tuple[str, ...]
    """Its columns, the key and the label aside."""
    inputs: tuple[str, ...]
    """What a model sees of them: standardised numbers, and a column for each level."""


class ProtocolDocument(Document):
    """What was said in one of the protocols that the parties went through."""

    name: str
    """``alignment``, ``training`` or ``parts`` (of the scores, shown afterwards)."""
    root: str
    """Keccak-256 over its messages' entries in canonical JSON."""
    messages: int
    rounds: int
    """Length of the longest chain of messages, each waiting for the one before."""
    bytes_sent: dict[str, int]
    """By party, a third party included."""


class ExposureDocument(Document):
    """What is seen of one secret, over the run and all coalitions that are trained again."""

    party: str
    """Who sees it: a party, or several that put together what they saw."""
    secret: str
    """``labels`` or ``features of`` somebody."""
    by: str
    """By what: ``gradients``, ``predictions``, ``parts of scores``, ``embeddings``, or what a
    party that opens numbers opens for another."""
    bits: int
    """Bits of it that are told, at most."""
    of: int
    """Bits that there are."""
    guess_ppm: int
    """How often the best guess of a label could be right; 0 for other secrets."""
    agreed: bool
    """Whether it is the prediction, which the parties train for."""
    colluding: bool
    """Whether it takes a party that opens what was not meant for it."""


class VerticalDocument(Document):
    """``vertical.json``: who holds which columns, what they said, and what it came to."""

    protocol: str
    """``regression`` or ``split``."""
    label_holder: str
    owners: tuple[OwnerDocument, ...]
    """The label holder first."""
    common: int
    """People whom all know."""
    epochs: int
    """Passes over the training rows."""
    key_bits: int
    """Length of Paillier's modulus; 0 where nothing was encrypted."""
    protocols: tuple[ProtocolDocument, ...]
    area_ppm: int | None = None
    """Area under the ROC curve of the federated model, on the validation rows; absent where a
    quantity is predicted."""
    joined_area_ppm: int | None = None
    """Of the model of the joined table, which nobody has, by the same loss as the run's, be it an
    expansion of the logistic one; absent likewise."""
    logistic_area_ppm: int | None = None
    """Of ordinary logistic regression on the joined table, where the run's loss is an expansion
    of it; else absent."""
    label_epsilon_micro: int | None
    """Epsilon for replacing one row's label, over the run and all coalitions that are trained
    again; null where no noise protects labels."""
    feature_epsilon_micro: int | None
    """Epsilon for replacing one row's features, likewise; null where no noise protects them."""
    delta_ppm: int
    """The delta that both hold at."""
    exposures: tuple[ExposureDocument, ...]
    """What messages tell of whose secrets."""

    @property
    def delta_area_ppm(self) -> int:
        """Area given up by not joining the tables."""
        return (self.joined_area_ppm or 0) - (self.area_ppm or 0)

    @property
    def bytes_sent(self) -> dict[str, int]:
        """Bytes that each party sent in all protocols together: owners first, then any other."""
        owners = [owner.name for owner in self.owners]
        senders = {party for protocol in self.protocols for party in protocol.bytes_sent}
        return {
            party: sum(protocol.bytes_sent.get(party, 0) for protocol in self.protocols)
            for party in [*owners, *sorted(senders - set(owners))]
        }


class EntryDocument(Document):
    """One message: who sent whom what, by its digest."""

    sender: str
    receiver: str
    number: int
    """From 1, for each pair of sender and receiver."""
    kind: str
    size: int
    """Bytes."""
    depth: int
    """Length of the longest chain of messages that ends with it."""
    digest: str
    """Keccak-256 of its bytes."""


class MessagesDocument(Document):
    """``training/messages.json``: every message of every protocol."""

    protocols: dict[str, tuple[EntryDocument, ...]]
    """By protocol, sorted by sender, receiver and number."""


class OpinionDocument(Document):
    """The parties' values by one game, in billionths of a nat."""

    game: str
    """``retraining`` or ``embeddings``."""
    label_holder: str
    """``given``: it plays for its columns; ``mandatory``: without it nobody is worth anything."""
    worth: int
    values: tuple[int, ...]
    half_widths: tuple[int, ...]
    """Half of each value's interval, at the scenario's confidence."""


class UseDocument(Document):
    """How much the joint model uses one input column."""

    owner: str
    column: str
    importance_nano: int
    """Mean magnitude of its attributions, in billionths of log-odds."""


class OpinionsDocument(Document):
    """``opinions.json``: values by other games, and what the model makes of whose columns."""

    participants: tuple[str, ...]
    games: tuple[OpinionDocument, ...]
    explained_rows: int
    """Validation rows that shap explained."""
    by_owner_nano: tuple[int, ...]
    """Mean magnitude of the sums of each owner's attributions, in billionths of log-odds."""
    columns: tuple[UseDocument, ...]
    """Every input column, the most used first."""

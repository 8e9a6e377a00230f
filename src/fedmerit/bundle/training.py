"""What was trained and measured as a bundle keeps it, and what it kept as it was."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from fedmerit.bundle.directory import COALITIONS
from fedmerit.bundle.schemas import GRADIENTS, RoundDocument, RoundNotes, TrainingDocument, micro
from fedmerit.chain import update_root
from fedmerit.errors import BundleError
from fedmerit.federation import Round, update_digests
from fedmerit.incentives import RecordedGame
from fedmerit.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation import Federation, Metrics, TrainingRecord

_ROUND_TYPES: Final[Mapping[str, type]] = MappingProxyType(
    {"global_before": np.float32, "updates": np.float32, "weights": np.float64}
)


def round_files(number: int) -> tuple[str, str]:
    """Name the two files of one round: its arrays and its notes."""
    return f"training/{number:04}.safetensors", f"training/{number:04}.json"


def write_round(bundle: Bundle, round_: Round) -> None:
    """Keep one round, so that a run that dies can go on from it."""
    arrays, notes = round_files(round_.number)
    bundle.write_tensors(arrays, {name: getattr(round_, name) for name in _ROUND_TYPES})
    bundle.write_document(notes, RoundNotes(**_notes(round_)))


def read_rounds(bundle: Bundle) -> tuple[Round, ...]:
    """Read back every round that is there, from the first to the first gap."""
    found: list[Round] = []
    while (bundle.path / round_files(len(found) + 1)[1]).is_file():
        arrays_name, notes_name = round_files(len(found) + 1)
        notes = bundle.document(notes_name, RoundNotes)
        arrays = bundle.tensors(arrays_name)
        check_types(arrays, arrays_name, _ROUND_TYPES)
        found.append(
            Round(
                number=notes.round,
                excluded=notes.excluded,
                bytes_up=notes.bytes_up,
                bytes_down=notes.bytes_down,
                seconds=0.0,  # a bundle keeps no round's wall time
                **arrays,
            )
        )
    return tuple(found)


def training_document(
    record: TrainingRecord, pooled: Metrics | None, federation: Federation
) -> TrainingDocument:
    """Say what the whole training came to.

    Args:
        record: The run.
        pooled: The same model trained on everybody's rows in one place; None if not known.
        federation: Whose validation rows the models are measured on.
    """
    untrained, labels = record.metrics[0], federation.validation_labels
    return TrainingDocument(
        rounds=tuple(_round_document(record, round_) for round_ in record.rounds),
        parameters=len(record.final),
        **{f"initial_{name}": value for name, value in measures(untrained).items()},
        **{f"pooled_{name}": value for name, value in (measures(pooled) if pooled else {}).items()},
        base_rate_ppm=base_rate(labels) if federation.classes else None,
        by_owner_micro=_by_owner(record, federation),
        stop_reason=record.stop,
        idle=record.idle,
    )


def coalition_arrays(
    table: tuple[NDArray[np.bool_], NDArray[np.float64]], owners: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Give the coalition table as it is stored.

    Args:
        table: Coalitions ``(m, n)``, and their gains ``(m, repeats * validation rows)``, one
            repeat after another.
        owners: Index of the member that brought each validation row.
    """
    coalitions, gains = table
    return {
        "coalitions": coalitions.astype(np.uint8),
        "gains_micro": np.rint(gains * MICRO).astype(np.int64),
        "owners": owners.astype(np.int64),
    }


def recorded_game(
    bundle: Bundle, participants: tuple[str, ...]
) -> tuple[RecordedGame, NDArray[np.int64]]:
    """Read the coalition table back as a game, with the owners of its validation rows."""
    arrays = bundle.tensors(COALITIONS)
    gains = whole(arrays.get("gains_micro", np.empty(0)), COALITIONS) / MICRO
    check_types(
        arrays, COALITIONS, {"coalitions": np.uint8, "gains_micro": np.int64, "owners": np.int64}
    )
    if (arrays["coalitions"] > 1).any():
        raise BundleError(f"{COALITIONS}: a member is in a coalition or not, so 1 or 0")
    coalitions = arrays["coalitions"].astype(np.bool_)
    owners: NDArray[np.int64] = arrays["owners"]
    if owners.ndim != 1 or not len(owners) or gains.ndim != 2 or gains.shape[1] % len(owners):  # noqa: PLR2004 - a table
        raise BundleError(f"{COALITIONS}: {owners.shape} owners of gains {gains.shape}")
    repeats = gains.shape[1] // len(owners)
    game = RecordedGame(participants, coalitions, gains, resolution=1 / MICRO, repeats=repeats)
    return game, owners


def check_types(arrays: Mapping[str, NDArray[Any]], name: str, types: Mapping[str, type]) -> None:
    """See that the file *name* holds these arrays, of these types, and nothing else.

    A digest is of an update's float32: of another type, others would hide behind it.

    Raises:
        BundleError: It does not.
    """
    found = {key: array.dtype for key, array in arrays.items()}
    if found != {key: np.dtype(kind) for key, kind in types.items()}:
        held = ", ".join(f"{key} ({kind})" for key, kind in sorted(found.items()))
        due = ", ".join(f"{key} ({np.dtype(kind)})" for key, kind in sorted(types.items()))
        raise BundleError(f"{name} holds {held or 'nothing'}, and has to hold {due}")


def whole(gains: NDArray[Any], name: str) -> NDArray[np.integer[Any]]:
    """Give *gains* out of the file *name*, which are whole millionths.

    The chain's integers are sums of them: whatever a sum would cut off, no report is bound to.

    Raises:
        BundleError: They are of another type than integers.
    """
    if not np.issubdtype(gains.dtype, np.integer):
        raise BundleError(
            f"{name}: gains_micro is of {gains.dtype}, and has to be of integers",
            hint="Ask whoever ran it for the table of whole millionths that the run wrote.",
        )
    return gains


def recorded_gradients(bundle: Bundle) -> NDArray[np.float32]:
    """Read the validation loss's gradient at each round's model, ``(rounds, parameters)``."""
    arrays = bundle.tensors(GRADIENTS)
    check_types(arrays, GRADIENTS, {"gradients": np.float32})
    return arrays["gradients"]


def _by_owner(record: TrainingRecord, federation: Federation) -> dict[str, tuple[int, ...]]:
    """Give the learning curve on each member's own validation rows."""
    from fedmerit.federation import measure_rows  # noqa: PLC0415 - an audit reads without torch

    models = np.stack([*(round_.global_before for round_ in record.rounds), record.final])
    likely, _ = measure_rows(federation, record.model, models, seed=record.seed)
    return {
        name: tuple(map(micro, likely[:, federation.validation_owners == owner].mean(axis=1)))
        for owner, name in enumerate(record.participants)
        if owner in federation.validation_owners
    }


def base_rate(labels: NDArray[Any]) -> int:
    """Give the share of rows that are of their most frequent class, in millionths."""
    return micro(float(np.unique(labels, return_counts=True)[1].max()) / len(labels))


def _round_document(record: TrainingRecord, round_: Round) -> RoundDocument:
    after = measures(record.metrics[round_.number])
    return RoundDocument(**kept(round_, record.participants), **after)


class Measurable(Protocol):
    """How good a model is; None where it does not apply."""

    @property
    def log_likelihood(self) -> float:
        """Mean over the validation rows, in nats."""

    @property
    def accuracy(self) -> float | None:
        """Share of rows classified right."""

    @property
    def area(self) -> float | None:
        """Under the ROC curve."""

    @property
    def rmse(self) -> float | None:
        """In standard deviations of the label."""

    @property
    def r_squared(self) -> float | None:
        """Share of variance predicted."""


def measures(metrics: Measurable) -> dict[str, Any]:
    """Give a model's metrics as documents say them, those that it has."""
    found = {
        "log_likelihood_micro": metrics.log_likelihood,
        "accuracy_ppm": metrics.accuracy,
        "area_ppm": metrics.area,
        "rmse_micro": metrics.rmse,
        "r_squared_ppm": metrics.r_squared,
    }
    return {name: micro(value) for name, value in found.items() if value is not None}


def kept(round_: Round, participants: tuple[str, ...]) -> dict[str, Any]:
    """Give all that a kept round tells by itself: who took part, and what it came to."""
    digests = update_digests(round_)
    names = zip(participants, round_.weights, strict=True)
    return {
        **_notes(round_),
        "sampled": tuple(n for n, weight in names if weight > 0 or n in round_.excluded),
        "update_digests": tuple("0x" + found.hex() for found in digests),
        "update_root": "0x" + update_root(digests).hex(),
    }


def _notes(round_: Round) -> dict[str, Any]:
    return {
        "round": round_.number,
        "excluded": dict(round_.excluded),
        "bytes_up": round_.bytes_up,
        "bytes_down": round_.bytes_down,
    }

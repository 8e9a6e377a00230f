"""Whose rows are trained on, as a scenario says: those of people known to all, or a left join."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fedmerit.federation.vertical.alignment.alignment import align, align_in_the_clear
from fedmerit.federation.vertical.alignment.leftjoin import (
    UNKNOWN,
    left_join,
    left_join_in_the_clear,
)
from fedmerit.federation.vertical.tables import known_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.vertical.alignment.alignment import Alignment
    from fedmerit.federation.vertical.tables import Holding
    from fedmerit.federation.vertical.task import VerticalTask
    from fedmerit.scenario.columns import Vertical


def joined(holdings: Sequence[Holding], asked: Vertical) -> Alignment:
    """Let the owners, the label holder first, find whose rows are about whom, by their protocol.

    Raises:
        DataError: A key is missing or repeated, or an owner knows nobody of them.
    """
    holder, keys = holdings[0], {held.party: held.keys for held in holdings}
    if asked.join == "inner":
        return align(keys, label_holder=holder.party)
    return left_join(keys, label_holder=holder.party, key=_order_key(holder))


def joined_in_the_clear(
    holdings: Sequence[Holding], asked: Vertical
) -> dict[str, NDArray[np.int64]]:
    """Find the same, as one who may see all keys.

    Raises:
        DataError: A key is missing or repeated, or nobody is known to all of an inner join.
    """
    holder, keys = holdings[0], {held.party: held.keys for held in holdings}
    if asked.join == "inner":
        return align_in_the_clear(keys)
    return left_join_in_the_clear(keys, label_holder=holder.party, key=_order_key(holder))


def known_to_all(rows: Mapping[str, NDArray[np.int64]]) -> int:
    """Count the people whom every owner knows, of those that are trained on."""
    return int(np.all([own != UNKNOWN for own in rows.values()], axis=0).sum())


def strangers(task: VerticalTask) -> tuple[str, ...]:
    """Say of each owner how many people it does not know, of those that are trained on."""
    people = len(task.labels) + len(task.held_out_labels)
    found = []
    for columns in task.parties:
        own = columns.encoding.names if columns.encoding else ()
        # An owner's table may have a column that is called so.
        if columns.names != own and columns.names[-1:] == (known_column(columns.party),):
            known = columns.training[:, -1].sum() + columns.held_out[:, -1].sum()
            found.append(
                f"{columns.party}: {int(known):,} of {people:,} people of {task.label_holder} are "
                f"known to it; of the others its columns are as of nobody in particular"
            )
    return tuple(found)


def _order_key(holder: Holding) -> bytes:
    """Give the key of the order, which an audit with the tables finds again.

    It is as secret as the label holder's whole table: who knows all of it but a few cells can try
    what they are.
    """
    features = pd.util.hash_pandas_object(holder.features, index=False).to_numpy()
    labels = b"" if holder.labels is None else holder.labels.astype("<i8").tobytes()
    keys = "\n".join(map(repr, holder.keys)).encode()
    return sha256(b"".join([b"fedmerit/left join/1", features.tobytes(), labels, keys])).digest()

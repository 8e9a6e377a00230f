"""A left join: all of the label holder's people, with whatever each other party knows of them.

The label holder meets every other party by itself, by private set intersection: it learns which
of its people that party knows, and the party learns which of its own people the label holder has,
and at which places among how many. Of two others neither learns whom the third one knows.

The order of people is by a hash under a key that the label holder alone knows. By an order that
others could compute, whoever knows the places of its own people could try names: a name whose
place would lie between two neighbours is nobody's.
"""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import ChannelError
from fedmerit.federation.vertical.alignment.alignment import Alignment, follow, lead
from fedmerit.federation.vertical.alignment.identifiers import normalised
from fedmerit.federation.wire.channel import play

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.wire.channel import Channel

#: What stands for a row that a party does not have.
UNKNOWN: Final = -1
#: Bytes of the order's key.
KEY_BYTES: Final = 32


def left_join(keys: Mapping[str, Sequence[object]], *, label_holder: str, key: bytes) -> Alignment:
    """Join all parties' rows to the label holder's, in this process.

    Args:
        keys: Each party's keys, a text, an integer or a tuple of them per row.
        label_holder: Whose people.
        key: The label holder's own, 32 bytes: whoever knows it can tell the order of any names.

    Returns:
        By party, its row about each of the label holder's people, :data:`UNKNOWN` where it has
        none, shape ``(people,)``.

    Raises:
        DataError: A key is missing or repeated, or a party knows none of the people.

    """
    own = {name: normalised(given, name) for name, given in keys.items()}
    programs: dict[str, Callable[[Channel], NDArray[np.int64]]] = {
        name: partial(join_to, leader=label_holder, identifiers=identifiers)
        for name, identifiers in own.items()
    }
    programs[label_holder] = partial(lead_join, identifiers=own[label_holder], key=key)
    played = play(programs)
    return Alignment(rows=played.results, transcript=played.transcript)


def left_join_in_the_clear(
    keys: Mapping[str, Sequence[object]], *, label_holder: str, key: bytes
) -> dict[str, NDArray[np.int64]]:
    """Give the rows that :func:`left_join` finds, to one who has all the keys.

    Raises:
        DataError: A key is missing or repeated.
    """
    own = {name: normalised(given, name) for name, given in keys.items()}
    people = own[label_holder]
    order = [people[row] for row in _order(people, key)]
    found = {}
    for name, identifiers in own.items():
        rows = {identifier: row for row, identifier in enumerate(identifiers)}
        found[name] = np.array([rows.get(person, UNKNOWN) for person in order], dtype=np.int64)
    return found


def lead_join(channel: Channel, *, identifiers: list[bytes], key: bytes) -> NDArray[np.int64]:
    """Play the label holder's part: meet each other party, and tell it the places of its people."""
    order = _order(identifiers, key)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    for peer in channel.peers:
        rows = lead(channel, identifiers=identifiers, learns="everyone", peers=(peer,))
        known = np.zeros(len(order), dtype=np.bool_)
        known[place[rows]] = True
        # The place of each common person among all known ones: both know the common order.
        turns = np.argsort(np.argsort(place[rows]))
        channel.send(peer, "places", known=known, turns=turns.astype("<i8"))
    return order


def join_to(channel: Channel, *, leader: str, identifiers: list[bytes]) -> NDArray[np.int64]:
    """Play any other party's part.

    Raises:
        ChannelError: The label holder told places that are none.
    """
    rows = follow(
        channel, leader=leader, identifiers=identifiers, learns="everyone", peers=(leader,)
    )
    if rows is None:
        raise AssertionError(leader)  # everyone was to learn them
    message = channel.receive(leader, "places")
    known = message.array("known", "|b1", (None,))
    turns = message.array("turns", "<i8", (len(rows),))
    if known.sum() != len(rows) or sorted(turns.tolist()) != list(range(len(rows))):
        raise ChannelError(f"{leader} told {channel.name} other places than its people have")
    found = np.full(len(known), UNKNOWN, dtype=np.int64)
    found[np.flatnonzero(known)[turns.astype(np.int64)]] = rows
    return found


def _order(identifiers: Sequence[bytes], key: bytes) -> NDArray[np.int64]:
    hashes = [blake2b(identifier, key=key, digest_size=32).digest() for identifier in identifiers]
    return np.array(sorted(range(len(hashes)), key=hashes.__getitem__), dtype=np.int64)

"""Private set intersection: whose rows are about the same people, and in what common order.

The label holder asks every other party for a Diffie-Hellman pseudorandom function of its
identifiers, blinded (2HashDH; Jarecki et al., 2016). With three parties and more nobody may
learn who is known to only some of them: so what a party answers for an identifier is a share
of zero under that function, in an oblivious key-value store, and only where every party has
the identifier do the shares add to zero (Kolesnikov et al., 2017).

The label holder learns the intersection and how many rows the others have. The others learn
the intersection, or with ``learns="label holder"`` nothing; and how many rows it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from fedmerit import csprng
from fedmerit.errors import ChannelError, DataError
from fedmerit.federation.vertical.alignment import curve
from fedmerit.federation.vertical.alignment.identifiers import normalised
from fedmerit.federation.vertical.alignment.oblivious import BLOCK, build, look_up
from fedmerit.federation.wire.channel import play

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coincurve import PublicKey
    from numpy.typing import NDArray

    from fedmerit.federation.vertical.alignment.oblivious import Blocks
    from fedmerit.federation.wire.channel import Channel
    from fedmerit.federation.wire.transcript import Transcript

#: Who learns the intersection.
Learns = Literal["everyone", "label holder"]

_KEY_BYTES: Final = 32
_CHECK: Final = "Check that all parties use the same kind of key, written in the same way."


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Rows of several parties, put in one order.

    Attributes:
        rows: By party, the rows that are about the common people, in the common order, shape
            ``(common,)``; None for a party that was not to learn them.
        transcript: What was said.

    """

    rows: Mapping[str, NDArray[np.int64] | None]
    transcript: Transcript


def align(
    keys: Mapping[str, Sequence[object]], *, label_holder: str, learns: Learns = "everyone"
) -> Alignment:
    """Align the rows of all parties, in this process.

    Args:
        keys: Each party's keys, a text, an integer or a tuple of them per row.
        label_holder: Who coordinates.
        learns: Who learns the intersection.

    Raises:
        DataError: A key is missing or repeated, or nobody is known to all parties.

    """
    own = {name: normalised(given, name) for name, given in keys.items()}
    if label_holder not in own or len(own) < 2:  # noqa: PLR2004 - two are what can be aligned
        raise DataError(
            f"the label holder {label_holder!r} and {', '.join(own) or 'nobody'} cannot be aligned",
            hint="Name two parties or more, the label holder among them.",
        )
    programs = {
        name: partial(
            lead if name == label_holder else partial(follow, leader=label_holder),
            identifiers=identifiers,
            learns=learns,
        )
        for name, identifiers in own.items()
    }
    played = play(programs)
    return Alignment(rows=played.results, transcript=played.transcript)


def align_in_the_clear(keys: Mapping[str, Sequence[object]]) -> dict[str, NDArray[np.int64]]:
    """Give the rows that :func:`align` finds, to one who has all the keys: a test, or an audit.

    Raises:
        DataError: A key is missing or repeated, or nobody is known to all parties.
    """
    places = {
        name: {identifier: row for row, identifier in enumerate(normalised(given, name))}
        for name, given in keys.items()
    }
    common = set.intersection(*(set(rows) for rows in places.values()))
    if not common:
        raise DataError(f"no identifier is known to {', '.join(keys)}", hint=_CHECK)
    order = sorted(common, key=_place)
    return {
        name: np.array([rows[known] for known in order], dtype=np.int64)
        for name, rows in places.items()
    }


def lead(
    channel: Channel,
    *,
    identifiers: list[bytes],
    learns: Learns,
    peers: tuple[str, ...] | None = None,
) -> NDArray[np.int64]:
    """Play the label holder's part.

    Args:
        channel: To every other party.
        identifiers: Its own, normalised.
        learns: Who learns the intersection.
        peers: Whose identifiers count; everyone's without.

    Returns:
        Its rows about the common people, in the common order.

    Raises:
        DataError: There are none.

    """
    peers = channel.peers if peers is None else peers
    shares = _zero_shares(channel, identifiers, peers)
    blinding = curve.random_scalar()
    blinded = curve.multiplied([curve.hashed(identifier) for identifier in identifiers], blinding)
    # Its rows' own order is nobody's business.
    order = csprng.permutation(len(blinded))
    sent = curve.to_bytes([blinded[row] for row in order])
    for peer in peers:
        channel.send(peer, "blinded", points=sent, learns=learns)
    tags = {}
    for peer in peers:
        tags[peer], masks, values = _answer(channel, peer, identifiers, order, blinding)
        shares ^= values ^ masks
    common = [identifiers[row] for row in np.flatnonzero(~shares.any(axis=1))]
    row_of = {identifier: row for row, identifier in enumerate(identifiers)}
    rows = np.array([row_of[known] for known in sorted(common, key=_place)], dtype=np.int64)
    for peer in peers:
        told = tags[peer][rows] if learns == "everyone" else tags[peer][:0]
        channel.send(peer, "common", tags=told)
    if not len(rows):
        raise DataError(
            f"no identifier is known to {channel.name} and to {', '.join(peers)}",
            hint=_CHECK,
        )
    return rows


def follow(
    channel: Channel,
    *,
    leader: str,
    identifiers: list[bytes],
    learns: Learns,
    peers: tuple[str, ...] | None = None,
) -> NDArray[np.int64] | None:
    """Play any other party's part.

    Returns:
        Its rows about the common people, in the common order; None if it is not to know.

    Raises:
        ChannelError: The label holder said something else was agreed, or sent no points.

    """
    shares = _zero_shares(channel, identifiers, channel.peers if peers is None else peers)
    asked = channel.receive(leader, "blinded")
    if asked.text("learns") != learns:
        raise ChannelError(
            f"{channel.name} agreed that {learns} shall learn the intersection, "
            f"and {leader} that {asked.text('learns')} shall",
            hint="Give all parties the same setting.",
        )
    key = curve.random_scalar()
    own = curve.multiplied([curve.hashed(identifier) for identifier in identifiers], key)
    tags, masks = _outputs(identifiers, own)
    seed, table = build(identifiers, shares ^ masks)
    answered = curve.multiplied(curve.from_bytes(asked.octets("points")), key)
    channel.send(leader, "answered", points=curve.to_bytes(answered), seed=seed, table=table)
    told = channel.receive(leader, "common").array("tags", "|u1", (None, BLOCK))
    if learns == "label holder":
        return None
    row_of = {tag.tobytes(): row for row, tag in enumerate(tags)}
    if len({tag.tobytes() for tag in told}) < len(told):
        raise ChannelError(f"{leader} named a row of {channel.name} twice")
    try:
        return np.array([row_of[tag.tobytes()] for tag in told], dtype=np.int64)
    except KeyError as error:
        raise ChannelError(f"{leader} named a row that {channel.name} does not have") from error


def _answer(
    channel: Channel,
    peer: str,
    identifiers: list[bytes],
    order: NDArray[np.int64],
    blinding: int,
) -> tuple[Blocks, Blocks, Blocks]:
    """Read a party's answer: tags, masks and stored values per own row, ``(rows, 16)`` each."""
    message = channel.receive(peer, "answered")
    points = curve.from_bytes(message.octets("points"))
    if len(points) != len(order):
        raise ChannelError(f"{peer} answered {len(points)} points to {len(order)} questions")
    unblinded = curve.multiplied(points, pow(blinding, -1, curve.ORDER))
    in_order = [unblinded[at] for at in np.argsort(order)]
    tags, masks = _outputs(identifiers, in_order)
    table = np.asarray(message.array("table", "|u1", (None, BLOCK)), dtype=np.uint8)
    return tags, masks, look_up(message.octets("seed"), table, identifiers)


def _zero_shares(channel: Channel, identifiers: list[bytes], peers: tuple[str, ...]) -> Blocks:
    """Agree on keys with the peers, and give this party's share of zero per identifier."""
    keys = {}
    for peer in peers:
        if channel.name < peer:
            keys[peer] = csprng.token(_KEY_BYTES)
            channel.send(peer, "key", key=keys[peer])
    for peer in peers:
        if peer < channel.name:
            keys[peer] = channel.receive(peer, "key").octets("key", count=_KEY_BYTES)
    shares = np.zeros((len(identifiers), BLOCK), dtype=np.uint8)
    for key in keys.values():
        shares ^= _blocks([blake2b(i, digest_size=BLOCK, key=key).digest() for i in identifiers])
    return shares


def _outputs(identifiers: list[bytes], points: Sequence[PublicKey]) -> tuple[Blocks, Blocks]:
    """Hash identifiers with their points into a tag and a mask each, shape ``(rows, 16)``."""
    both = zip(identifiers, points, strict=True)
    digests = _blocks([sha256(point.format() + name).digest() for name, point in both])
    halves = digests.reshape(len(identifiers), 2, BLOCK)
    return halves[:, 0], halves[:, 1]


def _blocks(digests: list[bytes]) -> Blocks:
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, BLOCK).copy()


def _place(identifier: bytes) -> bytes:
    """Give what the common order sorts by: it follows nobody's own order of rows."""
    return sha256(b"fedmerit/order/1" + identifier).digest()

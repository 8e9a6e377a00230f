"""One batch of encrypted regression, as each party sees it.

D holds the key under which residuals exist: the third party, or the first party beside the
label holder. In the latter case the label holder has a key too, for D's own gradient: D gets
the residuals with masks on, and the masks under the label holder's key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.federation.protection.packing import pack, pack_ciphers, slots, trained, unpack_all
from fedmerit.federation.vertical.regression import sigmoid
from fedmerit.federation.vertical.regression.party import MOST, SCORE_BITS

if TYPE_CHECKING:
    import numpy as np
    from gmpy2 import mpz
    from numpy.typing import NDArray

    from fedmerit.federation.protection.paillier import PrivateKey, PublicKey
    from fedmerit.federation.vertical.regression.party import Party
    from fedmerit.federation.vertical.task import Matrix

#: A mask of so many bits more than what it hides leaves an advantage of 2**-64.
_HIDING: Final = 64


def lead_batch(
    me: Party, key: PublicKey, own: PrivateKey | None, labels: Matrix, batch: NDArray[np.int64]
) -> None:
    """Play the label holder: make the residuals, hand them out, and take a step."""
    residuals = _residuals(me, key, labels, batch)
    readers = [party for party in me.others if party != me.owner]
    if readers:
        sent = [int(key.fresh(cipher)) for cipher in residuals]
        for party in readers:
            me.channel.send(party, "residuals", numbers=sent)
    if own is not None:
        _share(me, key, own.public, residuals)
    request = me.ask(me.owner, key, residuals, batch)
    if own is not None:
        me.open_gradient(me.owner, own, batch)
    me.step(request, batch)


def _residuals(me: Party, key: PublicKey, labels: Matrix, batch: NDArray[np.int64]) -> list[mpz]:
    """Give each row's encrypted derivative of the loss, at the scale of the loss."""
    own = me.scores(batch)
    if me.exact:
        ciphers = sigmoid.encrypted_sigmoids(
            me.channel, key, own, before=me.others[-1], owner=me.owner, parties=me.count
        )
        return [
            key.add_plain(cipher, -int(label) << me.scale.fraction)
            for cipher, label in zip(ciphers, labels, strict=True)
        ]
    # Four times the residual is the linear predictor + 2 - 4 * label: no product is needed.
    known = own - labels if me.settings.kind == "linear" else own + 2 - 4 * labels
    plain = trained(known, fraction=SCORE_BITS, bound=MOST, what="linear predictors").tolist()
    ciphers = [key.add_plain(1, value) for value in plain]
    for party in me.others:
        numbers = me.channel.receive(party, "forward").numbers("numbers", count=len(batch))
        theirs = key.received_all(numbers)
        ciphers = [key.add(c, t) for c, t in zip(ciphers, theirs, strict=True)]
    return ciphers


def follow_batch(
    me: Party,
    theirs: dict[str, PublicKey],
    own: PrivateKey | None,
    batch: NDArray[np.int64],
    parties: tuple[str, ...],
) -> None:
    """Play a party with columns and no labels: send its part, and take a step."""
    leader = parties[0]
    _send_forward(me, theirs, own, batch, parties)
    if own is not None:
        _decide_and_learn(me, own, theirs[leader], batch, parties)
        return
    key = theirs[me.owner]
    numbers = me.channel.receive(leader, "residuals").numbers("numbers", count=len(batch))
    me.step(me.ask(me.owner, key, key.received_all(numbers), batch), batch)


def _send_forward(
    me: Party,
    theirs: dict[str, PublicKey],
    own: PrivateKey | None,
    batch: NDArray[np.int64],
    parties: tuple[str, ...],
) -> None:
    """Send a party's part of the linear predictors: encrypted, or as factors of the odds."""
    key = own.public if own is not None else theirs[me.owner]
    scores = me.scores(batch)
    if me.exact:
        at = parties.index(me.channel.name)
        before = parties[at - 1] if at > 1 else None
        after = parties[at + 1] if at + 1 < len(parties) else parties[0]
        sigmoid.pass_odds(me.channel, key, scores, before=before, after=after)
        return
    plain = trained(scores, fraction=SCORE_BITS, bound=MOST, what="linear predictors").tolist()
    numbers = [int(cipher) for cipher in key.encrypt_all(plain)]
    me.channel.send(parties[0], "forward", numbers=numbers)


def _share(me: Party, key: PublicKey, own: PublicKey, residuals: list[mpz]) -> None:
    """Give D the residuals with masks on, and the masks under the label holder's own key."""
    masks = [me.replay.draws.bits(me.scale.bits + _HIDING) for _ in residuals]
    width = me.scale.bits + _HIDING + 2
    many = slots(key, width)
    packed = pack_ciphers(key, residuals, width)
    shares = [
        int(key.fresh(key.add_plain(cipher, pack(masks[at * many : (at + 1) * many], width))))
        for at, cipher in enumerate(packed)
    ]
    encrypted = [int(own.encrypt(-mask)) for mask in masks]
    me.channel.send(me.owner, "shares", shares=shares, masks=encrypted)


def _decide_and_learn(
    me: Party,
    own: PrivateKey,
    leaders: PublicKey,
    batch: NDArray[np.int64],
    parties: tuple[str, ...],
) -> None:
    """Play D and a party with columns at once."""
    leader = parties[0]
    if me.exact:
        sigmoid.divide(me.channel, leader, own, rows=len(batch), parties=len(parties))
    message = me.channel.receive(leader, "shares")
    width = me.scale.bits + _HIDING + 2
    many = slots(own.public, width)
    shares = own.public.received_all(message.numbers("shares", count=-(-len(batch) // many)))
    known = unpack_all(own.decrypt_all(shares), width, many, len(batch))
    masks = leaders.received_all(message.numbers("masks", count=len(batch)))
    request = me.ask_shared(leader, leaders, (masks, known), batch)
    for party in (leader, *me.others):
        me.open_gradient(party, own, batch)
    me.step(request, batch)

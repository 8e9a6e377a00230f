"""Both ends of the cut: embeddings go in and gradients come out, plain or added up encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from fedmerit.federation.protection.masking import agree_on_masks, masks_below
from fedmerit.federation.protection.opening import (
    Allowance,
    Request,
    open_for,
    publish,
    receive_key,
)
from fedmerit.federation.protection.packing import pack, slots, trained
from fedmerit.federation.protection.paillier import PrivateKey, PublicKey, generate
from fedmerit.federation.vertical.split.halves import tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.csprng import NoiseStream
    from fedmerit.federation.vertical.split.halves import Half
    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.wire.channel import Channel

#: Embeddings of training and of validation rows, ``(rows, width)`` each.
Embeddings = tuple["NDArray[np.float32]", "NDArray[np.float32]"]

_FRACTION: Final = 24
_MOST: Final = 1024.0
_SLOT: Final = 48


class Gather:
    """The label holder's end of the cut: embeddings in, gradients out."""

    def __init__(
        self,
        channel: Channel,
        others: tuple[str, ...],
        settings: SplitSettings,
        own: Half | None,
        draws: NoiseStream,
    ) -> None:
        self._channel = channel
        self._others = others
        self._settings = settings
        self._own = own
        self._key = None
        if settings.forward == "encrypted":
            self._key = receive_key(channel, others[0], settings.key_bits, draws)

    def __call__(self, own_rows: Tensor) -> Tensor:
        """Give the top network's inputs."""
        parts = [self._own(own_rows)] if self._own is not None else []
        if self._key is not None:
            return self._summed(self._key, parts, len(own_rows))
        shape = (len(own_rows), self._settings.width)
        for party in self._others:
            message = self._channel.receive(party, "embeddings")
            parts.append(tensor(message.array("rows", "<f4", shape)))
        return torch.cat(parts, dim=1)

    def scatter(self, cut: Tensor, own_rows: Tensor) -> None:
        """Send each party the gradient in its embeddings, and learn by one's own."""
        encrypted = self._key is not None
        width = self._settings.width
        own = 0 if self._own is None else width
        for place, party in enumerate(self._others):
            start = 0 if encrypted else own + place * width
            part = cut[:, start : start + width].numpy().astype("<f4")
            self._channel.send(party, "gradients", rows=part)
        if self._own is not None:
            self._own.step(own_rows, cut[:, :width])

    def by_party(self, seen: Tensor, unseen: Tensor, name: str) -> dict[str, Embeddings]:
        """Tell whose columns are whose, as far as the label holder knows."""
        if self._key is not None:
            return {}
        names = [*([name] if self._own is not None else []), *self._others]
        width = self._settings.width
        places = {party: slice(k * width, (k + 1) * width) for k, party in enumerate(names)}
        return {
            party: (seen[:, place].numpy(), unseen[:, place].numpy())
            for party, place in places.items()
        }

    def _summed(self, key: PublicKey, parts: list[Tensor], rows: int) -> Tensor:
        width = self._settings.width
        count = -(-rows * width // slots(key, _SLOT))
        ciphers = None
        for party in self._others:
            numbers = self._channel.receive(party, "embeddings").numbers("packed", count=count)
            theirs = key.received_all(numbers)
            both = zip(ciphers or theirs, theirs, strict=True)
            ciphers = theirs if ciphers is None else [key.add(a, b) for a, b in both]
        allowed = Allowance(rows * width, _SLOT)
        request = Request(self._channel, self._others[0], key, ciphers or [], allowed)
        values = np.array(request.opened(), dtype=np.float64) / 2.0**_FRACTION
        total = tensor(values.reshape(rows, width))
        return total + sum(parts, torch.zeros_like(total))


class Send:
    """A party's end of the cut."""

    def __init__(
        self,
        channel: Channel,
        parties: tuple[str, ...],
        settings: SplitSettings,
        draws: NoiseStream,
    ) -> None:
        self._channel = channel
        self._leader = parties[0]
        self._draws = draws
        self._own: PrivateKey | None = None
        self._key: PublicKey | None = None
        self._pairs: dict[str, bytes] = {}
        if settings.forward == "encrypted":
            self._share_key(parties, settings)

    def __call__(self, embeddings: Tensor, place: tuple[str | int, ...]) -> None:
        """Send the embeddings of the rows that are called *place*.

        Encrypted ones have masks on that only the sum over all parties is without: whatever else
        the label holder has opened is a random number.
        """
        if self._key is None:
            rows = embeddings.numpy().astype("<f4")
            self._channel.send(self._leader, "embeddings", rows=rows)
            return
        plain = trained(
            embeddings.double().numpy(),
            fraction=_FRACTION,
            bound=_MOST,
            what="embeddings",
        )
        values, many = plain.ravel().tolist(), slots(self._key, _SLOT)
        packed = [pack(values[at : at + many], _SLOT) for at in range(0, len(values), many)]
        n = int(self._key.n)
        masks = masks_below(n, len(packed), self._channel.name, self._pairs, place)
        hidden = [value + mask for value, mask in zip(packed, masks, strict=True)]
        numbers = [int(cipher) for cipher in self._key.encrypt_all(hidden)]
        self._channel.send(self._leader, "embeddings", packed=numbers)
        if self._own is not None:
            allowed = Allowance(len(values), _SLOT)
            open_for(self._channel, self._leader, self._own, allowed, self._draws)

    def _share_key(self, parties: tuple[str, ...], settings: SplitSettings) -> None:
        if self._channel.name == parties[1]:
            self._own = generate(settings.key_bits, self._draws)
            self._key = self._own.public
            publish(self._channel, self._key)
        else:
            self._key = receive_key(self._channel, parties[1], settings.key_bits, self._draws)
        others = tuple(party for party in parties[1:] if party != self._channel.name)
        self._pairs = agree_on_masks(self._channel, others, self._draws)

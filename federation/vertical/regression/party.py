"""What every party with columns does alike in encrypted regression: sums, steps and scales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import TrainingError
from fedmerit.federation.protection.opening import Allowance, Request, open_for, receive_key
from fedmerit.federation.protection.packing import fixed, pack_ciphers, weighted_sums
from fedmerit.federation.vertical.regression import sigmoid
from fedmerit.federation.vertical.regression.settings import FEATURE_BITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gmpy2 import mpz
    from numpy.typing import NDArray

    from fedmerit.federation.protection.paillier import PrivateKey, PublicKey
    from fedmerit.federation.vertical.regression.settings import RegressionSettings
    from fedmerit.federation.vertical.replay import Replay
    from fedmerit.federation.vertical.task import Matrix
    from fedmerit.federation.wire.channel import Channel

#: Binary places of linear predictors, and the largest magnitude of them and of features.
SCORE_BITS: Final = 32
MOST: Final = 1024.0

#: Noise of 2**6 standard deviations is drawn once in 2**2900 times.
_NOISE_BITS: Final = 7


@dataclass(frozen=True, slots=True)
class Scale:
    """How encrypted residuals are to be read.

    Attributes:
        fraction: Their binary places.
        bits: Their largest length, sign included.
        factor: What to multiply them by.

    """

    fraction: int
    bits: int
    factor: float

    @classmethod
    def of(cls, settings: RegressionSettings, parties: int) -> Scale:
        """Give the scale of a loss's residuals."""
        if settings.kind == "logistic" and settings.sigmoid == "exact":
            fraction = sigmoid.fraction_bits(parties)
            return cls(fraction, fraction + 2, 1.0)
        bits = SCORE_BITS + int(MOST).bit_length() + parties.bit_length() + 2
        return cls(SCORE_BITS, bits, 1.0 if settings.kind == "linear" else 0.25)

    def gradient_bits(self, batch: int) -> int:
        """Give the length of a sum of *batch* residuals times features, sign included."""
        return self.bits + FEATURE_BITS + int(MOST).bit_length() + batch.bit_length() + 1

    def allowance(self, settings: RegressionSettings, batch: int, sums: int) -> Allowance:
        """Give what a party may have opened of a batch: so many sums, with the noise agreed on."""
        noise = self._noise_scale(settings)
        width = max(self.gradient_bits(batch), noise.bit_length() + _NOISE_BITS) + 1
        return Allowance(sums, width, noise)

    def _noise_scale(self, settings: RegressionSettings) -> int:
        noise = settings.gradient_noise
        unit = (1 << (self.fraction + FEATURE_BITS)) / self.factor
        return round(noise.noise * (noise.clip or 0.0) * unit)

    def gradient(self, sums: Sequence[int], batch: int) -> Matrix:
        """Read the mean gradient from sums of residuals times features."""
        whole = 1 << (self.fraction + FEATURE_BITS)
        return np.array([self.factor * (value / whole) / batch for value in sums])


class Party:
    """What every party with columns does alike.

    Attributes:
        channel: To all others.
        settings: How to train.
        rows: Its columns, shape ``(rows, columns)``.
        weights: Its own, shape ``(columns,)``.
        count: How many parties have columns or labels.
        scale: How to read encrypted residuals.
        owner: Who holds the key.
        others: All parties beside itself and the label holder.
        replay: Its draws, which are the same where it goes on after a break.

    """

    def __init__(
        self,
        channel: Channel,
        rows: Matrix,
        settings: RegressionSettings,
        sums: Mapping[str, int],
        replay: Replay,
        *,
        decays: int,
    ) -> None:
        parties = tuple(sums)
        if rows.shape[1] != sums[channel.name]:
            raise TrainingError(
                f"{channel.name} has {rows.shape[1]} sums to be opened in a batch, and "
                f"{sums[channel.name]} were agreed on"
            )
        self.channel = channel
        self.settings = settings
        self.rows = settings.used(rows)
        self.weights = np.zeros(rows.shape[1])
        self.count = len(parties)
        self.scale = Scale.of(settings, len(parties))
        self.replay = replay
        self._sums = sums
        self.owner = parties[1]
        self.others = tuple(p for p in parties[1:] if p != channel.name)
        self._decay = np.append(np.full(decays, settings.l2), np.zeros(rows.shape[1] - decays))
        self._fixed = fixed(
            self.rows, fraction=FEATURE_BITS, bound=MOST, what=f"{channel.name}'s columns"
        )
        if settings.coordinator == "third party":
            self.owner = next(peer for peer in channel.peers if peer not in parties)

    @property
    def exact(self) -> bool:
        """Whether the sigmoid is to be exact."""
        return self.settings.kind == "logistic" and self.settings.sigmoid == "exact"

    def scores(self, batch: NDArray[np.int64]) -> Matrix:
        """Give the party's own part of the linear predictors, shape ``(batch,)``."""
        return np.asarray(self.rows[batch] @ self.weights)

    def ask(
        self, owner: str, key: PublicKey, residuals: Sequence[mpz], batch: NDArray[np.int64]
    ) -> Request:
        """Ask for the sums of encrypted residuals times own features."""
        sums = weighted_sums(key, residuals, self._fixed[batch])
        return self._request(owner, key, sums, len(batch))

    def ask_shared(
        self,
        owner: str,
        key: PublicKey,
        parts: tuple[list[mpz], list[int]],
        batch: NDArray[np.int64],
    ) -> Request:
        """Ask for the gradient of residuals of which one part is encrypted and one is known."""
        encrypted, known = parts
        columns = self._fixed[batch].T.tolist()
        plain = [sum(x * k for x, k in zip(column, known, strict=True)) for column in columns]
        sums = weighted_sums(key, encrypted, self._fixed[batch])
        both = [key.add_plain(c, value) for c, value in zip(sums, plain, strict=True)]
        return self._request(owner, key, both, len(batch))

    def step(self, request: Request, batch: NDArray[np.int64]) -> None:
        """Wait for the gradient, and take a step."""
        gradient = self.scale.gradient(request.opened(), len(batch)) + self._decay * self.weights
        self.weights = self.weights - self.settings.learning_rate * gradient

    def open_gradient(self, asker: str, key: PrivateKey, batch: NDArray[np.int64]) -> None:
        """Open another's gradient, under noise if so agreed."""
        allowed = self.scale.allowance(self.settings, len(batch), self._sums[asker])
        open_for(self.channel, asker, key, allowed, self.replay.draws)

    def key_of(self, owner: str) -> PublicKey:
        """Wait for a public key."""
        return receive_key(self.channel, owner, self.settings.key_bits, self.replay.draws)

    def _request(self, owner: str, key: PublicKey, sums: Sequence[mpz], batch: int) -> Request:
        allowed = self.scale.allowance(self.settings, batch, len(sums))
        packed = pack_ciphers(key, sums, allowed.width)
        return Request(self.channel, owner, key, packed, allowed)

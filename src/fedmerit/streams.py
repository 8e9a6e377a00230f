"""Named random streams of one seed.

Every draw in the package names what it is for, and the name picks the stream. Adding a
draw in one room therefore moves no number in another, and a participant's draws do not
depend on who else takes part.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np


def sequence(seed: int, *names: str | int) -> np.random.SeedSequence:
    """Give the seed sequence of the stream called *names* under *seed*.

    Args:
        seed: The scenario's one seed, not negative.
        names: The stream's path, say ``"training", "batches", "cleveland", 3``.

    """
    # Length-prefixed, so that ("a", "bc") and ("ab", "c") are two streams.
    path = b"".join(f"{len(text)}:{text}".encode() for text in map(str, names))
    words = np.frombuffer(sha256(path).digest(), dtype="<u4")
    return np.random.SeedSequence(seed, spawn_key=tuple(int(word) for word in words))


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Give a fresh NumPy generator for the stream called *names* under *seed*."""
    return np.random.default_rng(sequence(seed, *names))


def derived_seed(seed: int, *names: str | int) -> int:
    """Give a 63-bit integer seed for libraries that take one (torch, scikit-learn)."""
    return int(sequence(seed, *names).generate_state(1, np.uint64)[0] >> np.uint64(1))


def repeat_seed(seed: int, number: int) -> int:
    """Give the seed of a training's repeat: 0 is the training itself, under *seed*."""
    return seed if number == 0 else derived_seed(seed, "valuation", "repeat", number)

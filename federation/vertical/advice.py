"""Settings that would do, where a run is refused since its messages tell too much."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.federation.privacy.accountant import DELTA
from fedmerit.federation.privacy.noise import NoiseSettings
from fedmerit.federation.privacy.releases import trainings
from fedmerit.federation.vertical.regression.settings import FEATURE_BITS
from fedmerit.federation.vertical.regression.whitening import whitened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fedmerit.federation.vertical.regression.settings import RegressionSettings
    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import VerticalTask

#: Clipping norms of noise that are tried: so fine that no more is asked than is needed.
_NOISES: Final = tuple(
    round(base * 10**power, 2)
    for power in (-1, 0, 1, 2, 3)
    for base in (
        1,
        1.5,
        2,
        3,
        4,
        5,
        6,
        8,
    )
)


def of_parts() -> str:
    """Say what would do where parts of scores tell too much."""
    return (
        "Leave reveal_scores out: the columns of a party that shows its part must have ten bits "
        "a person at least."
    )


def of_regression(
    task: VerticalTask,
    settings: RegressionSettings,
    does: Callable[[RegressionSettings], bool],
    *,
    repeats: int = 1,
) -> str:
    """Give larger batches, fewer epochs, coarser columns or noise that would do."""
    options = [
        *_larger(task, settings, does),
        *_fewer(settings, does),
        *_coarser(settings, does),
        *_noise(task, settings, does, repeats),
    ]
    return f"Use {', or '.join(options)}." if options else "Use more rows, or fewer columns."


def of_networks(
    task: VerticalTask,
    settings: SplitSettings,
    what: str,
    does: Callable[[float], bool],
    *,
    repeats: int = 1,
) -> str:
    """Give the noise of split learning that would do."""
    runs = trainings(len(task.parties), repeats)
    protection, releases = (
        (settings.labels, settings.label_releases(runs))
        if what == "labels"
        else (settings.features, settings.feature_releases(runs))
    )
    noise = 0.1
    while not does(2 * np.sqrt(releases) / noise):
        noise = round(noise + max(0.1, noise / 100), 1)
    clipped = replace(protection, clip=protection.clip or 1.0, noise=noise)
    return (
        f"Use a {what[:-1]}_privacy.noise_multiplier of {noise:g} clipping norms (epsilon "
        f"{clipped.epsilon(releases, DELTA):.2f} for {releases} messages and steps, those of "
        f"coalitions that are trained again included), or fewer epochs."
    )


def _larger(
    task: VerticalTask, settings: RegressionSettings, does: Callable[[RegressionSettings], bool]
) -> Iterator[str]:
    rows = len(task.labels)
    sizes = [min(rows, settings.batch_size << step) for step in range(1, rows.bit_length() + 1)]
    found = (size for size in sizes if does(replace(settings, batch_size=size)))
    yield from (f"batch_size = {size}" for size in [next(found, None)] if size)


def _fewer(
    settings: RegressionSettings, does: Callable[[RegressionSettings], bool]
) -> Iterator[str]:
    epochs = [settings.epochs >> step for step in range(1, settings.epochs.bit_length())]
    found = (count for count in epochs if does(replace(settings, epochs=count)))
    yield from (f"epochs = {count}" for count in [next(found, None)] if count)


def _coarser(
    settings: RegressionSettings, does: Callable[[RegressionSettings], bool]
) -> Iterator[str]:
    if settings.gradient_noise.clip is not None:
        return
    places = (12, 8, 6, 4, 3)
    coarser = [bits for bits in places if bits < settings.column_bits]
    found = (bits for bits in coarser if does(replace(settings, column_bits=bits)))
    yield from (f"column_bits = {bits}" for bits in [next(found, None)] if bits)


def _noise(
    task: VerticalTask,
    settings: RegressionSettings,
    does: Callable[[RegressionSettings], bool],
    repeats: int,
) -> Iterator[str]:
    """Give the noise on opened gradients that would do, if the loss allows any."""
    if settings.kind == "linear" or settings.sigmoid == "exact":
        return
    clip = settings.gradient_noise.clip or _usual_norm(task, whiten=settings.whiten)
    parties = len(task.parties)
    releases = settings.releases(parties, trainings(parties, repeats))
    noises = [
        NoiseSettings(clip=clip, noise=noise)
        for noise in _NOISES
        if noise > settings.gradient_noise.noise
    ]
    noisy = replace(settings, column_bits=FEATURE_BITS)
    least = bisect_left(
        noises, 1, key=lambda noise: int(does(replace(noisy, gradient_noise=noise)))
    )
    for noise in noises[least : least + 1]:
        yield (
            f"gradient_privacy.noise_multiplier of {noise.noise:g} clipping norms of {clip:g} "
            f"(epsilon {noise.epsilon(releases, DELTA):.2f})"
        )


def _usual_norm(task: VerticalTask, *, whiten: bool) -> float:
    """Give a norm that nine of ten rows of each party's are below."""
    parts = [(whitened(columns)[0] if whiten else columns).training for columns in task.parties]
    norms = [float(np.quantile(np.linalg.norm(part, axis=1), 0.9)) for part in parts]
    return round(max(1.0, *norms), 1)

"""Made-up columns of a few parties."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.federation.vertical.task import Columns, VerticalTask


def task(*widths, rows=40, held_out=10, kind="logistic", seed=0):
    rng = np.random.default_rng(seed)
    parts = [rng.normal(size=(rows + held_out, width)) for width in widths]
    scores = sum(part @ rng.normal(size=part.shape[1]) for part in parts) - 0.3
    noisy = scores + 0.3 * rng.normal(size=len(scores))
    labels = noisy if kind == "linear" else (noisy > 0).astype(float)
    names = ("shop", "bank", "noise", "more")
    return VerticalTask(
        name="made up",
        parties=tuple(
            Columns(
                party=name,
                names=tuple(f"{name} {k}" for k in range(part.shape[1])),
                training=part[:rows],
                held_out=part[rows:],
            )
            for name, part in zip(names, parts, strict=False)
        ),
        labels=labels[:rows],
        held_out_labels=labels[rows:],
    )


@pytest.fixture
def make_task():
    return task

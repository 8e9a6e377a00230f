"""Made-up rounds of random updates for the benchmarks of coalition models."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np
import torch
from torch import nn

from fedmerit.federation import (
    Federation,
    Honest,
    Member,
    ModelSpec,
    Round,
    TrainingRecord,
    TrainingSettings,
    network,
)

CLASSES, SCALE = 10, 0.1


class SmallCnn(nn.Module):
    """Two convolutions and a linear layer, for images of 8 by 8."""

    def __init__(self, in_features: int, classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 16, 3, padding=1)
        self.last = nn.Linear(in_features // 16 * 16, classes)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Give a score per class."""
        images = rows.view(-1, 1, 8, 8)
        seen = torch.max_pool2d(self.first(images).relu(), 2)
        seen = torch.max_pool2d(self.second(seen).relu(), 2)
        scores: torch.Tensor = self.last(seen.flatten(1))
        return scores


@dataclass(frozen=True)
class Case:
    """A model, its columns, and how many coalitions one question asks for."""

    spec: ModelSpec
    columns: int
    asked: int = 1024

    def flops(self, members: int, rows: int) -> float:
        """Count what the game does for a coalition, tables aside; 0 for a module of any kind."""
        _, *widths = self.spec.widths(self.columns, CLASSES) or (0,)
        if not widths:
            return 0.0
        layers = sum(wide * narrow for wide, narrow in pairwise(widths))
        first = (ceil(members / 5) + 2) * rows * widths[0]  # tables of five, times scale, plus base
        return first + 2 * (rows + 1 + members) * layers


CASES = {
    "logistic-784": Case(ModelSpec(), 784),
    "mlp-64": Case(ModelSpec(kind="mlp", hidden=(64,)), 64),
    "mlp-784": Case(ModelSpec(kind="mlp", hidden=(200,)), 784),
    "cnn-64": Case(ModelSpec(kind="made_up:SmallCnn"), 64, asked=48),
}


def made_up(case: Case, members: int, rows: int) -> tuple[TrainingRecord, Federation]:
    """Give one round of random updates, and the validation rows to judge them by."""
    rng = np.random.default_rng(members)
    nothing = np.zeros((1, case.columns), dtype=np.float32), np.zeros(1, dtype=np.int64)
    names = tuple(map(str, range(members)))
    federation = Federation(
        name="random",
        members=tuple(
            Member(
                name=name,
                features=nothing[0],
                labels=nothing[1],
                declared_rows=1,
                behaviour=Honest(),
            )
            for name in names
        ),
        classes=tuple(map(str, range(CLASSES))),
        feature_names=tuple(map(str, range(case.columns))),
        validation_features=rng.normal(size=(rows, case.columns)).astype(np.float32),
        validation_labels=rng.integers(CLASSES, size=rows),
        validation_owners=np.zeros(rows, dtype=np.int64),
    )
    before = network(federation, case.spec, seed=0, device="cpu").initial.numpy()
    round_ = Round(
        number=1,
        global_before=before,
        updates=(SCALE * rng.normal(size=(members, len(before)))).astype(np.float32),
        weights=rng.dirichlet(np.full(members, 10.0)),
        excluded={},
        bytes_up=0,
        bytes_down=0,
        seconds=0.0,
    )
    record = TrainingRecord(
        participants=names,
        model=case.spec,
        settings=TrainingSettings(),
        seed=0,
        rounds=(round_,),
        final=before,
        stop="rounds",
        metrics=(),
        idle=(),
    )
    return record, federation

"""Many runs of one federation that differ in who takes part and how, side by side.

A column is one way in which somebody may take part: a member as it is, the same member with
half its steps, a copy of it under another name. A round of a run picks its columns. Runs that
went alike so far are one run, and all that differ are trained together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from fedmerit.errors import TrainingError
from fedmerit.federation.batched.measure import Metrics, ModelEvaluator
from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.games.rounds import RoundGame
from fedmerit.federation.games.run import RunGame
from fedmerit.federation.horizontal.engine import Engine
from fedmerit.federation.horizontal.record import Round, TrainingRecord, zero_update_members
from fedmerit.federation.horizontal.rounds import FLOAT_BYTES, collect, local_updates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.data.consortium import Federation, Member
    from fedmerit.federation.horizontal.settings import TrainingSettings
    from fedmerit.federation.models import ModelSpec

#: Memory that the updates of runs trained together may take, in bytes.
_MEMORY_BYTES: Final = 2**27


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunRound:
    """One round of one run; the rounds before it are kept by whoever needs them.

    Attributes:
        number: From 1; 0 is where every run starts.
        parts: Names of the columns that took part.
        before: The global model sent out, float32, shape ``(parameters,)``.
        updates: What came back, float32, shape ``(parts, parameters)``; 0 if not accepted.
        weights: What each weighed, float64, shape ``(parts,)``; 0 if not accepted.
        after: The global model that came of it.
        metrics: Of that model, on the validation rows.

    """

    number: int
    parts: tuple[str, ...]
    before: NDArray[np.float32]
    updates: NDArray[np.float32]
    weights: NDArray[np.float64]
    after: NDArray[np.float32]
    metrics: Metrics

    @property
    def idle(self) -> tuple[str, ...]:
        """Those whose update was accepted, and exactly zero."""
        still = (self.weights > 0) & ~self.updates.any(axis=1)
        return tuple(name for name, idle in zip(self.parts, still, strict=True) if idle)


class ParallelRuns:
    """Trains runs of one federation, whoever takes part in which.

    Args:
        federation: Its validation rows judge every run; its members need not be columns.
        model: What is trained.
        settings: How; rounds, sampling and convergence are the caller's.
        seed: The scenario's seed: members draw in every run what they draw in the real one.
        columns: Every way to take part. Those of one name draw alike, and never meet.

    """

    def __init__(
        self,
        federation: Federation,
        model: ModelSpec,
        settings: TrainingSettings,
        *,
        seed: int,
        columns: Sequence[Member],
    ) -> None:
        self._federation, self._model = federation, model
        self._names = tuple(member.name for member in columns)
        self._engine = Engine(
            replace(federation, members=tuple(columns)), model, settings, seed=seed
        )
        self._evaluator = ModelEvaluator(federation, self._engine.network)
        initial = self._engine.network.initial
        each = FLOAT_BYTES * initial.numel() * len(columns)
        self._at_once = max(1, _MEMORY_BYTES // each)
        untrained = initial.cpu().numpy()
        self.start = RunRound(
            number=0,
            parts=(),
            before=untrained,
            updates=np.empty((0, len(untrained)), dtype=np.float32),
            weights=np.empty(0),
            after=untrained,
            metrics=self._evaluator.metrics(initial.unsqueeze(0))[0],
        )

    @single_thread()
    def step(self, wanted: Sequence[tuple[RunRound, tuple[int, ...]]]) -> list[RunRound]:
        """Train one more round of each run; those that are the same are trained once.

        Args:
            wanted: The run's last round and the columns that take part, by number and rising.

        Raises:
            TrainingError: The runs are not all at the same round, or two columns are of one
                name.
        """
        if len({last.number for last, _ in wanted}) > 1:
            raise TrainingError(
                f"runs at rounds {sorted({run.number for run, _ in wanted})} cannot go on together"
            )
        distinct = {(id(last), columns): (last, columns) for last, columns in wanted}
        jobs = list(distinct.values())
        trained: list[RunRound] = []
        for start in range(0, len(jobs), self._at_once):
            trained += self._trained(jobs[start : start + self._at_once])
        by_job = dict(zip(distinct, trained, strict=True))
        return [by_job[id(last), columns] for last, columns in wanted]

    def game(self, round_: RunRound, participants: Sequence[str] | None = None) -> RoundGame:
        """Give the game of one round, of those that took part or of all these *participants*."""
        names = round_.parts if participants is None else tuple(participants)
        return RoundGame(
            self._record([round_], names), 1, self._federation, built=self._engine.network
        )

    def run_game(self, rounds: Sequence[RunRound], participants: Sequence[str]) -> RunGame:
        """Give the game of a whole run, which shows its updates.

        Args:
            rounds: From the first round on.
            participants: Whose; they may be absent from some rounds, and nobody else took part.
        """
        record = self._record(rounds, tuple(participants))
        return RunGame(record, self._federation, built=self._engine.network)

    def _trained(self, jobs: list[tuple[RunRound, tuple[int, ...]]]) -> list[RunRound]:
        device = self._engine.settings.device
        models = torch.from_numpy(np.stack([last.after for last, _ in jobs])).to(device)
        previous = torch.from_numpy(np.stack([last.before for last, _ in jobs])).to(device)
        taking_part = torch.zeros((len(jobs), len(self._names)), dtype=torch.bool)
        for row, (_, columns) in enumerate(jobs):
            taking_part[row, list(columns)] = True
        number = jobs[0][0].number + 1
        engine, present = self._engine, taking_part.to(device)
        sent = local_updates(engine, models, previous, present, number)
        collected = collect(engine.members, models, sent)
        metrics = self._evaluator.metrics(collected.after)
        return [
            RunRound(
                number=number,
                parts=self._parts(columns),
                before=last.after,
                updates=collected.updates[row, list(columns)].cpu().numpy(),
                weights=collected.weights[row, list(columns)].cpu().numpy(),
                after=collected.after[row].cpu().numpy(),
                metrics=metrics[row],
            )
            for row, (last, columns) in enumerate(jobs)
        ]

    def _parts(self, columns: tuple[int, ...]) -> tuple[str, ...]:
        names = tuple(self._names[column] for column in columns)
        if len(set(names)) < len(names):
            raise TrainingError(
                f"two columns of one name take part: {sorted(names)}",
                hint="Let each name take part in one way only.",
            )
        return names

    def _record(self, run: Sequence[RunRound], participants: tuple[str, ...]) -> TrainingRecord:
        rounds = tuple(_round(one, participants) for one in run)
        return TrainingRecord(
            participants=participants,
            model=self._model,
            settings=self._engine.settings,
            seed=self._engine.seed,
            rounds=rounds,
            final=run[-1].after,
            stop="rounds",
            metrics=tuple(one.metrics for one in run),
            idle=zero_update_members(participants, rounds),
        )


def _round(run_round: RunRound, participants: tuple[str, ...]) -> Round:
    """Spread a round over all participants, with zeros for the absent."""
    where = [participants.index(name) for name in run_round.parts]
    updates = np.zeros((len(participants), len(run_round.before)), dtype=np.float32)
    weights = np.zeros(len(participants))
    updates[where], weights[where] = run_round.updates, run_round.weights
    return Round(
        number=run_round.number,
        global_before=run_round.before,
        updates=updates,
        weights=weights,
        excluded={},
        bytes_up=updates[where].nbytes,
        bytes_down=run_round.before.nbytes * len(where),
        seconds=0.0,
    )

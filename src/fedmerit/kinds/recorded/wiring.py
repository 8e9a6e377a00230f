"""From a directory to a run that can be valued: its members, its rounds, its validation rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.bundle.schemas import FederationDocument, MemberDocument
from fedmerit.errors import DataError
from fedmerit.federation import (
    Federation,
    Honest,
    Member,
    ModelSpec,
    TrainingSettings,
    network,
    rehearse_metric,
)
from fedmerit.federation import Round as RecordedRound
from fedmerit.kinds.horizontal.wiring import Consortium, data_digest
from fedmerit.kinds.recorded.arrays import Parameters
from fedmerit.kinds.recorded.layout import Faults, run_files
from fedmerit.kinds.recorded.limits import UNKNOWN, shares, stray
from fedmerit.kinds.recorded.scenario import recorded_of
from fedmerit.kinds.recorded.validation import read_validation
from fedmerit.stages.names import check_names, named_committee, threshold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedmerit.kinds.recorded.layout import RoundFiles, RunFiles
    from fedmerit.kinds.recorded.validation import Validation
    from fedmerit.scenario.model import Scenario

_BYTES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A run's files, held against one another but for the arrays.

    Attributes:
        files: Where everything is.
        consortium: The members without rows, the model, and who signs.
        parameters: What each file of a model holds.
        deltas: Whether updates are differences to the global model.
    """

    files: RunFiles
    consortium: Consortium
    parameters: Parameters
    deltas: bool

    def rounds(self) -> Iterator[RecordedRound]:
        """Read the rounds, one at a time.

        Raises:
            DataError: A file is not what it was, or never was.
        """
        for each in self.files.rounds:
            before = self.model(each.before)
            updates = np.zeros((len(self.files.participants), len(before)), np.float32)
            for place, name in enumerate(self.files.participants):
                if name in each.weights:
                    updates[place] = self.update(each, name, before)
            yield RecordedRound(
                number=each.number,
                global_before=before,
                updates=updates,
                weights=shares(each.weights, self.files.participants),
                excluded={},
                bytes_up=_BYTES * len(before) * len(each.weights),
                bytes_down=_BYTES * len(before) * len(each.weights),
                seconds=0.0,
            )

    def model(self, path: Path) -> NDArray[np.float32]:
        """Read a global model; raises DataError."""
        try:
            return self.parameters.read(path)
        except DataError as error:
            name = path.relative_to(self.files.directory)
            raise DataError(f"{name} {error}", hint=error.hint) from error

    def update(
        self, each: RoundFiles, name: str, before: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Read what a member sent, as a difference to the model before; raises DataError."""
        sent = self.model(each.update(name))
        return sent if self.deltas else sent - before


def opened(scenario: Scenario) -> Opened:
    """Look through a directory, and make ready what its arrays will need.

    Raises:
        FedmeritError: The run cannot be valued; the error says all that is wrong.
    """
    check_names(
        scenario,
        games=frozenset({"rounds"}),
        label_policies=("given",),
        members="members of a recorded run",
        local_steps=False,
    )
    asked = recorded_of(scenario)
    faults = Faults(asked.directory)
    files = run_files(Path(asked.directory), faults)
    faults.check()
    rows = read_validation(files.validation, asked)
    federation = _federation(scenario, files, rows)
    chosen = scenario.model
    spec = ModelSpec(kind=chosen.kind, hidden=chosen.hidden, arguments=chosen.arguments)
    settings = TrainingSettings(rounds=len(files.rounds))
    built = network(federation, spec, seed=scenario.seed, device=settings.device)
    rehearse_metric(federation, built, scenario.valuation.metric)
    names = files.participants
    committee = named_committee(scenario, names) or names
    return Opened(
        files=files,
        consortium=Consortium(
            federation=federation,
            model=spec,
            settings=settings,
            committee=committee,
            threshold=threshold(scenario, committee),
        ),
        parameters=_parameters(built.shapes, asked.keys),
        deltas=asked.deltas,
    )


def check(scenario: Scenario) -> Consortium:
    """Do the same, read every array, and see that each model follows from the updates before it.

    Raises:
        FedmeritError: As above.
    """
    run = opened(scenario)
    faults = Faults(str(run.files.directory))
    _check_arrays(run, faults)
    faults.check()
    _check_members(scenario, run)
    return run.consortium


def federation_document(run: Opened) -> FederationDocument:
    """Say who took part, and what is not known of it."""
    consortium = run.consortium
    federation = consortium.federation
    return FederationDocument(
        members=tuple(
            MemberDocument(
                name=member.name,
                behaviour=UNKNOWN,
                rows=member.declared_rows,
                declared_rows=member.declared_rows,
                validation_rows=0,
            )
            for member in federation.members
        ),
        classes=federation.classes,
        features=federation.feature_names,
        data_digest=data_digest(federation),
        committee=consortium.committee,
        threshold=consortium.threshold,
        notes=federation.notes,
        sponsor_rows=len(federation.validation_labels),
    )


def _federation(scenario: Scenario, files: RunFiles, rows: Validation) -> Federation:
    none = rows.features[:0], rows.labels[:0]
    notes = [
        (
            "a run that somebody else made: no member signed its updates, weights and models, "
            "and whoever wrote the files could have chosen them"
        ),
        (
            "nobody here has the members' rows: nothing is trained again, and what training on "
            "pooled rows would have reached is not known"
        ),
    ]
    if files.final is None:
        notes.append("the files hold no model after the last round: it is taken to be the average")
    return Federation(
        name=scenario.name,
        members=tuple(
            Member(
                name=name,
                features=none[0],
                labels=none[1],
                declared_rows=declared,
                behaviour=Honest(),
            )
            for name, declared in files.declared_rows.items()
        ),
        classes=rows.classes,
        feature_names=rows.names,
        validation_features=rows.features,
        validation_labels=rows.labels,
        validation_owners=np.full(len(rows.labels), len(files.participants), dtype=np.int64),
        notes=tuple(notes),
    )


def _parameters(shapes: dict[str, tuple[int, ...]], keys: tuple[str, ...]) -> Parameters:
    if not keys:
        return Parameters(shapes)
    if len(set(keys)) != len(shapes) or len(keys) != len(shapes):
        raise DataError(
            f"[recorded] keys names {len(set(keys))} parameters, and the model has {len(shapes)}: "
            f"{', '.join(shapes)}",
            hint="Name what the files call each, in this order.",
        )
    return Parameters(dict(zip(keys, shapes.values(), strict=True)))


def _check_arrays(run: Opened, faults: Faults) -> None:
    """Read every array once, and hold each model against the average before it."""
    average: NDArray[np.float64] | None = None
    for each in run.files.rounds:
        before = None
        with faults.collecting():
            before = run.model(each.before)
        if before is not None and average is not None:
            _check_follows(average, before, each.number - 1, faults)
        average = _averaged(run, each, before, faults)
    if run.files.final is not None:
        with faults.collecting():
            final = run.model(run.files.final)
            if average is not None:
                _check_follows(average, final, len(run.files.rounds), faults)


def _averaged(
    run: Opened, each: RoundFiles, before: NDArray[np.float32] | None, faults: Faults
) -> NDArray[np.float64] | None:
    """Give the average of a round, updates added in the members' order; None without all."""
    total = None if before is None else before.astype(np.float64)
    parts = shares(each.weights, run.files.participants)
    for share, name in zip(parts, run.files.participants, strict=True):
        if name not in each.weights:
            continue
        update = None
        with faults.collecting():
            zero = np.zeros(run.parameters.count, np.float32)
            update = run.update(each, name, zero if before is None else before)
        total = None if total is None or update is None else total + share * update
    return total


def _check_follows(
    average: NDArray[np.float64], after: NDArray[np.float32], number: int, faults: Faults
) -> None:
    apart, allowed = stray(average, after)
    if not apart <= allowed:
        faults.add(
            f"the model after round {number} is {apart:.3g} off the weighted mean of that round's "
            f"updates, and {allowed:.3g} is allowed",
            "Values of rounds are of weighted means (FedAvg, FedProx); momentum, medians, noise "
            "and members that are left out of the files lead elsewhere. Check deltas too.",
        )


def _check_members(scenario: Scenario, run: Opened) -> None:
    """Refuse settings of members that sent nothing."""
    if others := [m.name for m in scenario.members if m.name not in run.files.participants]:
        raise DataError(
            f"[[members]] names {', '.join(others)}, of whom there is no update in any round",
            hint=f"Those that sent any: {', '.join(run.files.participants[:20])}.",
        )

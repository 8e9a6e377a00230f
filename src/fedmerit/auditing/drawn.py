"""Checks of the draw: from what members revealed on chain to the seed they were valued by."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.chain.clients.rounds import Revealed
from fedmerit.chain.settlement.drawing import PERIOD, commitment, mixed_seed
from fedmerit.scenario.terms import stake_of
from fedmerit.stages.draw import bound_of, drawn_of, seed_of
from fedmerit.streams import derived_seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle.directory import Bundle
    from fedmerit.chain import Event, Ledger


def check_draw(bundle: Bundle, ledger: Ledger) -> Iterator[Check]:
    """Recompute the draw from the events alone, and hold the bundle against it."""
    drawn = seed_drawn(ledger)
    yield _told(bundle, ledger, drawn)
    if drawn is None:
        yield from _undrawn(bundle)
        return
    yield _bound(ledger, drawn)
    yield _seed(ledger, drawn)
    yield _valued_by(bundle, drawn)
    yield _updates(bundle, ledger, drawn)
    yield _slashes(bundle, ledger)


def seed_drawn(ledger: Ledger) -> Event | None:
    """Give the event in which the period's seed was drawn; None if none was."""
    events = (event for event in ledger.events if event.name == "SeedDrawn")
    found = [event for event in events if event.arguments["round"] == PERIOD]
    return found[-1] if found else None


def _told(bundle: Bundle, ledger: Ledger, drawn: Event | None) -> Check:
    """Hold what is said of the draw against who revealed in its last repetition."""
    said, draws = drawn_of(bundle), 0 if drawn is None else int(drawn.arguments["draw"])
    names = bundle.document(evidence.FEDERATION, evidence.FederationDocument).names
    called = dict(zip(ledger.members, names, strict=True))
    shown = {called[one.account]: f"0x{one.digest.hex()}" for one in _shown(ledger, draws)}
    wrong = [
        name
        for name, one, other in (
            ("chain_id", said.chain_id, ledger.chain_id),
            ("job", said.job, ledger.job),
            ("draws", said.draws, draws),
            ("revealed", said.revealed, shown),
        )
        if one != other
    ]
    return compared(
        "draw",
        holds=not wrong,
        same=f"{draws} draws, and {len(shown)} members revealed in the last"
        if draws
        else "none, on the chain and in the bundle",
        different=f"{evidence.DRAWN} and the chain differ in {', '.join(wrong)}",
    )


def _undrawn(bundle: Bundle) -> Iterator[Check]:
    """Without a draw, hold the valuation to the one seed that the scenario gives."""
    asked = bundle.scenario.settlement.commit_window
    yield compared(
        "seed",
        holds=not asked and not int(drawn_of(bundle).seed, 16),
        same="the scenario asks for no draw: its own seed was valued by",
        different="no seed was drawn on the chain, and the scenario asks for one",
    )
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument).seed
    due = f"0x{derived_seed(bundle.scenario.seed, 'valuation'):064x}"
    yield compared(
        "valuation seed",
        holds=said == due,
        same="the members were valued by the seed that follows from the scenario's",
        different=f"{evidence.VALUATION} was made with {said}, the scenario gives {due}",
    )


def _bound(ledger: Ledger, drawn: Event) -> Check:
    """Hold every reveal against what its account had committed to."""
    committed = {
        (int(event.arguments["draw"]), str(event.arguments["account"])): event
        for event in _until(ledger, drawn, "Committed")
    }
    revealed, wrong = _until(ledger, drawn, "Revealed"), []
    for event in revealed:
        draw, shown = int(event.arguments["draw"]), _revealed(event)
        bound = committed.get((draw, shown.account))
        expected = f"0x{commitment(ledger.job, PERIOD, draw, shown).hex()}"
        if bound is None or bound.arguments["commitment"] != expected:
            wrong.append(shown.account)
    return compared(
        "commitments",
        holds=not wrong,
        same=f"{len(revealed)} reveals are what was committed to before",
        different=f"{', '.join(wrong)} revealed something else than committed to",
    )


def _seed(ledger: Ledger, drawn: Event) -> Check:
    draw, history = int(drawn.arguments["draw"]), str(drawn.arguments["history"])
    shown = _shown(ledger, draw)
    seed = mixed_seed(ledger.job, PERIOD, draw, shown, bytes.fromhex(history[2:]))
    return compared(
        "seed",
        holds=drawn.arguments["seed"] == f"0x{seed.hex()}",
        same=f"0x{seed.hex()}, of what {len(shown)} members revealed in draw {draw}",
        different=f"the reveals of draw {draw} give 0x{seed.hex()}, "
        f"the chain says {drawn.arguments['seed']}",
    )


def _valued_by(bundle: Bundle, drawn: Event) -> Check:
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument).seed
    seed = str(drawn.arguments["seed"])
    return compared(
        "valuation seed",
        holds=said == seed == f"0x{seed_of(bundle):064x}",
        same="the members were valued by the seed that was drawn",
        different=f"{evidence.VALUATION} was made with {said}, the chain drew {seed}",
    )


def _updates(bundle: Bundle, ledger: Ledger, drawn: Event) -> Check:
    """Hold what the members bound themselves to against the kept updates, offers with them."""
    ours = dict(zip(ledger.members, bound_of(bundle), strict=True))
    shown = tuple(map(_revealed, _until(ledger, drawn, "Revealed")))
    wrong = [one.account for one in shown if ours.get(one.account) != one.digest]
    return compared(
        "bound updates",
        holds=not wrong,
        same=f"members bound themselves to the updates in {evidence.TRAINING}",
        different=f"{', '.join(wrong)} bound themselves to other updates or offers",
    )


def expelled(ledger: Ledger) -> Counter[str]:
    """Give who kept its secret from the period's draws, and how often; nobody without a draw."""
    last = seed_drawn(ledger)
    gone = [] if last is None else _until(ledger, last, "Expelled")
    return Counter(str(event.arguments["account"]) for event in gone)


def _slashes(bundle: Bundle, ledger: Ledger) -> Check:
    """Check that who kept its secret lost its stake, that nobody else did, and who is told."""
    names = bundle.document(evidence.FEDERATION, evidence.FederationDocument).names
    stake, drawn = stake_of(bundle.scenario, len(names)), drawn_of(bundle)
    called = dict(zip(ledger.members, names, strict=True))
    times = expelled(ledger)
    told = {called[account]: stake * often for account, often in times.items()}
    lost = Counter[str]()
    for event in _named(ledger, "Slashed"):
        lost[str(event.arguments["account"])] += int(event.arguments["amount"])
    draw_alone = not _named(ledger, "FaultProven")
    holds = drawn.slashed == told and (
        not draw_alone or {called[a]: n for a, n in lost.items()} == told
    )
    return compared(
        "slashes",
        holds=holds,
        same=f"{', '.join(told)} kept a secret and lost {sum(told.values())} base units"
        if told
        else "everybody revealed, and nobody lost a stake",
        different=f"{evidence.DRAWN} names {drawn.slashed}, the chain expelled {told} "
        f"and slashed {dict(lost)}",
    )


def _named(ledger: Ledger, name: str) -> list[Event]:
    return [event for event in ledger.events if event.name == name]


def _until(ledger: Ledger, drawn: Event, name: str) -> list[Event]:
    """Give the events of the period's draws: its own, the first, have the lowest numbers."""
    last = int(drawn.arguments["draw"])
    return [event for event in _named(ledger, name) if int(event.arguments["draw"]) <= last]


def _shown(ledger: Ledger, draw: int) -> tuple[Revealed, ...]:
    events = _named(ledger, "Revealed")
    return tuple(_revealed(event) for event in events if int(event.arguments["draw"]) == draw)


def _revealed(event: Event) -> Revealed:
    told = event.arguments
    words = (bytes.fromhex(str(told[name])[2:]) for name in ("updateDigest", "salt"))
    return Revealed(str(told["account"]), *words)

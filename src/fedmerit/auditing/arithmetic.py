"""The arithmetic of a committed valuation, leaf by leaf, as the contracts would check it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from eth_abi.exceptions import EncodingError

from fedmerit.auditing.drawn import seed_drawn
from fedmerit.auditing.faults import Fault, utility_fault, valued_report
from fedmerit.chain.proofs.committed import Numbers, Trees
from fedmerit.errors import FedmeritError
from fedmerit.shuffles import permutation
from fedmerit.stages.committing import read_numbers, shapley_integers, utilities_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from fedmerit.bundle.directory import Bundle
    from fedmerit.chain import Ledger, SignedReport
    from fedmerit.chain.proofs.committed import IndexTree

#: Utilities, and bytes of them, in a transaction that proves an exact value false: of 16 members
#: none then takes more than 100 kB or 10 million gas, which a forge test holds.
PART: Final = 2**13
PART_BYTES: Final = 90_000
#: More of one kind than this are not listed: one is enough to cancel a report.
MOST: Final = 8


class _Seen(NamedTuple):
    """A report, and what is published of the valuation behind it.

    A tree is None where what is published is not what the report commits to.
    """

    place: int
    report: SignedReport
    valued: Numbers
    trees: Trees[IndexTree | None]
    seed: bytes


def faults_of_valuation(bundle: Bundle, ledger: Ledger) -> Iterator[Fault]:
    """D2 and D3: the published numbers behind a report do not follow from one another.

    Whatever of them is withheld is a fault of its own, and hides none that the rest shows.
    """
    place = valued_report(ledger)
    if place is None or not ledger.reports[place].table_root.strip("0x"):
        return
    seen, recorded = _seen(bundle, ledger, place), _recorded(bundle)
    withheld = [name for name, tree in zip(Trees._fields, seen.trees, strict=True) if not tree]
    if withheld:
        whole = 2 ** len(ledger.members) - 1
        detail = f"what the roots commit to is not published: {', '.join(withheld)}"
        yield utility_fault(ledger, whole, recorded.get(whole, 0), detail)
    yield from _first(_steps(seen) if seen.report.permutations else _exact(seen))
    if seen.trees.table:
        yield from _first(_conflicts(seen) if seen.report.permutations else iter(()))
        yield from _first(_utilities(ledger, seen, recorded))


def _seen(bundle: Bundle, ledger: Ledger, place: int) -> _Seen:
    """Take of the published integers what the report commits to, in the form it says."""
    report, members = ledger.reports[place], len(ledger.members)
    said = replace(_published(bundle), members=members, permutations=report.permutations)
    where = report.job, report.round
    builds = (said.table, said.added, said.valued)
    named = (report.table_root, report.steps_root, report.values_root)
    trees = [
        _tree(build, where, root) if fits else None
        for build, root, fits in zip(builds, named, said.fits, strict=True)
    ]
    return _Seen(place, report, said, Trees(*trees), _seed(ledger))


def _tree(
    build: Callable[[int, int], IndexTree], where: tuple[int, int], root: str
) -> IndexTree | None:
    try:
        tree = build(*where)
    except (ValueError, EncodingError):  # numbers that no leaf holds
        return None
    return tree if f"0x{tree.root.hex()}" == root else None


def _published(bundle: Bundle) -> Numbers:
    """Read the published integers, even such as fit no valuation; none where there are none."""
    try:
        return read_numbers(bundle)
    except FedmeritError:
        nothing: tuple[int, ...] = ()
        return Numbers(
            members=0,
            permutations=0,
            coalitions=nothing,
            utilities=nothing,
            steps=nothing,
            totals=nothing,
            values=nothing,
        )


def _recorded(bundle: Bundle) -> dict[int, int]:
    """Give the measured utilities; none where they are withheld, too."""
    try:
        return utilities_of(bundle)
    except FedmeritError:
        return {}


def _seed(ledger: Ledger) -> bytes:
    """Give the seed as the contracts know it, whatever the bundle says; zeros if none is."""
    drawn = seed_drawn(ledger)
    return bytes(32) if drawn is None else bytes.fromhex(str(drawn.arguments["seed"])[2:])


def _first(faults: Iterable[Fault]) -> Iterator[Fault]:
    for number, fault in enumerate(faults):
        if number == MOST:
            return
        yield fault


def _steps(seen: _Seen) -> Iterator[Fault]:
    """D2, of joining orders: marginals, totals, and the values they end in."""
    valued, n = seen.valued, seen.valued.members
    if not seen.trees.steps:
        return
    so_far: dict[int, int] = {}  # each member's last step, by its place among all
    for index in range(valued.permutations):
        order, coalition = permutation(seen.seed, index, n), 0
        for position, member in enumerate(order):
            at, row = index * n + position, index * (n + 1) + position
            if seen.trees.table:
                yield from _marginal(seen, at, row, (coalition, coalition | 1 << member))
            yield from _total(seen, at, so_far.get(member))
            coalition |= 1 << member
            so_far[member] = at
    for member, at in sorted(so_far.items()) if seen.trees.values else ():
        if valued.values[member] != valued.totals[at]:
            yield Fault(
                kind="D2",
                detail=f"member {member}'s value {valued.values[member]} is not its last total "
                f"{valued.totals[at]}",
                report=seen.place,
                function="proveValue",
                arguments=(_value(seen, member), _step(seen, at)),
            )


def _marginal(seen: _Seen, at: int, row: int, expected: tuple[int, int]) -> Iterator[Fault]:
    valued = seen.valued
    pair = valued.coalitions[row : row + 2]
    added = valued.utilities[row + 1] - valued.utilities[row]
    if pair == expected and valued.steps[at] == added:
        return
    yield Fault(
        kind="D2",
        detail=f"step {at} says {valued.steps[at]}, and its coalitions differ by {added}",
        report=seen.place,
        function="proveMarginal",
        arguments=(_step(seen, at), _utility(seen, row), _utility(seen, row + 1)),
    )


def _total(seen: _Seen, at: int, before: int | None) -> Iterator[Fault]:
    valued = seen.valued
    carried = 0 if before is None else valued.totals[before]
    if valued.totals[at] == carried + valued.steps[at]:
        return
    yield Fault(
        kind="D2",
        detail=f"the total {valued.totals[at]} at step {at} is not {carried} + {valued.steps[at]}",
        report=seen.place,
        function="proveTotal",
        arguments=(_step(seen, at), _step(seen, at if before is None else before)),
    )


def _exact(seen: _Seen) -> Iterator[Fault]:
    """D2, of a whole table: a value that is not the Shapley value."""
    valued = seen.valued
    if not (valued.values and seen.trees.table and seen.trees.values):
        return
    table = dict(zip(valued.coalitions, valued.utilities, strict=True))
    if len(table) < 2**valued.members:
        return  # the contract takes the whole table alone
    parts = _parts([table[coalition] for coalition in range(2**valued.members)], seen.trees.table)
    for member, value in enumerate(shapley_integers(table, valued.members)):
        if valued.values[member] != value:
            yield Fault(
                kind="D2",
                detail=f"member {member}'s value {valued.values[member]} is not the {value} that "
                "the table gives",
                report=seen.place,
                function="proveShapley",
                arguments=(_value(seen, member), parts[-1]),
                earlier=tuple((_value(seen, member), part) for part in parts[:-1]),
            )


def _parts(utilities: Sequence[int], tree: IndexTree) -> list[tuple[Any, ...]]:
    """Cut a whole table into as many parts as fit a transaction each, in order.

    Utilities are written in as few bytes as hold the largest.
    """
    width = max(utility.bit_length() for utility in utilities) // 8 + 1
    size = min(len(utilities), PART, 2 ** ((PART_BYTES // width).bit_length() - 1))
    levels = size.bit_length() - 1
    return [
        (
            width,
            b"".join(
                utility.to_bytes(width, "big", signed=True)
                for utility in utilities[first : first + size]
            ),
            list(tree.proof(first, above=levels)),
        )
        for first in range(0, len(utilities), size)
    ]


def _conflicts(seen: _Seen) -> Iterator[Fault]:
    """D2: a coalition that was given two utilities."""
    first: dict[int, int] = {}
    rows = zip(seen.valued.coalitions, seen.valued.utilities, strict=True)
    for row, (coalition, utility) in enumerate(rows):
        known = first.setdefault(coalition, row)
        if seen.valued.utilities[known] != utility:
            yield Fault(
                kind="D2",
                detail=f"coalition {coalition:#b} is worth {seen.valued.utilities[known]} and "
                f"{utility}",
                report=seen.place,
                function="proveConflict",
                arguments=(known, _utility(seen, known), row, _utility(seen, row)),
            )


def _utilities(ledger: Ledger, seen: _Seen, recorded: Mapping[int, int]) -> Iterator[Fault]:
    """D3: a committed utility that is not the sum of the gains that were recorded."""
    committed = dict(zip(seen.valued.coalitions, seen.valued.utilities, strict=True))
    for coalition, utility in committed.items():
        measured = recorded.get(coalition)
        if measured is not None and measured != utility:
            detail = f"coalition {coalition:#b} is committed at {utility}, measured {measured}"
            yield utility_fault(ledger, coalition, measured, detail)


def _step(seen: _Seen, at: int) -> tuple[Any, ...]:
    place = divmod(at, seen.valued.members)
    valued = seen.valued
    return (*place, valued.steps[at], valued.totals[at], _proof(seen.trees.steps, at))


def _utility(seen: _Seen, row: int) -> tuple[Any, ...]:
    valued = seen.valued
    return (valued.coalitions[row], valued.utilities[row], _proof(seen.trees.table, row))


def _value(seen: _Seen, member: int) -> tuple[Any, ...]:
    return (member, seen.valued.values[member], _proof(seen.trees.values, member))


def _proof(tree: IndexTree | None, place: int) -> list[bytes]:
    return [] if tree is None else list(tree.proof(place))

"""Hold a bundle against its chain and against itself, trusting nothing in it.

May import `bundle`, `chain`, `incentives`, `report`, `scenario`, `stages` and the ground.

What an audit without retraining takes on faith are the utilities: how good each coalition's
model was is what the committee signed. Retraining checks those too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from fedmerit.auditing.answers import proof_of
from fedmerit.auditing.code import nothing_imported_from, require_allowed
from fedmerit.auditing.committed import check_commitment, check_provable
from fedmerit.auditing.drawn import check_draw
from fedmerit.auditing.files import check_files, check_unbound
from fedmerit.auditing.offered import check_bids
from fedmerit.auditing.page import check_report
from fedmerit.auditing.parts import auditing_part, retraining_part
from fedmerit.auditing.provable import faults_of
from fedmerit.auditing.reference import check_blocks
from fedmerit.auditing.settled import check_settlement, check_waiting
from fedmerit.auditing.site import Site
from fedmerit.auditing.verdict import Check, Spots, Verdict
from fedmerit.bundle.directory import Bundle, Snapshot
from fedmerit.errors import AuditImpossible, FedmeritError, NodeError, WrongChain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fedmerit.auditing.faults import Fault

#: What nothing but the data can show.
_ON_FAITH: Final = (
    "as the committee signed them, and not checked without the data: utilities, gradients and the "
    "values per round; whether updates come of training, and of as much work as was agreed; "
    "log-likelihoods and accuracies, per round and pooled, areas, errors of quantities and their "
    "R², base rates; who trains with how many rows, which of them several have, whose updates "
    "were refused as unusable, features, classes, what a quantity is called, how columns were read "
    "and encoded, with means, scales and levels, the digest of the data and the notes on them; "
    "attributions and their pictures; which versions ran"
)

__all__ = ["Check", "Verdict", "audit"]


def audit(
    bundle: Bundle | Path | str,
    *,
    rpc: str | None = None,
    retrain: bool = False,
    spot_checks: int = 0,
    spot_seed: int | None = None,
    allow_model: str | None = None,
    eth_tester: bool = False,
    data: Path | str | None = None,
    allow_metric: str | None = None,
) -> Verdict:
    """Check a finished bundle, or one whose report waits and can be disputed.

    Args:
        bundle: The bundle or its directory.
        rpc: Read this Ethereum node instead of replaying the bundle's transactions.
        retrain: Train the run and every coalition again, and compare.
        spot_checks: Measure so many coalitions again, drawn at random.
        spot_seed: Draw those that this seed drew before; a new one if None.
        allow_model: The one ``package.module:Class`` whose code may be run to train again, where
            the scenario names one.
        eth_tester: Replay the transactions on eth-tester too, and compare every block.
        data: Where the table lies, if not where the scenario says; its rows are held against the
            bundle's digest like any others.
        allow_metric: The one ``package.module:function`` likewise, where it measures worths.

    Returns:
        Every check, the verdict, and what of it can be proven to the contracts. A difference
        is a finding, not an error.

    Raises:
        AuditImpossible: There is nothing to audit, or it cannot be audited here; or
            *spot_checks* or *spot_seed* is less than 0, or there is a seed and no check; or
            training again would run code that neither of them names.
        NodeError: No node answers at *rpc*, or not as nodes do: nothing is said of the bundle.
    """
    if spot_seed is not None and not spot_checks:
        raise AuditImpossible(
            f"spot_seed is {spot_seed}, and nothing is drawn by it: spot_checks is 0",
            hint="Say how many coalitions are to be measured again: --spot-checks.",
        )
    spots = Spots(spot_checks) if spot_seed is None else Spots(spot_checks, spot_seed)
    opened = Snapshot.open(bundle.path if isinstance(bundle, Bundle) else bundle)
    if data is not None:
        _lay(opened, Path(data), wanted=retrain or spot_checks > 0)
    site = Site(opened, rpc)
    if not opened.sealed:
        site.require_waiting()
    with nothing_imported_from(opened.path):
        checks, faults = _checks(site, spots, retrain=retrain, allowed=(allow_model, allow_metric))
        if eth_tester:
            checks = (*checks, *_findings("blocks on eth-tester", lambda: check_blocks(opened)))
    made = spots if spots.count else None
    return Verdict(str(opened.path), checks, faults, made, proof_of(site))


def _lay(bundle: Snapshot, table: Path, *, wanted: bool) -> None:
    """Let the rows be read from *table*."""
    if not wanted:
        raise AuditImpossible(
            f"{table} is named, and nothing is trained or measured again",
            hint="Add --retrain or --spot-checks K, or leave --data out.",
        )
    if not bundle.scenario.data.source:
        raise AuditImpossible(
            "this run was not made from one table",
            hint="Lay its tables, or its files, where scenario.toml names them.",
        )
    if not table.is_file():
        raise AuditImpossible(f"{table} is no file", hint="Name the table that the run read.")
    bundle.table = table


def _checks(
    site: Site, spots: Spots, *, retrain: bool, allowed: tuple[str | None, str | None]
) -> tuple[tuple[Check, ...], tuple[Fault, ...]]:
    """Make every check, and find what can be proven to the contracts."""
    opened = site.bundle
    checks = list(check_files(opened))
    whole = all(check.status != "differs" for check in checks)
    if whole and (retrain or spots.count):
        require_allowed(opened, *allowed)
    checks += _findings("other files", lambda: check_unbound(opened))
    faults: list[Fault] = []
    checks += _on_chain(site, faults, whole=whole)
    checks += _findings("bids", lambda: check_bids(opened))
    checks += _findings("numbers", lambda: _numbers(opened))
    if opened.sealed:
        checks += _findings("report", lambda: check_report(opened))
    if not whole:
        altered = "the files are not those that are listed: nothing of them is trained or measured"
        return (*checks, Check("retraining", "skipped", altered)), tuple(faults)
    if spots.count:
        checks += _findings("spot checks", lambda: _check_spots(site, spots, faults))
    if retrain:
        checks += _findings("retraining", lambda: _retrain(opened))
    else:
        checks.append(Check("retraining", "skipped", _ON_FAITH))
    return tuple(checks), tuple(faults)


def _on_chain(site: Site, faults: list[Fault], *, whole: bool) -> Iterator[Check]:
    """Make the checks that need the chain; what can be proven to it goes into *faults*."""
    settled = check_settlement if site.bundle.sealed else check_waiting
    made: dict[str, Callable[[], Iterator[Check]]] = {
        "settlement": lambda: settled(site),
        "draw": lambda: check_draw(site.bundle, site.ledger),
        "valuation on chain": lambda: check_commitment(site.bundle, site.ledger),
        "provable faults": lambda: _check_provable(site, faults),
    }
    for name, checks in made.items():
        yield from _findings(name, checks, final=whole)


def _findings(
    name: str, checks: Callable[[], Iterator[Check]], *, final: bool = True
) -> Iterator[Check]:
    """Make each check in turn; evidence that cannot even be read is a difference.

    Args:
        name: What a difference is called that ends the checks.
        checks: Makes them.
        final: Whether an audit that is impossible may say just that; not where the files
            were altered, since that is then the finding.
    """
    try:
        yield from checks()
    except FedmeritError as error:
        if final and isinstance(error, AuditImpossible | NodeError | WrongChain):
            raise
        yield Check(name, "differs", str(error))
    except Exception as error:  # noqa: BLE001 - forged evidence may break anything
        yield Check(name, "differs", f"unreadable evidence: {type(error).__name__}: {error}")


def _numbers(bundle: Bundle) -> Iterator[Check]:
    return auditing_part(bundle.scenario).check_numbers(bundle)


def _retrain(bundle: Bundle) -> Iterator[Check]:
    return retraining_part(bundle.scenario).check_retraining(bundle)


def _check_provable(site: Site, faults: list[Fault]) -> Iterator[Check]:
    faults += faults_of(site.bundle, site.ledger)
    yield check_provable(tuple(faults))


def _check_spots(site: Site, asked: Spots, faults: list[Fault]) -> Iterator[Check]:
    from fedmerit.auditing.spots import check_spots  # noqa: PLC0415 - imports torch

    check, found = check_spots(site.bundle, site.ledger, asked)
    faults += found
    yield check

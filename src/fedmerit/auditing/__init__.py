"""Hold a bundle against its chain and against itself, trusting nothing in it.

What an audit without retraining takes on faith are the utilities: how good each coalition's
model was is what the committee signed. Retraining checks those too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.auditing.committed import check_commitment, check_provable
from fedmerit.auditing.drawn import check_draw
from fedmerit.auditing.files import check_files
from fedmerit.auditing.offered import check_bids
from fedmerit.auditing.parts import auditing_part, retraining_part
from fedmerit.auditing.provable import faults_of
from fedmerit.auditing.settled import check_settlement, check_waiting
from fedmerit.auditing.site import Site
from fedmerit.auditing.verdict import Check, Spots, Verdict, compared
from fedmerit.bundle.directory import REPORT, Bundle
from fedmerit.bundle.schemas import RUN, RunDocument
from fedmerit.errors import AuditImpossible, FedmeritError, Unreachable, WrongChain
from fedmerit.provenance import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fedmerit.auditing.faults import Fault

__all__ = ["Check", "Verdict", "audit"]


def audit(
    bundle: Bundle | Path | str,
    *,
    rpc: str | None = None,
    retrain: bool = False,
    spot_checks: int = 0,
    spot_seed: int | None = None,
) -> Verdict:
    """Check a finished bundle, or one whose report waits and can be disputed.

    Args:
        bundle: The bundle or its directory.
        rpc: Read this Ethereum node instead of replaying the bundle's transactions.
        retrain: Train the run and every coalition again, and compare.
        spot_checks: Measure so many coalitions again, drawn at random.
        spot_seed: Draw those that this seed drew before; a new one if None.

    Returns:
        Every check, the verdict, and what of it can be proven to the contracts. A difference
        is a finding, not an error.

    Raises:
        AuditImpossible: There is nothing to audit, or it cannot be audited here; or
            *spot_checks* or *spot_seed* is less than 0, or there is a seed and no check.
        Unreachable: No node answers at *rpc*.
    """
    if spot_seed is not None and not spot_checks:
        raise AuditImpossible(
            f"spot_seed is {spot_seed}, and nothing is drawn by it: spot_checks is 0",
            hint="Say how many coalitions are to be measured again: --spot-checks.",
        )
    spots = Spots(spot_checks) if spot_seed is None else Spots(spot_checks, spot_seed)
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
    site = Site(opened, rpc)
    if not opened.sealed:
        site.require_waiting()
    checks = list(check_files(opened))
    whole = all(check.status == "ok" for check in checks)
    faults: list[Fault] = []
    checks += _on_chain(site, faults, whole=whole)
    checks += _findings("bids", lambda: check_bids(opened))
    checks += _findings("numbers", lambda: _numbers(opened))
    if opened.sealed:
        checks += _findings("report", lambda: _check_report(opened))
    if spots.count:
        checks += _findings("spot checks", lambda: _check_spots(site, spots, faults), final=whole)
    if retrain:
        checks += _findings("retraining", lambda: _retrain(opened))
    else:
        taken = "utilities, metrics and the values per round are as the committee signed them"
        checks.append(Check("retraining", "skipped", taken))
    made = spots if spots.count else None
    return Verdict(str(opened.path), tuple(checks), tuple(faults), made)


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
    made = checks()
    while True:
        try:
            yield next(made)
        except StopIteration:
            return
        except FedmeritError as error:
            if final and isinstance(error, AuditImpossible | Unreachable | WrongChain):
                raise
            yield Check(name, "differs", str(error))
            return
        except Exception as error:  # noqa: BLE001 - forged evidence may break anything
            yield Check(name, "differs", f"unreadable evidence: {type(error).__name__}: {error}")
            return


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


def _check_report(bundle: Bundle) -> Iterator[Check]:
    from fedmerit.report import render  # noqa: PLC0415 - imports plotly

    drawn_by, here = bundle.document(RUN, RunDocument).versions, versions()
    for name in ("fedmerit", "plotly"):
        if drawn_by.get(name) != here[name]:
            detail = (
                f"{REPORT} says it was drawn by {name} {drawn_by.get(name)}, here is {here[name]}: "
                f"do not rely on it, 'fedmerit report {bundle.path}' draws it anew"
            )
            yield Check("report", "skipped", detail)
            return
    yield compared(
        "report",
        holds=render(bundle).encode() == bundle.read(REPORT),
        same=f"{REPORT} is what this evidence looks like",
        different=f"{REPORT} is not what the evidence looks like",
    )

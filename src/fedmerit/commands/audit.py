"""``fedmerit audit`` and ``fedmerit dispute``: find what is wrong, and prove it to the chain."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations at run time
from typing import TYPE_CHECKING, Final, Literal

from fedmerit.commands.nodes import at
from fedmerit.commands.terminal import out, print_json, shown, suggest
from fedmerit.errors import AuditImpossible
from fedmerit.untrusted import argument

if TYPE_CHECKING:
    from fedmerit.auditing import Verdict

Output = Literal["table", "json"]

#: Characters of a detail that a person is shown.
_LONGEST: Final = 1_500


def audit(
    bundle: Path,
    *,
    rpc: str | None = None,
    retrain: bool = False,
    spot_checks: int = 0,
    spot_seed: int | None = None,
    allow_model: str | None = None,
    eth_tester: bool = False,
    data: Path | None = None,
    html: Path | None = None,
    allow_metric: str | None = None,
    output: Output = "table",
) -> int:
    """Check a bundle against the chain and against itself, trusting nothing in it.

    Args:
        bundle: The directory that 'fedmerit run' wrote.
        rpc: Read this Ethereum node instead of replaying the bundle's transactions.
        retrain: Train every coalition again and compare; as long as the run itself.
        spot_checks: Measure so many coalitions again, drawn at random: a share p of the table
            that was altered is met with probability 1-(1-p)^K.
        spot_seed: Measure those again that this seed drew in an earlier audit.
        allow_model: The package.module:Class that the scenario trains, where that is not one of
            ours: its code is run.
        eth_tester: Replay the transactions on eth-tester too, a chain that is not ours, and
            compare every block.
        data: Where the table lies, if not where the scenario says.
        html: Write the verdict to this new file too, as a page that opens offline.
        allow_metric: The package.module:function that the scenario measures worths by, likewise.
        output: Form of the result on standard output.
    """
    from fedmerit import auditing  # noqa: PLC0415 - imports web3
    from fedmerit.auditing.written import require_free, write_page  # noqa: PLC0415 - as above

    if html is not None:
        require_free(html)
    verdict = auditing.audit(
        bundle,
        rpc=rpc,
        retrain=retrain,
        spot_checks=spot_checks,
        spot_seed=spot_seed,
        allow_model=allow_model,
        eth_tester=eth_tester,
        data=data,
        allow_metric=allow_metric,
    )
    if html is not None:
        write_page(verdict, html)
    _show_verdict(verdict, output)
    if verdict.faults:
        spotted = _spots(verdict)
        given = {"model": allow_model, "metric": allow_metric}
        allowed = "".join(f" --allow-{what} {path}" for what, path in given.items() if path)
        again = f"{spotted}{allowed if spotted else ''}{at(rpc)}"
        suggest(
            f"fedmerit dispute {argument(bundle)} --fault 1{again}",
            "to prove the first to the chain",
        )
    elif not verdict.passed:
        suggest(f"fedmerit audit {argument(bundle)}{at(rpc)} --output json", "to keep the findings")
    elif retrain:
        suggest("fedmerit list", "to see what else a scenario can ask for")
    else:
        suggest(
            f"fedmerit audit {argument(bundle)}{at(rpc)} --retrain",
            "to train every coalition again",
        )
    return 0 if verdict.passed else 1


def dispute(
    bundle: Path,
    *,
    fault: int,
    spot_checks: int = 0,
    spot_seed: int | None = None,
    allow_model: str | None = None,
    allow_metric: str | None = None,
    rpc: str | None = None,
    chain_id: int | None = None,
    keystore: Path | None = None,
    env_keys: bool = False,
    output: Output = "table",
) -> int:
    """Prove a fault that 'fedmerit audit' numbered to the contracts of the job.

    Without --rpc the bundle's transactions are replayed up to the end of the challenge window,
    to see what the dispute would have done; nothing of the bundle changes.

    Args:
        bundle: The directory that 'fedmerit run' wrote, finished or not.
        fault: The fault's number.
        spot_checks: How many coalitions the audit measured again, where that found the fault.
        spot_seed: The seed that the audit drew them by, and said.
        allow_model: The model that the audit was allowed to run.
        allow_metric: The metric that it was allowed to run.
        rpc: Send it to this Ethereum node, while the report waits there.
        chain_id: Refuse a node that is of another chain.
        keystore: Directory of encrypted keys; challenger.json signs.
        env_keys: Take the key from FEDMERIT_KEY_CHALLENGER.
        output: Form of the result on standard output.
    """
    from fedmerit.auditing import disputing  # noqa: PLC0415 - imports web3
    from fedmerit.auditing.verdict import Spots  # noqa: PLC0415 - its package does
    from fedmerit.stages.chains import ChainChoice  # noqa: PLC0415 - as above

    if bool(spot_checks) != (spot_seed is not None):
        raise AuditImpossible(
            f"{spot_checks} spot checks of a seed that is not given: the faults would be others"
            if spot_checks
            else f"no spot checks of the seed {spot_seed}: the faults would be others",
            hint="Name the --spot-checks and the --spot-seed that 'fedmerit audit' printed.",
        )
    spots = None if spot_seed is None else Spots(spot_checks, spot_seed)
    chain = ChainChoice(rpc=rpc, chain_id=chain_id, keystore=keystore, env_keys=env_keys)
    done = disputing.dispute(
        bundle, fault, chain, spots=spots, allow_model=allow_model, allow_metric=allow_metric
    )
    if output == "json":
        print_json(done.as_json())
    else:
        out.print(f"[bold]{done.fault.kind}[/] {shown(done.fault.detail)}", soft_wrap=True)
        out.print(f"Disputes.{done.fault.function}, {done.gas:,} gas, {done.transaction}")
        out.print(shown(done.sentence), soft_wrap=True)
    suggest(f"fedmerit ledger {argument(bundle)}{at(rpc)}", "to see the job")
    return 0


def _show_verdict(verdict: Verdict, output: Output) -> None:
    if output == "json":
        print_json(verdict.as_json())
        return
    colours = {"ok": "green", "differs": "red", "skipped": "yellow"}
    for check in verdict.checks:
        mark = f"[{colours[check.status]}]{check.status:<7}[/]"
        out.print(f"{mark} {shown(check.name)}: {shown(_short(check.detail))}", soft_wrap=True)
    for number, fault in enumerate(verdict.faults, start=1):
        sent = f"Disputes.{fault.function}(report, seats, {fault.written()})"
        kind = f"{fault.kind}, by spot check alone" if fault.spotted else fault.kind
        told = f"fault {number} ({kind}): {fault.detail}: {sent}"
        out.print(shown(_short(told)), soft_wrap=True)
    out.print(f"[bold]{shown(verdict.sentence)}[/]", soft_wrap=True)
    for answer in verdict.answers:
        why = f" ({answer.why})" if answer.why else ""
        told = f"{answer.question.capitalize()}: [bold]{shown(answer.answer)}[/]{shown(why)}"
        out.print(told, soft_wrap=True)


def _short(detail: str) -> str:
    """Cut what would scroll all else away."""
    more = len(detail) - _LONGEST
    return detail if more <= 0 else f"{detail[:_LONGEST]}... ({more:,} more; see --output json)"


def _spots(verdict: Verdict) -> str:
    """Say how 'fedmerit dispute' finds again what spot checks found."""
    if verdict.spots is None or not any(fault.spotted for fault in verdict.faults):
        return ""
    return f" --spot-checks {verdict.spots.count} --spot-seed {verdict.spots.seed}"

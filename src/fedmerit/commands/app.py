"""The ``fedmerit`` command.

Results go to standard output, progress and problems to standard error. Exit status: 0
done, 1 the audit found a difference, 2 something to put right, 3 a fault of fedmerit's own.
"""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations at run time
from traceback import format_exception
from typing import TYPE_CHECKING, Literal

from cyclopts import App
from rich.table import Table

from fedmerit.commands import audit as audit_commands
from fedmerit.commands import check as checks_command
from fedmerit.commands import explain as explain_command
from fedmerit.commands import inspect as inspect_command
from fedmerit.commands import predict as predict_command
from fedmerit.commands import simulate as simulate_command
from fedmerit.commands import value as value_command
from fedmerit.commands.nodes import at, narrated
from fedmerit.commands.terminal import TerminalProgress, err, out, print_json, shown, suggest
from fedmerit.errors import FedmeritError, ScenarioError
from fedmerit.untrusted import argument, harmless

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle

Output = Literal["table", "json"]

#: Exit status of an exception that nobody expected: 1 means a difference, and nothing else.
_FAULT = 3


app = App(
    name="fedmerit",
    help="Run, value, pay and audit a learning federation. Add --debug for a traceback.",
    suppress_keyboard_interrupt=False,  # main says how to go on
)


@app.command
def run(
    scenario: str | None = None,
    *,
    dir: Path | None = None,  # noqa: A002 - the option is called --dir
    resume: Path | None = None,
    seed: int | None = None,
    rpc: str | None = None,
    chain_id: int | None = None,
    keystore: Path | None = None,
    env_keys: bool = False,
    accept_unmeasured_noise: bool = False,
    until: Literal["value"] | None = None,
    allow_code: tuple[str, ...] = (),
    output: Output = "table",
) -> int:
    """Train, draw, value, reward, settle and report: one scenario from end to end.

    Args:
        scenario: A shipped scenario ('fedmerit list'), a .toml file, or a directory with the run
            that somebody else made; hospitals if absent.
        dir: The new directory for the evidence; bundles/SCENARIO-NUMBER if absent.
        resume: Continue the run that died in this bundle.
        seed: Run under this seed instead of the scenario's.
        rpc: Settle on this Ethereum node instead of the embedded chain.
        chain_id: Refuse a node that is of another chain.
        keystore: Directory of encrypted keys, ROLE.json, for --rpc.
        env_keys: Take the keys from FEDMERIT_KEY_SPONSOR, ..._COORDINATOR and one per member.
        accept_unmeasured_noise: Pay by intervals that leave protective noise out, since every
            coalition is trained once; the bundle and its audit say so.
        until: Stop at the values, as 'fedmerit value' does: nothing is settled or written.
        allow_code: The import path of a model or a metric that the files of a directory name and
            that is not one of ours: its code is run. May be given twice.
        output: Form of the result on standard output.
    """
    from fedmerit import pipeline  # noqa: PLC0415 - imports torch

    if until is not None:
        if (dir, resume, rpc, chain_id, keystore) != (None,) * 5 or env_keys:
            raise ScenarioError(
                "--until value settles nothing and writes nothing, so no directory, node or keys "
                "go with it",
                hint=f"Leave those out: fedmerit run {argument(scenario or 'hospitals')} "
                "--until value",
            )
        return value_command.value(
            scenario or "hospitals", seed=seed, allow_code=allow_code, output=output
        )

    if resume is not None and (scenario, dir, seed) != (None, None, None):
        raise ScenarioError(
            "--resume continues a run as it was begun, with its own scenario, seed and directory",
            hint=f"Leave those out: fedmerit run --resume {argument(resume)}",
        )
    with TerminalProgress(err) as progress:
        chain = pipeline.ChainChoice(
            rpc=rpc, chain_id=chain_id, keystore=keystore, env_keys=env_keys
        )
        if resume is not None:
            bundle = pipeline.resume(
                resume,
                chain=chain,
                progress=progress,
                accept_unmeasured_noise=accept_unmeasured_noise,
            )
        else:
            asked = scenario or "hospitals"
            bundle = pipeline.run(
                asked,
                dir,
                seed=seed,
                chain=chain,
                progress=progress,
                accept_unmeasured_noise=accept_unmeasured_noise,
                allow_code=allow_code,
            )
    _show_run(bundle, output, rpc)
    return 0


app.command(value_command.value)
app.command(explain_command.explain)
app.command(audit_commands.audit)
app.command(audit_commands.dispute)


@app.command
def ledger(
    bundle: Path | None = None,
    *,
    rpc: str | None = None,
    job: int | None = None,
    registry: str | None = None,
    from_block: int = 0,
    output: Output = "table",
) -> int:
    """Show what a chain holds of a job: money, participants, rounds, events, balances, gas.

    Without a bundle and a job, the jobs on the node are listed.

    Args:
        bundle: The directory that 'fedmerit run' wrote; its transactions are replayed.
        rpc: Read this Ethereum node instead.
        job: The job's number, where no bundle says it.
        registry: Address of the registry that numbers the job, where several have one.
        from_block: Search the node from this block on.
        output: Form of the result on standard output.
    """
    from fedmerit.commands import ledger as ledgers  # noqa: PLC0415 - imports web3

    found = ledgers.read(bundle, rpc=rpc, job=job, registry=registry, first_block=from_block)
    if output == "json":
        print_json(found.as_json())
    else:
        _show_tables(found.tables())
    if bundle is not None:
        suggest(f"fedmerit audit {argument(bundle)}{at(rpc)}", "to check it")
    else:
        suggest(f"fedmerit ledger{at(rpc)} --job JOB", "to see another job")
    return 0


@app.command
def report(bundle: Path) -> int:
    """Write a bundle's report again, and print where it is.

    Args:
        bundle: The directory that 'fedmerit run' wrote.
    """
    from fedmerit import pipeline  # noqa: PLC0415 - imports torch
    from fedmerit.bundle.schemas import TRANSCRIPT  # noqa: PLC0415 - imports pydantic

    out.print(shown(pipeline.write_report(bundle)), soft_wrap=True)
    # Without transactions of its own it is on a node, whose address it does not keep.
    there = "" if (bundle / TRANSCRIPT).is_file() else " --rpc URL"
    suggest(f"fedmerit audit {argument(bundle)}{there}", "to check it")
    return 0


@app.command
def init(
    path: Path | None = None,
    *,
    data: Path | None = None,
    label: str | None = None,
    by: str | None = None,
    positive: str | None = None,
    full: bool = False,
) -> int:
    """Write a commented scenario to start from.

    Args:
        path: Where to; my-scenario.toml if absent. Never overwritten.
        data: Your own table: it is read, and a label, a participant and columns are proposed.
        label: The table's column to predict; proposed if absent.
        by: The table's column that says whose row it is; proposed if absent.
        positive: The class that counts as the positive one.
        full: Show every setting, for your own table too.
    """
    from fedmerit.scenario.starter import write_starter  # noqa: PLC0415 - imports pydantic

    chosen = {"label": label, "participant": by, "positive": positive}
    given = {name: text for name, text in chosen.items() if text is not None}
    written = write_starter(path, data, full=full, given=given)
    out.print(shown(written), soft_wrap=True)
    suggest(f"fedmerit run {argument(written)}", "once you have read it")
    return 0


app.command(inspect_command.inspect)
app.command(predict_command.export)
app.command(predict_command.predict)


@app.command(name="list")
def list_(*, output: Output = "table") -> int:
    """List the scenarios, data sets, models, behaviours, games, methods and mechanisms.

    Args:
        output: Form of the result on standard output.
    """
    from fedmerit.scenario.catalogue import catalogue  # noqa: PLC0415 - imports torch

    entries = catalogue()
    if output == "json":
        print_json(entries)
    else:
        for kind, members in entries.items():
            table = Table("Name", "What it is", title=kind, title_justify="left", expand=True)
            for name, summary in members.items():
                table.add_row(name, summary)
            out.print(table)
    suggest("fedmerit run hospitals", "to see one through")
    return 0


app.command(checks_command.check)
app.command(simulate_command.simulate)


def _show_run(bundle: Bundle, output: Output, rpc: str | None) -> None:
    from fedmerit.commands.summary import as_json  # noqa: PLC0415 - imports plotly
    from fedmerit.commands.tables import show_members  # noqa: PLC0415 - imports plotly

    if output == "json":
        print_json(as_json(bundle))
    else:
        show_members(bundle, title=str(bundle.path))
        out.print(f"[bold]Report[/]  {shown(str(bundle.path / 'report.html'))}", soft_wrap=True)
    suggest(f"fedmerit audit {argument(bundle.path)}{at(rpc)}", "to check it")


def _show_tables(tables: dict[str, list[dict[str, str]]]) -> None:
    for title, rows in tables.items():
        out.print(f"[bold]{shown(title)}[/]", soft_wrap=True)
        table = Table()
        for column in rows[0] if rows else ():
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*map(shown, row.values()))
        out.print(table)


def _go_on(error: BaseException) -> None:
    """Say how to continue a run that died, where it left that note."""
    for command in getattr(error, "__notes__", ()):
        suggest(command, "to go on from where it stopped")


def main() -> None:
    """Run the command; show a :class:`FedmeritError` as two lines, not a traceback."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        with narrated(err):
            status = app(arguments)
        sys.exit(status)
    except FedmeritError as error:
        if "--debug" in sys.argv[1:]:
            _trace(error)
        err.print(f"[bold red]error:[/] {shown(str(error))}", soft_wrap=True)
        if error.hint:
            err.print(f"[bold] hint:[/] {shown(error.hint)}", soft_wrap=True)
        _go_on(error)
        sys.exit(2)
    except KeyboardInterrupt as stop:
        err.print("stopped")
        _go_on(stop)
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - its text may be a stranger's, so it is printed here
        _trace(error)
        err.print("[bold red]error:[/] this is a fault of fedmerit's own", soft_wrap=True)
        _go_on(error)
        sys.exit(_FAULT)


def _trace(error: BaseException) -> None:
    """Print the traceback the way everything is printed."""
    text = "".join(format_exception(error))
    err.print(harmless(text, keep="\n"), markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()

"""``fedmerit dispute``: send what an audit found to the contracts."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations at run time
from typing import Literal

from rich.console import Console
from rich.markup import escape

Output = Literal["table", "json"]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def dispute(
    bundle: Path,
    *,
    fault: int,
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
        rpc: Send it to this Ethereum node, while the report waits there.
        chain_id: Refuse a node that is of another chain.
        keystore: Directory of encrypted keys; challenger.json signs.
        env_keys: Take the key from FEDMERIT_KEY_CHALLENGER.
        output: Form of the result on standard output.
    """
    from fedmerit.auditing import disputing  # noqa: PLC0415 - imports web3
    from fedmerit.chains import ChainChoice  # noqa: PLC0415 - as above

    chain = ChainChoice(rpc=rpc, chain_id=chain_id, keystore=keystore, env_keys=env_keys)
    done = disputing.dispute(bundle, fault, chain)
    if output == "json":
        out.print(json.dumps(done.as_json(), indent=2), markup=False, soft_wrap=True)
    else:
        out.print(f"[bold]{done.fault.kind}[/] {escape(done.fault.detail)}", soft_wrap=True)
        out.print(f"Disputes.{done.fault.function}, {done.gas:,} gas, {done.transaction}")
        out.print(escape(done.sentence), soft_wrap=True)
    at = f" --rpc {rpc}" if rpc else ""
    err.print(f"[dim]next:[/] fedmerit ledger {bundle}{at}  [dim]to see the job[/]", soft_wrap=True)
    return 0

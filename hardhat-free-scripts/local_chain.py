"""Start a local chain (Anvil) and keep it running until you press Ctrl-C.

The other scripts then take --rpc http://127.0.0.1:8545; without --rpc they need no chain.
Only this machine can reach it. It forgets everything when it stops, unless --persist
names a file: then it goes on from there the next time.
"""

from __future__ import annotations

import os
import shutil
import sys
from argparse import ArgumentParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Seconds between two writings of the file; a crash loses no more than that.
INTERVAL = 1


def main() -> None:
    """Become Anvil; end with status 2 where there is none."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8545, help="TCP port on this machine")
    parser.add_argument("--persist", type=Path, metavar="FILE", help="keep the chain in this file")
    given = parser.parse_args()

    anvil = _anvil()
    # The host is named since an environment variable of Anvil's would open it to others.
    command = [anvil, "--host", "127.0.0.1", "--port", str(given.port)]
    if given.persist:
        command += ["--state", str(given.persist), "--state-interval", str(INTERVAL)]
    print(f"RPC URL: http://127.0.0.1:{given.port}")
    print(f"Next: python deploy.py --rpc http://127.0.0.1:{given.port}", flush=True)
    # In our place, not below us: whoever stops us stops it, and lets it write its file.
    os.execv(anvil, command)  # noqa: S606 - no shell is wanted


def _anvil() -> str:
    anvil = shutil.which("anvil", path=str(ROOT / "node_modules" / ".bin")) or shutil.which("anvil")
    if anvil is None:
        print("error: Anvil is not installed", file=sys.stderr)
        print(" hint: Run 'npm ci' in the checkout, or leave --rpc out.", file=sys.stderr)
        sys.exit(2)
    return anvil


if __name__ == "__main__":
    main()

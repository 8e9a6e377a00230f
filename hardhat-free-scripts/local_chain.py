"""Start a local chain (Anvil) and keep it running until you press Ctrl-C.

The other scripts then take --rpc http://127.0.0.1:8545; without --rpc they need no chain.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Run Anvil; give its exit status, or 2 where there is none."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8545, help="TCP port on this machine")
    port = parser.parse_args().port

    anvil = shutil.which("anvil", path=str(ROOT / "node_modules" / ".bin")) or shutil.which("anvil")
    if anvil is None:
        print("error: Anvil is not installed", file=sys.stderr)
        print(" hint: Run 'npm ci' in the checkout, or leave --rpc out.", file=sys.stderr)
        return 2
    print(f"Next: python deploy.py --rpc http://127.0.0.1:{port}", flush=True)
    try:
        return subprocess.run([anvil, "--port", str(port)], check=False).returncode  # noqa: S603
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())

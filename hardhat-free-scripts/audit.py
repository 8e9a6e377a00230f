"""Step 5 of 5: read the ledger and recompute it; needs no key.

Prints a line a check. Exit status 0 if all hold, 1 if one does not.
"""

from __future__ import annotations

import sys

from fedmerit.chain import read_ledger
from fedmerit.chain.ledger.checks import check_ledger
from fedmerit.chain.script_state import script

with script(__doc__) as step:
    known = step.deployed()
    ledger = read_ledger(step.node, known.addresses, known.job or 0, first_block=known.block)
    checks = check_ledger(ledger)
    for check in checks:
        print(f"{'ok' if check.holds else 'FAILS':<6} {check.name}: {check.detail}")

sys.exit(0 if all(check.holds for check in checks) else 1)

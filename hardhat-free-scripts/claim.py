"""Step 4 of 5: every participant with an amount proves it and is paid.

A claim carries the path from the participant's leaf to the settled root; the contract
adds the sums up on the way, so no set of claims can take more than the total.
"""

from __future__ import annotations

from fedmerit.chain.script_state import script
from fedmerit.chain.settlement.payment_steps import Settlement

with script(__doc__) as step:
    step.deployed()
    settlement = Settlement(step.establish(), step.journal)
    settlement.claim()
    receipt = settlement.check()
    print(*step.lines(), sep="\n")
    for name, amount in receipt.paid.items():
        print(f"{name:<12} {amount:>24}")
    print(f"{'reserve':<12} {receipt.reserve:>24}")
    print("Next: audit.py")

"""Step 3 of 5: members join, updates are committed, the signed report becomes final.

Every participant joins with its own key and thereby gets its index; the coordinator
commits one update root a training round; the committee signs the report and the contract
rebuilds its root from the list; after the challenge window it is final.
"""

from __future__ import annotations

from fedmerit.chain.script_state import script
from fedmerit.chain.settlement.payment_steps import Settlement

with script(__doc__) as step:
    step.deployed()
    site = step.establish()
    settlement = Settlement(site, step.journal)
    settlement.join()
    settlement.close()
    settlement.commit()
    settlement.report()
    settlement.finalise()
    print(*step.lines(), sep="\n")
    print(f"{site.contracts.vault.allocated(site.job)} can be claimed. Next: claim.py")

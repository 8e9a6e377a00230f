"""Step 2 of 5: the sponsor mints demo tokens and puts the budget into the vault.

From here on the contract holds the money: the sponsor gets back only what no report
allots, and only after the job's end.
"""

from __future__ import annotations

from fedmerit.chain.script_state import script
from fedmerit.chain.settlement.payment_steps import Settlement

with script(__doc__) as step:
    step.deployed()
    site = step.establish()
    Settlement(site, step.journal).fund()
    print(*step.lines(), sep="\n")
    print(f"The vault holds {site.contracts.vault.funded(site.job)}. Next: settle.py")

"""Step 1 of 5: hand out gas money, deploy the contracts and open a job.

The sponsor deploys. The job's terms say who coordinates, who may join, who signs
reports, and how long a report can be challenged; they can never be changed.
"""

from __future__ import annotations

from fedmerit.chain.script_state import script

with script(__doc__) as step:
    site = step.establish()
    print(*step.lines(), sep="\n")
    for name, address in site.contracts.addresses.items():
        print(f"{name:<12} {address}")
    print(f"Job {site.job} is open. Next: fund.py")

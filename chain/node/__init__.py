"""Nodes: the embedded EVM and any node over RPC, and how a transaction is sent once.

May import `contracts`, `jsonfile`, `keys`, `recursion` and the ground.
"""

import fedmerit.chain.keys  # noqa: F401 - it sets the limit of recursion, which web3 raises

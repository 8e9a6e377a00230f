"""Nodes: the embedded EVM and any node over RPC, and how a transaction is sent once.

May import `keys`, `jsonfile`, contracts and errors.
"""

import sys
from typing import Final

import eth  # noqa: F401 - for what it does to Python's limit, which comes with web3

#: py-evm raises the limit to 100,000 calls, at which json runs over the C stack: whoever sends a
#: document that is deep enough would end the process. Contracts that call two others need 200.
RECURSION_LIMIT: Final = 3_000

sys.setrecursionlimit(RECURSION_LIMIT)

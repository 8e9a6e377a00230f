"""Nodes: the embedded EVM and any node over RPC, and how a transaction is sent once.

May import `keys`, `jsonfile`, contracts and errors.
"""

"""How parties talk, whatever they train: messages, channels, sockets and processes.

May import `batched`, `models`, `privacy`, `vertical` and the ground.
"""

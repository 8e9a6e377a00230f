"""How parties talk, whatever they train: messages, channels, sockets and processes.

May import the ground.
"""

"""The command line: one module a command, and what they print.

May import everything in the application.
"""

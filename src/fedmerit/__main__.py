"""``python -m fedmerit``: the same as the command."""

from __future__ import annotations

from fedmerit.commands.app import main

if __name__ == "__main__":
    main()

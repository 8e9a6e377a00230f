"""Compile the contracts into contracts/artifacts.json, or check that they are what is there."""

from __future__ import annotations

import argparse
import json
import sys

from fedmerit.contracts import compiler
from fedmerit.errors import FedmeritError


def main(*, check: bool) -> int:
    """Write the artifacts; with *check* compare only, and give 1 where they differ."""
    fresh = compiler.render(compiler.compiled())
    if not check:
        compiler.ARTIFACTS.write_text(fresh, encoding="utf-8")
    elif not compiler.ARTIFACTS.exists() or compiler.ARTIFACTS.read_text(encoding="utf-8") != fresh:
        print(
            "contracts/artifacts.json is not what the sources compile to: run this without --check"
        )
        return 1
    for name, built in json.loads(fresh)["contracts"].items():
        print(f"{name}: {len(built['bytecode']) // 2 - 1:,} bytes")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    try:
        sys.exit(main(check=parser.parse_args().check))
    except FedmeritError as error:
        sys.exit(f"error: {error}\nhint: {error.hint}")

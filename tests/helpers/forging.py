"""What a forger of a bundle does, who can write every file of it."""

from __future__ import annotations

import json

from fedmerit.bundle.directory import SEAL
from fedmerit.canonical import canonical


def rewrite(bundle, name, change):
    """Alter one JSON document, and nothing that binds it."""
    document = json.loads(bundle.read(name))
    change(document)
    bundle.write(name, canonical(document))


def reseal(bundle):
    """Write both lists of digests anew."""
    bundle.write_manifest()
    bundle.write_seal()


def forge(bundle, name, change):
    """Alter one JSON document, and rewrite both lists of digests as a forger would."""
    rewrite(bundle, name, change)
    reseal(bundle)


def rename(bundle, old, new):
    """Call a participant something else in every document of *bundle*."""

    def renamed(part):
        if isinstance(part, dict):
            return {renamed(key): renamed(value) for key, value in part.items()}
        if isinstance(part, list):
            return [renamed(each) for each in part]
        return new if part == old else part

    for name in bundle.names():
        if name.endswith(".json") and name not in (SEAL, "manifest.json"):
            bundle.write(name, canonical(renamed(json.loads(bundle.read(name)))))

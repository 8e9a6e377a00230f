"""What a forger of a bundle does, who can write every file of it."""

from __future__ import annotations

import json

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

from __future__ import annotations

import pytest
from hypothesis import settings

# One example at a time is fast; a machine that is busy for a second must not fail a property.
settings.register_profile("fedmerit", deadline=None, derandomize=True)
settings.load_profile("fedmerit")


@pytest.fixture(scope="session")
def hospital_bundle(tmp_path_factory):
    """Give the finished bundle of the default scenario; tests copy what they alter."""
    import fedmerit

    return fedmerit.run("hospitals", tmp_path_factory.mktemp("bundles") / "hospitals")


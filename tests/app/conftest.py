from __future__ import annotations

import shutil
from functools import lru_cache

import pytest

from fedmerit.auditing import site
from fedmerit.bundle.directory import Bundle


@pytest.fixture
def copy(hospital_bundle, tmp_path):
    """Give the default scenario's bundle, to alter."""
    return Bundle(shutil.copytree(hospital_bundle.path, tmp_path / "copy"))


@pytest.fixture(scope="session", autouse=True)
def replayed_once():
    """Replay a transcript for the first audit of it alone: audits only read the chain."""
    replay = lru_cache(maxsize=8)(site.replay)

    def kept(transcript):
        node = replay(transcript)
        assert node.transcript == transcript, "an audit sent a transaction"
        return node

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "replay", kept)
        yield

"""Owners' weights lie beside their bundle, wherever it is gone on with from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fedmerit.bundle.directory import Bundle
from fedmerit.errors import BundleError
from fedmerit.kinds.vertical.models import models_folder, read_models, write_models

WEIGHTS = {"the bank": {"weights": np.ones(2)}, "shop": {"weights": np.zeros(3)}}


@pytest.fixture
def bundle(tmp_path):
    (tmp_path / "run" / "inside").mkdir(parents=True)
    return Bundle(tmp_path / "run")


@pytest.mark.parametrize(("inside", "named"), [(".", "."), ("inside", "..")])
def test_a_run_that_goes_on_from_within_its_folder_has_the_same_weights(
    bundle, monkeypatch, inside, named
):
    write_models(bundle, WEIGHTS)
    monkeypatch.chdir(bundle.path / inside)

    assert models_folder(Bundle(Path(named))) == models_folder(bundle)
    assert set(read_models(Bundle(Path(named)), tuple(WEIGHTS))) == set(WEIGHTS)
    assert models_folder(bundle).stat().st_mode & 0o077 == 0


def test_weights_that_were_given_away_are_asked_for_by_their_owners_names(bundle):
    write_models(bundle, WEIGHTS)
    (models_folder(bundle) / "the-bank.safetensors").unlink()

    with pytest.raises(BundleError, match="the weights of the bank are not in") as caught:
        read_models(bundle, tuple(WEIGHTS))

    assert "Put every owner's file back" in caught.value.hint

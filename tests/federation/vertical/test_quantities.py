"""A quantity that owners of columns predict together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fedmerit.federation.vertical.partygame import EmbeddingGame, PartyGame
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.tables import assemble, holding


def test_a_quantity_is_given_to_parties_without_its_scale_and_played_for_by_embeddings():
    rng = np.random.default_rng(4)
    columns = rng.normal(size=(300, 4))
    price = 1e6 + 2e4 * (columns @ [1.0, 0.5, -0.7, 0.0] + 0.1 * rng.normal(size=300))
    frame = pd.DataFrame({"who": range(300), "a": columns[:, 0], "b": columns[:, 1]})
    holdings = [
        holding(frame.assign(price=price), party="shop", key=["who"], label="price"),
        holding(frame.assign(a=columns[:, 2]), party="bank", key=["who"]),
    ]
    rows = {name: np.arange(300) for name in ("shop", "bank")}
    made = assemble(holdings, rows, name="prices", seed=0)
    exact = {c.party: (c.training, c.held_out) for c in made.parties}

    game = EmbeddingGame(made, exact)
    trained = PartyGame(
        made,
        RegressionSettings(kind="linear", learning_rate=0.3, epochs=60, tolerance=0.0),
        seed=0,
    )

    assert made.quantity.name == "price"
    assert made.labels.mean() == pytest.approx(0, abs=1e-6)
    assert made.labels.std() == pytest.approx(1, abs=1e-6)
    [least] = game.worth(np.array([[True, True]]))
    [descended] = trained.worth(np.array([[True, True]]))
    assert descended == pytest.approx(least, abs=0.01)
    assert least > game.worth(np.array([[True, False]]))[0] > 0

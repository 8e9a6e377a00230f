"""A training that breaks off goes on with the same bits, so that breaking it tells nothing new.

The adversary breaks a party as often as it likes, and may say something else afterwards. With the
same keys, whatever a broken training sends must be what the unbroken one sends.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from fedmerit.errors import ChannelError, PartyLost
from fedmerit.federation import ModelSpec
from fedmerit.federation.privacy.noise import NoiseSettings
from fedmerit.federation.protection import opening
from fedmerit.federation.vertical.checkpoints import FolderCheckpoints, follow_start, lead_start
from fedmerit.federation.vertical.regression import regression
from fedmerit.federation.vertical.regression import roles as regression_roles
from fedmerit.federation.vertical.regression.regression import train_regression
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.split import roles as split_roles
from fedmerit.federation.vertical.split import split
from fedmerit.federation.vertical.split.settings import SplitSettings
from fedmerit.federation.vertical.split.split import train_split
from fedmerit.federation.wire import channel
from fedmerit.federation.wire.channel import play
from fedmerit.federation.wire.messages import content, decode

NOISE = NoiseSettings(clip=2.0, noise=3.0)
REGRESSION = RegressionSettings(
    epochs=2, batch_size=12, learning_rate=0.3, tolerance=0, key_bits=512
)
SPLIT = SplitSettings(
    bottom=ModelSpec(kind="mlp", hidden=(3,)), width=2, epochs=2, batch_size=12, key_bits=512
)
#: Every protocol that hides something, and the noise or blinds that it hides it by.
FORMS = {
    "label holder": replace(REGRESSION, gradient_noise=NOISE),
    "third party": replace(REGRESSION, gradient_noise=NOISE, coordinator="third party"),
    "exact": replace(REGRESSION, sigmoid="exact", key_bits=1024, epochs=2),
    "split": replace(SPLIT, labels=NOISE, features=NOISE),
    "split, encrypted": replace(SPLIT, labels=NOISE, features=NOISE, forward="encrypted"),
}
SLOW = [
    pytest.param(form, marks=pytest.mark.slow) if form in {"exact", "split, encrypted"} else form
    for form in FORMS
]
#: What is said to find out where to go on.
BOOKKEEPING = {"saved", "continue", "settled", "go on"}


class Wires:
    """All that was sent, and a party that dies at a message of its choice."""

    def __init__(self, monkeypatch):
        self.sent = []
        self.dies = ("nobody", 0)
        self.taken = Counter()
        put, take = channel._Local._put, channel._Local._take

        def noted(end, to, data):
            self.sent.append((end.name, to, decode(data).kind, content(data)))
            put(end, to, data)

        def deadly(end, source):
            self.taken[end.name] += 1
            party, at = self.dies
            if end.name == party and self.taken[party] > at:
                raise PartyLost(party, why="the power went out")
            return take(end, source)

        monkeypatch.setattr(channel._Local, "_put", noted)
        monkeypatch.setattr(channel._Local, "_take", deadly)

    def during(self, run, dies=("nobody", 0)):
        """Give all that was sent but bookkeeping, and what the run gave or None if it broke."""
        self.sent, self.dies, self.taken = [], dies, Counter()
        try:
            found = run()
        except PartyLost:
            found = None
        finally:
            self.dies = ("nobody", 0)
        return [message for message in self.sent if message[2] not in BOOKKEEPING], found


@pytest.fixture
def wires(monkeypatch):
    return Wires(monkeypatch)


def trained(task, settings, folder):
    if isinstance(settings, SplitSettings):
        return train_split(task, settings, seed=0, folder=folder)
    return train_regression(task, settings, seed=0, folder=folder)


def with_keys_of(origin, folder):
    """Give a folder of parties that have saved nothing but have the same keys."""
    for key in origin.glob("*/saves/secret.key"):
        own = folder / key.parent.relative_to(origin)
        own.mkdir(parents=True)
        shutil.copy(key, own)
    return folder


def numbers(found):
    """Give all that a training came to."""
    own = found.bottoms if hasattr(found, "bottoms") else found.weights
    parts = [own[name][k] for name in own for k in own[name]] if hasattr(found, "bottoms") else []
    return np.concatenate(
        [found.scores, *(np.ravel(p) for p in parts or own.values())], dtype=np.float64
    )


@pytest.mark.parametrize("form", SLOW)
def test_whatever_a_broken_training_sends_the_unbroken_one_sends_too(
    form, make_task, wires, tmp_path
):
    made, settings = make_task(1, 2, 2, rows=24), FORMS[form]
    expected, unbroken = wires.during(lambda: trained(made, settings, tmp_path / "whole"))
    most = wires.taken

    folder = with_keys_of(tmp_path / "whole", tmp_path / "broken")
    breaks = [("bank", most["bank"] // 3), ("bank", 4), ("shop", 3 * most["shop"] // 5)]
    said = []
    for dies in breaks:
        sent, found = wires.during(lambda: trained(made, settings, folder), dies)
        assert found is None
        said += sent
    last, resumed = wires.during(lambda: trained(made, settings, folder))

    # Ciphertexts and noise are of hundreds of random bits: none is there by chance.
    assert set(said) | set(last) <= set(expected)
    assert len(said) > len(breaks) * 4
    assert len(last) < len(expected)
    assert np.array_equal(numbers(resumed), numbers(unbroken))


@pytest.mark.parametrize("form", ["label holder", "third party"])
def test_breaking_a_party_often_leaves_no_mean_of_its_noise(
    form, make_task, wires, tmp_path, monkeypatch
):
    made, settings = make_task(1, 2, rows=24), replace(FORMS[form], epochs=1, batch_size=24)
    told = []
    original = opening.Request.opened

    def kept(request):
        found = original(request)
        if request._channel.name == "bank":
            told.append(found[0])
        return found

    monkeypatch.setattr(opening.Request, "opened", kept)
    after_the_bank_has_its_gradient = ("shop", 4)
    for folder in (None, None, None, None, tmp_path, tmp_path, tmp_path):
        wires.during(lambda: trained(made, settings, folder), after_the_bank_has_its_gradient)  # noqa: B023

    # Where nothing is kept, the noise is another each time: of many breaks the mean would be none.
    assert len(told) == 7
    assert len(set(told[:4])) == 4
    assert len(set(told[4:])) == 1


@pytest.mark.parametrize("form", SLOW)
def test_a_party_that_says_something_else_after_a_break_is_refused(
    form, make_task, wires, tmp_path
):
    # The same noise on two questions would tell their difference without any.
    made, settings = make_task(1, 2, 2, rows=24), FORMS[form]
    wires.during(lambda: trained(made, settings, tmp_path), ("shop", 5 if "split" in form else 7))
    bank = made.parties[1]
    other = bank.training.copy()
    other[:, 0] += 1.0
    lying = replace(
        made, parties=(made.parties[0], replace(bank, training=other), *made.parties[2:])
    )

    with pytest.raises(ChannelError, match="bank says something else than before the break"):
        trained(lying, settings, tmp_path)


@pytest.mark.parametrize("party", ["shop", "bank", "third-party"])
def test_a_party_that_lost_what_it_saved_is_refused_before_it_draws_other_noise(
    party, make_task, wires, tmp_path
):
    made, settings = make_task(1, 2, rows=24), FORMS["third party"]
    wires.during(lambda: trained(made, settings, tmp_path), ("shop", 9))
    shutil.rmtree(tmp_path / party)

    with pytest.raises(ChannelError, match=r"says something else than|continue after epoch"):
        trained(made, settings, tmp_path)


def test_a_training_goes_on_where_it_stood_still_and_takes_no_epoch_more(
    make_task, wires, tmp_path
):
    made = make_task(1, 2, rows=24)
    settings = replace(REGRESSION, epochs=30, tolerance=0.1)
    _, unbroken = wires.during(lambda: trained(made, settings, tmp_path / "whole"))
    taken = wires.taken["shop"]
    assert 1 < unbroken.epochs < 30

    folder = with_keys_of(tmp_path / "whole", tmp_path / "broken")
    for dies in (("shop", taken - 1), ("bank", 2), ("shop", 3)):  # the last epoch is over
        _, found = wires.during(lambda: trained(made, settings, folder), dies)
        assert found is None
    resumed = trained(made, settings, folder)

    assert resumed.epochs == unbroken.epochs
    assert np.array_equal(numbers(resumed), numbers(unbroken))


@pytest.mark.parametrize("asked", [-1, 0, 1, 4, 9])
def test_nobody_goes_back_to_an_epoch_of_which_it_forgot_what_it_heard(asked, tmp_path):
    store = FolderCheckpoints(tmp_path)
    for epoch in (1, 2, 3):
        store.save(epoch, {"weights": np.zeros(1)})

    def leader(end):
        end.receive("bank", "saved")
        end.send("bank", "continue", epoch=asked)

    with pytest.raises(
        ChannelError, match=f"3 epochs, and all are to continue after epoch {asked}"
    ):
        play({"shop": leader, "bank": lambda end: follow_start(end, store, "shop")})
    if 0 <= asked < 2:
        follower = {"bank": lambda end: end.send("shop", "saved", epoch=asked)}
        with pytest.raises(ChannelError, match="shop has saved 3 epochs"):
            play({"shop": lambda end: lead_start(end, store), **follower})


@pytest.mark.parametrize("form", ["label holder", "third party", "split"])
def test_nobody_opens_or_sends_anything_for_an_epoch_more_than_agreed(form, make_task):
    made, settings = make_task(1, 2, rows=24), FORMS[form]
    room = split if form == "split" else regression
    greedy = room.programs(made, replace(settings, epochs=3), seed=0)["shop"]

    with pytest.raises(ChannelError, match=r"after the last epoch|were agreed on"):
        play({**room.programs(made, settings, seed=0), "shop": greedy})


@pytest.mark.parametrize("form", ["label holder", "third party", "split"])
def test_a_label_holder_that_stopped_cannot_go_on_for_scores_of_another_model(
    form, make_task, tmp_path, monkeypatch
):
    # The masks and noise of the end are for one model: of two, the difference would be told.
    made, settings = make_task(1, 2, 2, rows=24), FORMS[form]
    room = split_roles if form == "split" else regression_roles
    refused = "were agreed on" if form == "split" else "shop says something else than before"

    def stop(channel, others, **_):
        for peer in others:
            channel.receive(peer, "settled")
        for peer in channel.peers:
            channel.send(peer, "go on", going=0)
        return False

    def twice():
        with monkeypatch.context() as stopped:
            stopped.setattr(room, "lead_on", stop)
            trained(made, settings, tmp_path)  # networks send nothing of another end
        trained(made, settings, tmp_path)

    with pytest.raises(ChannelError, match=refused):
        twice()


def test_what_is_kept_is_for_its_party_alone_to_read(make_task, tmp_path):
    trained(make_task(1, 2, rows=24), FORMS["third party"], tmp_path)

    kept = [path for path in tmp_path.rglob("*") if path.name == "secret.key"]

    assert [path.parent.parent.name for path in sorted(kept)] == ["bank", "shop", "third-party"]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert {path.parent.stat().st_mode & 0o777 for path in kept} == {0o700}
    assert len({path.read_bytes() for path in kept}) == 3

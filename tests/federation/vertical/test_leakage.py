"""What parties receive tells them nothing of the others: every message is looked at.

The adversary is semi-honest: it follows the protocol and keeps all it sees. Where protection
is a setting, the field's attack succeeds without it, and fails with it to within chance plus
what the test states.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from fedmerit.csprng import SecretStream
from fedmerit.federation import ModelSpec
from fedmerit.federation.privacy.accountant import distinguishable
from fedmerit.federation.privacy.noise import NoiseSettings
from fedmerit.federation.vertical.alignment import curve
from fedmerit.federation.vertical.alignment.alignment import follow, lead
from fedmerit.federation.vertical.alignment.identifiers import normalised
from fedmerit.federation.vertical.regression import sigmoid
from fedmerit.federation.vertical.regression.regression import train_regression
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.split import cut
from fedmerit.federation.vertical.split.settings import SplitSettings
from fedmerit.federation.vertical.split.split import train_split
from fedmerit.federation.vertical.tables import area_under_curve
from fedmerit.federation.vertical.task import batches
from fedmerit.federation.wire.channel import play
from fedmerit.federation.wire.messages import encode

QUICK = RegressionSettings(epochs=2, batch_size=16, learning_rate=0.3, tolerance=0, key_bits=512)
SPLIT = SplitSettings(
    bottom=ModelSpec(kind="mlp", hidden=(8,)), width=6, epochs=3, batch_size=50, learning_rate=0.3
)


def seen_by(recorded, receiver):
    return [message for _, message in recorded[receiver]]


def everything(messages):
    return b"".join(map(encode, messages))


# Private set intersection


@pytest.fixture(scope="module")
def intersected():
    keys = {
        "shop": [f"customer {k}" for k in range(60)],
        "bank": [f"customer {k}" for k in range(30, 90)],
        "club": [f"customer {k}" for k in range(50, 70)],
    }
    own = {name: normalised(given, name) for name, given in keys.items()}
    played = play(
        {
            name: partial(
                lead if name == "shop" else partial(follow, leader="shop"),
                identifiers=identifiers,
                learns="everyone",
            )
            for name, identifiers in own.items()
        },
        record=True,
    )
    return own, played


@pytest.mark.parametrize("receiver", ["shop", "bank", "club"])
def test_no_identifier_and_no_point_of_one_is_ever_sent(intersected, receiver):
    own, played = intersected
    received = everything(seen_by(played.recorded, receiver))

    for identifier in {i for ids in own.values() for i in ids}:
        assert identifier not in received
        # Whoever can guess an identifier can hash it: its own point would give it away.
        assert curve.hashed(identifier).format() not in received


def test_the_label_holder_cannot_tell_whom_only_one_other_party_knows(intersected):
    # Customers 30 to 49 are the bank's, not the club's: the table's answers must be noise for
    # them as for customers that nobody else has.
    own, played = intersected
    tables = {
        source: message.array("table", "|u1", (None, 16))
        for source, message in played.recorded["shop"]
        if message.kind == "answered"
    }

    assert set(tables) == {"bank", "club"}
    assert all(0.45 < np.unpackbits(table).mean() < 0.55 for table in tables.values())
    # A table's size depends on how many identifiers it was made of, and on nothing else.
    assert len(tables["bank"]) == 3 * (int(1.28 * len(own["bank"]) + 96) // 3 + 1)
    assert len(played.results["shop"]) == 10


def test_tags_name_common_customers_only_and_differ_by_party(intersected):
    _, played = intersected
    tags = {
        name: next(m for m in seen_by(played.recorded, name) if m.kind == "common").array(
            "tags", "|u1", (10, 16)
        )
        for name in ("bank", "club")
    }

    assert not {t.tobytes() for t in tags["bank"]} & {t.tobytes() for t in tags["club"]}


def test_two_runs_about_the_same_customers_cannot_be_linked(intersected):
    own, played = intersected
    again = play(
        {
            "shop": partial(lead, identifiers=own["shop"], learns="everyone"),
            "bank": partial(follow, leader="shop", identifiers=own["bank"], learns="everyone"),
        },
        record=True,
    )

    def points(recorded):
        blinded = next(m for m in seen_by(recorded, "bank") if m.kind == "blinded")
        return {p.format() for p in curve.from_bytes(blinded.octets("points"))}

    assert not points(played.recorded) & points(again.recorded)


# Encrypted regression


FORMS = [
    (form, sigmoid) for form in ("third party", "label holder") for sigmoid in ("taylor", "exact")
]


@pytest.mark.parametrize(("form", "sigmoid"), FORMS)
def test_all_that_regression_sends_is_ciphertexts_masked_numbers_and_bookkeeping(
    make_task, form, sigmoid
):
    made = make_task(2, 3, 2, rows=40)
    bits = 1024 if sigmoid == "exact" else 512
    settings = replace(QUICK, coordinator=form, sigmoid=sigmoid, key_bits=bits)

    recorded = train_regression(made, settings, seed=0, record=True).recorded

    plain = {"public key", "saved", "continue", "settled", "go on", "mask key"}
    ciphers = {"forward", "residuals", "masked", "odds", "blinded odds", "quotients"}
    for receiver in recorded:
        for message in seen_by(recorded, receiver):
            if message.kind in ciphers:
                _no_two_alike_and_all_long(message.numbers("numbers"), 2 * bits)
            elif message.kind == "shares":
                _no_two_alike_and_all_long(message.numbers("shares"), 2 * bits)
                _no_two_alike_and_all_long(message.numbers("masks"), 2 * bits)
            elif message.kind == "opened":
                # Who asked knows its uniform mask; to anybody else these are uniform numbers.
                assert min(message.numbers("numbers")).bit_length() > bits - 64
            elif message.kind == "scores":
                assert receiver == "shop"
            else:
                assert message.kind in plain


def _no_two_alike_and_all_long(numbers, bits):
    assert len(set(numbers)) == len(numbers)
    assert min(number.bit_length() for number in numbers) > bits - 64


def test_the_third_party_receives_nothing_but_masked_numbers(make_task):
    made = make_task(2, 3, rows=40)

    recorded = train_regression(
        made, replace(QUICK, coordinator="third party"), seed=0, record=True
    ).recorded

    kinds = {message.kind for message in seen_by(recorded, "third party")}
    assert kinds == {"continue", "masked", "go on"}


def told_apart(blind, factor, draws=20_000):
    """Give the best threshold's advantage in telling odds of 1 from odds of *factor*."""
    small, large = (
        np.sort([np.log2(float(odds * blind())) for _ in range(draws)]) for odds in (1, factor)
    )
    ends = np.concatenate([small, large])
    below = [np.searchsorted(seen, ends, side="right") / draws for seen in (small, large)]
    return float(np.abs(below[0] - below[1]).max())


def test_blinded_odds_tell_whoever_opens_them_next_to_nothing_of_a_rows_score():
    uniform = partial(secrets.randbelow, 2**512)  # as masks of sums are

    bound, luck = (8 + 1) / 512, 1.63 * np.sqrt(2 / 20_000)

    assert told_apart(partial(sigmoid._blind, SecretStream()), 2**8) < bound + luck
    assert told_apart(uniform, 2**8) > 0.98


def test_a_party_cannot_divide_its_own_ciphertext_out_of_the_residuals(make_task):
    # [[residual]] = [[own forward]] * (1 + n * label part): without fresh randomness the
    # quotient would show the label holder's part in plain.
    made = make_task(2, 3, rows=40)

    recorded = train_regression(
        made, replace(QUICK, coordinator="third party"), seed=0, record=True
    ).recorded

    key = next(m for m in seen_by(recorded, "bank") if m.kind == "public key")
    n = key.integer("n")
    sent = [m for m in seen_by(recorded, "shop") if m.kind == "forward"]
    got = [m for m in seen_by(recorded, "bank") if m.kind == "residuals"]
    assert len(sent) == len(got) > 0
    for forward, residual in zip(sent, got, strict=True):
        for own, theirs in zip(
            forward.numbers("numbers"), residual.numbers("numbers"), strict=True
        ):
            assert theirs * pow(own, -1, n * n) % n != 1


def test_opened_gradients_are_uniform_to_whoever_opens_them(make_task):
    made = make_task(1, 1, rows=40)

    runs = [
        train_regression(
            made, replace(QUICK, epochs=1, coordinator="third party"), seed=0, record=True
        ).recorded
        for _ in range(2)
    ]

    # The same gradients twice, and nothing that the third party opened is the same or near.
    opened = [
        [m.numbers("numbers")[0] for m in seen_by(run, "bank") if m.kind == "opened"]
        for run in runs
    ]
    n_bits = 512
    gaps = [abs(a - b).bit_length() for a, b in zip(*opened, strict=True)]
    assert min(gaps) > n_bits - 64


def test_the_label_holder_learns_the_sum_of_scores_and_no_part(make_task):
    made = make_task(1, 2, 2, rows=40)

    found = train_regression(made, QUICK, seed=0, record=True)

    for source, message in found.recorded["shop"]:
        if message.kind == "scores":
            parts = {c.party: c.held_out @ found.weights[c.party] for c in made.parties[1:]}
            sent = message.array("scores", "<i8", (10,)) / 2.0**32
            assert np.abs(sent - parts[source]).min() > 1e3


# Split learning


def inferred_labels(found, made, settings, party="bank"):
    """Cluster each row's received gradients along their main direction (Sun et al., 2022)."""
    got = [m for m in seen_by(found.recorded, party) if m.kind == "gradients"]
    total = np.zeros((len(made.labels), settings.width))
    numbered = iter(got)
    for epoch in range(1, settings.epochs + 1):
        for batch in batches(len(total), settings.batch_size, seed=0, epoch=epoch):
            total[batch] += next(numbered).array("rows", "<f4", (len(batch), settings.width))
    centred = total - total.mean(axis=0)
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    auc = area_under_curve(made.labels, centred @ direction)
    return max(auc, 1 - auc)


def test_plain_gradients_tell_labels_and_protected_ones_do_not(make_task):
    made = make_task(2, 3, rows=400)
    private = replace(SPLIT, labels=NoiseSettings(clip=1.0, noise=16.0))

    plain = train_split(made, SPLIT, seed=0, secret=0, record=True)
    noisy = train_split(made, private, seed=0, secret=0, record=True)

    assert inferred_labels(plain, made, SPLIT) > 0.9
    # No attack at all can do better than the mechanism's own bound, but for chance with 400.
    bound = distinguishable(private.labels.mu(private.label_releases()))
    assert bound < 0.61
    assert inferred_labels(noisy, made, private) < bound + 0.05


def reconstructed(sent, features):
    """Fit features on half of the rows, whose features leaked, and tell those of the others."""
    half = len(features) // 2
    model = Ridge(alpha=1e-3).fit(sent[:half], features[:half])
    return model.score(sent[half:], features[half:])


def test_plain_embeddings_tell_features_and_protected_ones_do_not(make_task):
    made = make_task(2, 3, rows=400)
    linear = replace(SPLIT, bottom=ModelSpec())
    private = replace(linear, features=NoiseSettings(clip=1.0, noise=16.0))
    features = made.parties[1].training

    plain = train_split(made, linear, seed=0).embeddings["bank"][0]
    noisy = train_split(made, private, seed=0, secret=0).embeddings["bank"][0]

    assert reconstructed(plain, features) > 0.95
    # Chance is 0, the mean of all; the margin is what 200 rows leave to luck.
    assert reconstructed(noisy, features) < 0.05


def test_encrypted_embeddings_tell_the_label_holder_their_sum_alone(make_task):
    made = make_task(0, 6, 6, rows=200)
    settings = replace(
        SPLIT, bottom=ModelSpec(), width=2, forward="encrypted", epochs=1, key_bits=512
    )

    found = train_split(made, settings, seed=0, record=True)

    for message in seen_by(found.recorded, "shop"):
        if message.kind == "embeddings":
            _no_two_alike_and_all_long(message.numbers("packed"), 1024)
    kinds = {message.kind for message in seen_by(found.recorded, "shop")}
    assert kinds == {"public key", "saved", "embeddings", "opened", "settled"}
    # What it learns: two numbers a row about twelve features, so at most a sixth of them; the
    # margin is what 100 rows leave to luck. Each party's own would tell all of its six.
    total = sum(
        columns.training @ found.bottoms[columns.party]["weight"].T for columns in made.parties[1:]
    )
    assert reconstructed(total, made.parties[1].training) < 2 / 12 + 0.1
    plain = train_split(made, replace(settings, forward="plain", width=6), seed=0)
    assert reconstructed(plain.embeddings["bank"][0], made.parties[1].training) > 0.95


@pytest.mark.parametrize("masked", [True, False])
def test_a_label_holder_that_has_one_embedding_opened_instead_of_their_sum_gets_random_numbers(
    masked, make_task, monkeypatch
):
    made = make_task(0, 6, 6, rows=200)
    settings = replace(
        SPLIT, bottom=ModelSpec(), width=2, forward="encrypted", epochs=1, key_bits=512
    )
    found = []
    original = cut.Request.opened

    def kept(request):
        found.append(np.array(original(request), dtype=np.float64) / 2.0**24)
        return [0] * len(found[-1])  # it goes on, and nobody notices

    # It has the bank's numbers opened as they came, and not times the others'.
    monkeypatch.setattr(cut.PublicKey, "add", lambda _key, first, _second: first)
    monkeypatch.setattr(cut.Request, "opened", kept)
    if not masked:
        monkeypatch.setattr(cut, "masks_below", lambda _n, count, *_: [0] * count)
    train_split(made, settings, seed=0)

    seen = found[-2].reshape(200, 2)  # of all rows to train on, at the end
    told = reconstructed(seen, made.parties[1].training)
    assert told < 0.1 if masked else told > 0.25  # two numbers of six columns


@pytest.mark.parametrize("protection", [NoiseSettings(), NoiseSettings(clip=1.0, noise=2.0)])
def test_no_raw_feature_and_no_label_is_in_any_message(make_task, protection):
    made = make_task(2, 3, rows=100)
    settings = replace(SPLIT, epochs=1, labels=protection, features=protection)

    recorded = train_split(made, settings, seed=0, record=True).recorded

    kinds = {
        receiver: {message.kind for message in seen_by(recorded, receiver)} for receiver in recorded
    }
    assert kinds == {
        "shop": {"saved", "embeddings", "settled"},
        "bank": {"continue", "gradients", "go on"},
    }
    received = everything(seen_by(recorded, "shop"))
    for row in made.parties[1].training:
        assert row.astype("<f4").tobytes() not in received
        assert row.tobytes() not in received

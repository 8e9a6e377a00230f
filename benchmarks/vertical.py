"""Vertical federations: alignment, encryption, one epoch of regression, split learning.

Times are CPU seconds of the whole process, since all parties share it and machines are shared;
bytes are of the messages themselves. python-paillier is measured where it is installed
(``pip install phe``; it is under the GPL, and no dependency of ours).

    python benchmarks/vertical.py [--million] [paillier alignment split campaign epoch]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from importlib import import_module
from time import process_time
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from fedmerit.federation import ModelSpec
from fedmerit.federation.privacy.accountant import DELTA
from fedmerit.federation.privacy.noise import NoiseSettings
from fedmerit.federation.protection.packing import pack, slots, unpack, weighted_sums
from fedmerit.federation.protection.paillier import generate
from fedmerit.federation.vertical.alignment.alignment import align
from fedmerit.federation.vertical.partygame import PartyGame
from fedmerit.federation.vertical.regression.regression import plain_regression, train_regression
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.split.settings import SplitSettings
from fedmerit.federation.vertical.split.split import train_split
from fedmerit.federation.vertical.tables import area_under_curve
from fedmerit.federation.vertical.task import Columns, VerticalTask
from fedmerit.federation.vertical.yardstick import joined_scores
from fedmerit.incentives import value
from fedmerit.kinds.vertical.wiring import assemble, task_of
from fedmerit.scenario.reading import load

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


def main() -> None:
    """Measure what is named, or everything."""
    parts = {"paillier": paillier, "split": split, "campaign": campaign, "epoch": epoch}
    parser = argparse.ArgumentParser()
    parser.add_argument("--million", action="store_true", help="align 1,000,000 identifiers too")
    parser.add_argument("parts", nargs="*", metavar="PART")
    chosen = parser.parse_args()
    for name in chosen.parts or [*parts, "alignment"]:
        if name == "alignment":
            alignment([100_000, 1_000_000] if chosen.million else [100_000])
        else:
            parts[name]()


def alignment(sizes: list[int]) -> None:
    """Align two sets of which half is common."""
    print("\n## Private set intersection\n")
    print("| identifiers each | CPU s | MB leader | MB other |\n|---|---|---|---|")
    for size in sizes:
        keys = {"leader": range(size), "other": range(size // 2, size // 2 + size)}
        seconds, found = _timed(lambda keys=keys: align(keys, label_holder="leader"))
        rows = found.rows["leader"]
        if rows is None or len(rows) != size - size // 2:
            raise AssertionError(size)
        sent = found.transcript.bytes_sent()
        megabytes = " | ".join(f"{sent[name] / 1e6:.1f}" for name in keys)
        print(f"| {size:,} | {seconds:.1f} | {megabytes} |", flush=True)


def paillier() -> None:
    """Count operations per second at 2,048 bits, ours and python-paillier's."""
    print("\n## Paillier, 2,048 bits: operations per CPU second\n")
    key = generate()
    public = key.public
    public.encrypt(0)  # the table
    values = list(range(400))
    rows: dict[str, float] = {}
    seconds, ciphers = _timed(lambda: public.encrypt_all(values))
    rows["encrypted"] = len(values) / seconds
    seconds, _ = _timed(lambda: [public.add(a, b) for a in ciphers[:150] for b in ciphers[:150]])
    rows["added"] = 150**2 / seconds
    seconds, _ = _timed(lambda: key.decrypt_all(ciphers[:150]))
    rows["decrypted"] = 150 / seconds
    many = slots(public, 64)
    packed = pack(values[:many], 64)
    seconds, held = _timed(lambda: [public.encrypt(packed) for _ in range(200)])
    rows[f"encrypted, {many} in one"] = 200 * many / seconds
    seconds, _ = _timed(lambda: [unpack(key.decrypt(c), 64, many) for c in held[:100]])
    rows[f"decrypted, {many} in one"] = 100 * many / seconds
    weights = np.rint(np.random.default_rng(0).normal(size=(256, 15)) * 2**20).astype(np.int64)
    seconds, _ = _timed(lambda: weighted_sums(public, ciphers[:256], weights))
    rows["multiplied into sums"] = weights.size / seconds
    peer = _python_paillier()
    print("| | ours | python-paillier | ratio |\n|---|---|---|---|")
    for name, rate in rows.items():
        theirs = peer.get(name)
        ending = "- | - |" if theirs is None else f"{theirs:,.0f} | {rate / theirs:.1f} |"
        print(f"| {name} | {rate:,.0f} | {ending}", flush=True)


def epoch() -> None:
    """Train one epoch of encrypted regression on 10,000 rows of 30 columns, 15 each."""
    print("\n## One epoch of regression on 10,000 x 30, two parties, 2,048 bits\n")
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(10_100, 30))
    labels = (rows @ rng.normal(size=30) > 0).astype(np.float64)
    parties = tuple(
        Columns(
            party=name,
            names=tuple(map(str, range(15))),
            training=part[:10_000],
            held_out=part[10_000:],
        )
        for name, part in (("labels", rows[:, :15]), ("columns", rows[:, 15:]))
    )
    task = VerticalTask(
        name="random", parties=parties, labels=labels[:10_000], held_out_labels=labels[10_000:]
    )
    print("| form | CPU s | MB by party | messages in a row | largest difference of a weight |")
    print("|---|---|---|---|---|")
    one = RegressionSettings(epochs=1, batch_size=512)
    for form in (replace(one, coordinator="third party"), one):
        seconds, found = _timed(lambda form=form: train_regression(task, form, seed=0))
        twin, _ = plain_regression(task, form, seed=0)
        off = max(float(np.abs(found.weights[name] - own).max()) for name, own in twin.items())
        sent = found.transcript.bytes_sent()
        megabytes = ", ".join(f"{name} {size / 1e6:.1f}" for name, size in sent.items())
        rounds = found.transcript.rounds
        print(
            f"| {form.coordinator} | {seconds:.0f} | {megabytes} | {rounds} | {off:.1e} |",
            flush=True,
        )


def split() -> None:
    """Train by split learning on Adult, with and without protection."""
    print("\n## Split learning on risk-control, 5 epochs\n")
    print("| | CPU s | MB sent by all | AUC | epsilon of labels |\n|---|---|---|---|---|")
    task = aligned("risk-control")
    plain = SplitSettings(
        bottom=ModelSpec(kind="mlp", hidden=(16,)),
        width=4,
        epochs=5,
        batch_size=512,
        learning_rate=0.3,
    )
    noise = {k: NoiseSettings(clip=0.3, noise=k) for k in (2.0, 8.0)}
    cases = {
        "plain": plain,
        "labels, noise 2": replace(plain, labels=noise[2.0]),
        "labels, noise 8": replace(plain, labels=noise[8.0]),
        "labels, noise 8, 8 rows a micro-batch": replace(
            plain, labels=replace(noise[8.0], micro_batch=8)
        ),
        "labels and features, noise 2": replace(plain, labels=noise[2.0], features=noise[2.0]),
        "embeddings added up under encryption": replace(plain, forward="encrypted"),
    }
    for name, settings in cases.items():
        seconds, found = _timed(lambda s=settings: train_split(task, s, seed=0, secret=0))
        auc = area_under_curve(task.held_out_labels, found.scores)
        size = sum(found.transcript.bytes_sent().values()) / 1e6
        epsilon = found.epsilons["labels"]
        print(f"| {name} | {seconds:.1f} | {size:.1f} | {auc:.3f} | {epsilon:.1f} |", flush=True)
    print(f"\ndelta {DELTA:g}")


def campaign() -> None:
    """Hold bank-and-campaign's model against the joined table's at ten seeds; value its parties.

    The plain twin is trained: its weights are the protocol's but for rounding.
    """
    print("\n## bank-and-campaign at ten seeds: delta and values\n")
    print("| seed | AUC | joined table | scikit-learn's logistic | broker of noise, milli-nats |")
    print("|---|---|---|---|---|")
    scenario = load("bank-and-campaign")
    for seed in range(10):
        dealt = scenario.model_copy(update={"seed": seed})
        federation = assemble(dealt)
        task, settings = task_of(federation, dealt), federation.settings
        if not isinstance(settings, RegressionSettings):
            raise TypeError(settings)
        scores = (
            plain_regression(task, settings, seed=seed)[1],
            joined_scores(task, settings, seed=seed),
            joined_scores(task, replace(settings, sigmoid="exact", l2=0.0), seed=seed),
        )
        areas = " | ".join(f"{area_under_curve(task.held_out_labels, s):.4f}" for s in scores)
        game = PartyGame(task, settings, seed=seed)
        found = value(game, method="exact", budget=8, seed=0)
        worth, error = found.values[-1] * 1000, found.standard_errors[-1] * 1960
        print(f"| {seed} | {areas} | {worth:.2f} ± {error:.2f} |", flush=True)


def aligned(name: str) -> VerticalTask:
    """Give a shipped scenario's task."""
    scenario = load(name)
    return task_of(assemble(scenario), scenario)


def _python_paillier() -> dict[str, float]:
    try:
        phe = import_module("phe.paillier")
    except ImportError:
        return {}
    public, private = phe.generate_paillier_keypair(n_length=2048)
    seconds, ciphers = _timed(lambda: [public.encrypt(k) for k in range(40)])
    rates = {"encrypted": 40 / seconds}
    seconds, _ = _timed(lambda: [a + b for a in ciphers for b in ciphers])
    rates["added"] = 40**2 / seconds
    seconds, _ = _timed(lambda: [private.decrypt(c) for c in ciphers])
    rates["decrypted"] = 40 / seconds
    factors = np.rint(np.random.default_rng(0).normal(size=40) * 2**20).astype(int).tolist()
    seconds, _ = _timed(lambda: [c * f for c in ciphers for f in factors])
    rates["multiplied into sums"] = 40**2 / seconds
    return rates


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    started = process_time()
    found = work()
    return process_time() - started, found


if __name__ == "__main__":
    main()

"""The check that another chain makes the same blocks of what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle.schemas import TRANSCRIPT
from fedmerit.chain.node.transcript import Transcript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle.directory import Bundle

_NAME = "blocks on eth-tester"


def check_blocks(bundle: Bundle) -> Iterator[Check]:
    """Replay the transcript on eth-tester, and compare each block's hash.

    A block's hash binds its state, its receipts and its events.
    """
    if not (bundle.path / TRANSCRIPT).is_file():
        yield Check(_NAME, "skipped", "it was settled on a node, and holds no transactions")
        return
    from fedmerit.chain.node.reference import (  # noqa: PLC0415 - takes half a second
        replay_on_eth_tester,
    )

    transcript = Transcript.from_json(bundle.text(TRANSCRIPT))
    blocks = tuple(replay_on_eth_tester(transcript))
    recorded = tuple(entry.block for entry in transcript.entries)
    first = next(
        (i for i, pair in enumerate(zip(blocks, recorded, strict=True)) if pair[0] != pair[1]), None
    )
    yield compared(
        _NAME,
        holds=first is None,
        same=f"eth-tester makes the same {len(blocks):,} blocks of the transcript",
        different=f"{TRANSCRIPT}: eth-tester makes another block of entry {first}",
    )

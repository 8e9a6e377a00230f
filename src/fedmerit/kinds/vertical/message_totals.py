"""What the kept messages of a vertical run come to: roots, bytes, rounds."""

from __future__ import annotations

from typing import Any, Final

from fedmerit.bundle import vertical_schemas as joint
from fedmerit.canonical import canonical, digest
from fedmerit.chain import update_root
from fedmerit.federation.wire.transcript import Entry, Transcript

#: The protocols, in the order in which parties go through them.
_ORDER: Final = ("alignment", "training", "parts")


def protocols(said: joint.MessagesDocument) -> tuple[joint.ProtocolDocument, ...]:
    """Say what each protocol's messages come to."""
    transcripts = transcripts_of(said)
    return tuple(
        joint.ProtocolDocument(
            name=name,
            root=transcript.root,
            messages=len(transcript.entries),
            rounds=transcript.rounds,
            bytes_sent=transcript.bytes_sent(),
        )
        for name, transcript in transcripts.items()
    )


def transcripts_of(said: joint.MessagesDocument) -> dict[str, Transcript]:
    """Give the transcripts that the kept messages make, in the order in which they ran."""
    return {
        name: Transcript(tuple(Entry(**entry.model_dump()) for entry in said.protocols[name]))
        for name in _ORDER
        if name in said.protocols
    }


def exchange(said: joint.MessagesDocument, participants: tuple[str, ...]) -> dict[str, Any]:
    """Give all that the kept messages tell of the run's one round.

    Args:
        said: The messages.
        participants: The owners, the label holder first. Each is bound to the messages that it
            sent and received, so that a third party's are bound too.
    """
    found = transcripts_of(said)
    sent: dict[bool, int] = {True: 0, False: 0}
    for transcript in found.values():
        for party, size in transcript.bytes_sent().items():
            sent[party == participants[0]] += size
    digests = tuple(_record(found, name) for name in participants)
    return {
        "update_digests": digests,
        "update_root": "0x" + update_root([bytes.fromhex(each[2:]) for each in digests]).hex(),
        "bytes_up": sent[False],
        "bytes_down": sent[True],
    }


def _record(transcripts: dict[str, Transcript], name: str) -> str:
    """Hash one owner's own record of all protocols: what it sent and what it received."""
    own = {
        protocol: Transcript(
            tuple(each for each in whole.entries if name in {each.sender, each.receiver})
        ).rows()
        for protocol, whole in transcripts.items()
    }
    return digest(canonical(own))

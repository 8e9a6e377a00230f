"""What the report says in words; every number in it comes from the documents.

May import `bundle`, `figures`, `findings`, `incentives`, `quality`, `readings`, `units`
and the ground.

Texts are :class:`~markupsafe.Markup`: what is filled in is escaped, so that a participant
may be called anything.
"""

from fedmerit.report.sentences.certainty import completing, leaving_out, not_completing, trusting
from fedmerit.report.sentences.course import (
    gathering,
    helping,
    learning,
    limits,
    settling,
)
from fedmerit.report.sentences.draw import drawing
from fedmerit.report.sentences.payments import explaining, paying
from fedmerit.report.sentences.suspicion import suspecting
from fedmerit.report.sentences.values import free_riders, gained, judging, valuing

__all__ = [
    "completing",
    "drawing",
    "explaining",
    "free_riders",
    "gained",
    "gathering",
    "helping",
    "judging",
    "learning",
    "leaving_out",
    "limits",
    "not_completing",
    "paying",
    "settling",
    "suspecting",
    "trusting",
    "valuing",
]

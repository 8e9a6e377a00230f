"""How numbers of a bundle are written for people.

Values are recorded in billionths of the metric and shown in thousandths, as many decimals as
the largest of a column needs for four digits. Money is never rounded through a float: a sum
of tokens is cut out of the digits of its base units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor, log10
from statistics import NormalDist
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.units import MICRO, NANO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fedmerit.bundle.schemas import ValuationDocument

#: Billionths in one thousandth.
NANO_PER_MILLI: Final = NANO // 1000
MICRO_PER_MILLI: Final = MICRO // 1000
#: The shipped token's decimals, and those of nearly every other.
TOKEN_DECIMALS: Final = 18

_DIGITS: Final = 4
_MOST_DECIMALS: Final = 6
_PERCENT: Final = MICRO // 100
_WORDS: Final = (
    *("none", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
#: Millionths by which a probability has to be away from 0 and 1 to be written.
_ALL_BUT: Final = 1000


@dataclass(frozen=True, slots=True)
class Unit:
    """What a thousandth of a metric is called.

    Attributes:
        short: Where it is clear what of.
        long: In full.
    """

    short: str
    long: str


NATS: Final = Unit("milli-nats", "milli-nats per validation row")
_UNITS: Final[Mapping[str, Unit]] = MappingProxyType(
    {
        "loss": NATS,
        "accuracy": Unit("per mille", "per mille of validation rows"),
        "squared-error": Unit("per mille", "per mille of the label's variance"),
        "auc": Unit("thousandths", "thousandths of the area under the ROC curve"),
        "f1": Unit("thousandths", "thousandths of F1"),
        "average-precision": Unit("thousandths", "thousandths of average precision"),
    }
)


def unit(valuation: ValuationDocument) -> Unit:
    """Give the unit of all values of *valuation*, as they are shown."""
    own = Unit("thousandths", f"thousandths of {valuation.metric}")
    return _UNITS.get(valuation.metric, own)


def milli(nano: int) -> float:
    """Give billionths as thousandths."""
    return nano / NANO_PER_MILLI


def milli_of_micro(micro: int) -> float:
    """Give millionths as thousandths."""
    return micro / MICRO_PER_MILLI


def tokens(base_units: int) -> float:
    """Give an amount in tokens for drawing; :func:`exact_tokens` is for reading."""
    return base_units / 10**TOKEN_DECIMALS


def decimals_for(numbers: Iterable[float]) -> int:
    """Say how many decimals show the largest of *numbers* with four digits."""
    largest = max((abs(number) for number in numbers), default=0.0)
    place = floor(log10(largest)) if largest else 0
    return min(_MOST_DECIMALS, max(0, _DIGITS - 1 - place))


def number(value: float, decimals: int, *, sign: bool = False) -> str:
    """Write a number with a real minus sign, and a plus sign if asked for."""
    text = f"{abs(value):,.{decimals}f}"
    if not text.strip("0.,"):
        return text
    return ("−" if value < 0 else "+" if sign else "") + text  # noqa: RUF001 - a minus sign


def with_error(value: float, half_width: float, decimals: int) -> str:
    """Write a value and the half width of its interval: ``12.3 ± 0.8``."""
    return f"{number(value, decimals)} ± {number(half_width, decimals)}"


def percent(ppm: int, decimals: int = 1) -> str:
    """Write millionths as per cent."""
    return f"{number(ppm / _PERCENT, decimals)}%"


def points(ppm: int, *, sign: bool = False) -> str:
    """Write a difference of two shares as percentage points."""
    return f"{number(ppm / _PERCENT, 1, sign=sign)} points"


def exact_tokens(base_units: int) -> str:
    """Write an amount in tokens, to its last base unit."""
    whole, rest = divmod(abs(base_units), 10**TOKEN_DECIMALS)
    decimals = f"{rest:0{TOKEN_DECIMALS}}".rstrip("0")
    sign = "−" if base_units < 0 else ""  # noqa: RUF001 - a minus sign
    return f"{sign}{whole:,}.{decimals}" if decimals else f"{sign}{whole:,}"


def short_tokens(base_units: int) -> str:
    """Write an amount in tokens with two decimals, cut off and never rounded up."""
    whole, rest = divmod(base_units, 10**TOKEN_DECIMALS)
    cents = rest // 10 ** (TOKEN_DECIMALS - 2)
    if not base_units or whole or cents:
        return f"{whole:,}.{cents:02}" if rest else f"{whole:,}"
    return "under 0.01"


def adding_up(amounts: Sequence[int]) -> list[str]:
    """Write amounts as :func:`short_tokens` does, so that what is written adds up.

    The cents that cutting off loses go, one each, to the amounts that lose most of one.
    """
    cent = 10 ** (TOKEN_DECIMALS - 2)
    whole = [amount // cent for amount in amounts]
    lost = sorted(range(len(amounts)), key=lambda place: -(amounts[place] % cent))
    for place in lost[: sum(amounts) // cent - sum(whole)]:
        whole[place] += 1
    return [
        short_tokens(cents * cent) if cents else short_tokens(amount)
        for cents, amount in zip(whole, amounts, strict=True)
    ]


def in_words(how_many: int) -> str:
    """Write a small number as a word."""
    return _WORDS[how_many] if how_many < len(_WORDS) else f"{how_many:,}"


def chance(ppm: int) -> str:
    """Write a probability per cent; one that is all but certain is not called certain."""
    if ppm > MICRO - _ALL_BUT:
        return "over 99.9%"
    return "under 0.1%" if ppm < _ALL_BUT else percent(ppm)


def quantile(confidence_ppm: int) -> float:
    """Give how many standard errors a two-sided normal interval reaches."""
    return NormalDist().inv_cdf((MICRO + confidence_ppm) / (2 * MICRO))


def moment(unix_seconds: int) -> str:
    """Write a time in UTC."""
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def day(unix_seconds: int) -> str:
    """Write the day of a time."""
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%-d %B %Y")


def duration(seconds: int) -> str:
    """Write a length of time in its largest unit that divides it."""
    for name, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds % length == 0:
            return count(seconds // length, name)
    return count(seconds, "second")


def count(how_many: int, noun: str, plural: str = "") -> str:
    """Write a number of things: ``1 day``, ``2 days``."""
    return f"{how_many:,} {noun if how_many == 1 else plural or noun + 's'}"


def listed(names: Sequence[str], most: int) -> str:
    """Write a list in a sentence: ``A``, ``A and B``, ``A, B and 2 others``.

    Args:
        names: One at least.
        most: So many are written out.
    """
    *others, last = enough(names, most)
    return f"{', '.join(others)} and {last}" if others else last


def enough(names: Sequence[str], most: int) -> list[str]:
    """Give *names*, those beyond *most* as a number; one more is not worth it."""
    if len(names) <= most + 1:
        return list(names)
    return [*names[:most], f"{len(names) - most} others"]


def shortened(hexadecimal: str) -> str:
    """Write the two ends of a long hex string."""
    ends = 10
    return (
        f"{hexadecimal[:ends]}…{hexadecimal[-6:]}" if len(hexadecimal) > 2 * ends else hexadecimal
    )

"""The units that numbers are recorded in: parts of a nat, of a right answer, of a whole."""

from __future__ import annotations

from typing import Final

#: Billionths: of the metric, for values and their errors.
NANO: Final = 10**9
#: Millionths: of the metric, for what was measured.
MICRO: Final = 10**6
#: Millionths of a whole, for shares, accuracies and areas.
PPM: Final = 10**6

"""What a run came to, as Python shows it: one row a member, for people and for pandas."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from fedmerit.bundle.directory import Bundle
from fedmerit.bundle.schemas import OUTCOME, VALUATION, OutcomeDocument, ValuationDocument
from fedmerit.errors import BundleError
from fedmerit.notebooks import html_table
from fedmerit.units import NANO

if TYPE_CHECKING:
    import pandas as pd

#: Of the shipped token, and of nearly every other.
_TOKEN: Final = 10**18


class Results(Bundle):
    """A run's bundle, and what stands in it for whoever ran it.

    Attributes:
        path: The directory.
    """

    @property
    def payments(self) -> dict[str, int]:
        """What each is paid, in base units, by name."""
        outcome = self.document(OUTCOME, OutcomeDocument)
        return dict(zip(outcome.participants, outcome.payments, strict=True))

    @property
    def values(self) -> dict[str, float]:
        """What each contributed, in the metric's unit, by name."""
        valuation = self.document(VALUATION, ValuationDocument)
        pairs = zip(valuation.participants, valuation.values, strict=True)
        return {name: value / NANO for name, value in pairs}

    def table(self) -> pd.DataFrame:
        """Give one row a member, sorted by pay.

        Columns: ``tokens``, ``low`` and ``high`` (between which the payment lies; missing where
        that is not known), ``share`` of the budget, ``value`` and its ``half_width`` in the
        metric's unit, ``reason``, and ``payment`` in whole base units.
        """
        import pandas as pd  # noqa: PLC0415 - takes a moment, and only this needs it

        valuation = self.document(VALUATION, ValuationDocument)
        outcome = self.document(OUTCOME, OutcomeDocument)
        found, nothing = outcome.intervals, [None] * len(outcome.payments)
        frame = pd.DataFrame(
            {
                "tokens": [amount / _TOKEN for amount in outcome.payments],
                "low": [low / _TOKEN for low in found.lows] if found else nothing,
                "high": [high / _TOKEN for high in found.highs] if found else nothing,
                "share": [step.share_ppm / 10**6 for step in outcome.steps],
                "value": [nano / NANO for nano in valuation.values],  # noqa: PD011 - no frame
                "half_width": [half / NANO for half in valuation.half_widths],
                "reason": [step.reason for step in outcome.steps],
                "payment": pd.Series(list(outcome.payments), dtype=object),
            }
        )
        frame.index = pd.Index(outcome.participants, name="member")
        return frame.sort_values("tokens", ascending=False, kind="stable")

    def _repr_html_(self) -> str | None:
        """Show :meth:`table` in a notebook, once there is one."""
        with suppress(BundleError):
            return self._as_html()
        return None

    def _as_html(self) -> str:
        frame = self.table()
        known = bool(frame["low"].notna().all())
        rows = [
            (
                name,
                f"{row['tokens']:,.2f}",
                *((f"{row['low']:,.2f}", f"{row['high']:,.2f}") if known else ()),
                f"{row['value']:.4f} ± {row['half_width']:.4f}",
                row["reason"],
            )
            for name, row in frame.iterrows()
        ]
        interval = ("low", "high") if known else ()
        title = f"{self.scenario.name}: payments in tokens"
        return html_table(title, ("member", "tokens", *interval, "value", "why"), rows)

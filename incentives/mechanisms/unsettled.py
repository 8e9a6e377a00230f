"""Which mechanisms a run cannot settle, and why not.

A run pays once, from a budget: for what was measured, for offers that are opened after the
training, or for parts of the local steps that were agreed on before it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNMEASURED: Final = "it pays for work in a unit that no training measures"
_MODELS: Final = "it pays in better and worse models, and a settlement pays in tokens"

#: Why each that cannot be settled cannot, by name.
UNSETTLED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "signed-stakes": "it charges harm to stakes, and the contracts slash a stake for proven "
        "faults alone",
        "data-market": "it sells the model for fees, and a settlement pays and charges nobody",
        "cremer-mclean": "it sells the model for fees, and a settlement pays and charges nobody",
        "robust-shapley": "it compares one update of each member, and members send one a round",
        "local-accuracy": f"{_UNMEASURED}: how exactly each solves its own problem",
        "cycle-market": f"{_UNMEASURED}: cycles a second",
        "public-good": "it pays nobody: each works for its part of a common good, whose curve "
        "would have to be known before anybody trains",
        "accuracy-shaping": _MODELS,
        "rho-shapley": _MODELS,
        "cosine-shares": _MODELS,
        "peer-prediction": "it pays for reports of evaluators, and a run asks for none",
    }
)

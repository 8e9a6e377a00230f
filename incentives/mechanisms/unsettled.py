"""Which mechanisms a run cannot settle, and why not.

A run trains first, opens the members' offers after it, and pays once, from a budget.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ORDERED: Final = (
    "it announces how much each is to work, and offers are opened when the work is done"
)
_MODELS: Final = "it pays in better and worse models, and a settlement pays in tokens"

#: Why each that cannot be settled cannot, by name.
UNSETTLED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "signed-stakes": "it charges harm to stakes, and the contracts slash a stake for proven "
        "faults alone",
        "data-market": "it sells the model for fees, and a settlement pays and charges nobody",
        "cremer-mclean": "it sells the model for fees, and a settlement pays and charges nobody",
        "robust-shapley": "it compares one update of each member, and members send one a round",
        "tullock": _ORDERED,
        "posted-price": _ORDERED,
        "local-accuracy": _ORDERED,
        "cycle-market": _ORDERED,
        "public-good": _ORDERED,
        "accuracy-shaping": _ORDERED,
        "rho-shapley": _MODELS,
        "cosine-shares": _MODELS,
        "peer-prediction": "it pays for reports of evaluators, and a run asks for none",
    }
)

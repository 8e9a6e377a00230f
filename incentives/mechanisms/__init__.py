"""Reward mechanisms: from what members bring and ask to what they are paid.

May import `apportionment`, `game`, `methods`, `offers`, `payments`, `valuation` and the ground.

There is no registry. :data:`MECHANISMS` is the list, in one place: a new mechanism is a
function under :func:`mechanism`, which says what it promises and needs, and an entry here.
Ineligible members get 0 from every one, and what nobody earns stays in the reserve.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.errors import RewardError, suggestion
from fedmerit.incentives.mechanisms.auctions import (
    online,
    pay_as_bid,
    proportional_share,
    reputation_price,
    uniform_price,
)
from fedmerit.incentives.mechanisms.bargaining import nash_bargaining
from fedmerit.incentives.mechanisms.copying import robust_shapley
from fedmerit.incentives.mechanisms.extraction import cremer_mclean
from fedmerit.incentives.mechanisms.goods import accuracy_shaping, public_good
from fedmerit.incentives.mechanisms.groves import pvcg, vcg
from fedmerit.incentives.mechanisms.instalments import fli
from fedmerit.incentives.mechanisms.menus import contract
from fedmerit.incentives.mechanisms.models import cosine_shares, rho_shapley
from fedmerit.incentives.mechanisms.peers import peer_prediction
from fedmerit.incentives.mechanisms.posted import cycle_market, local_accuracy, posted_price
from fedmerit.incentives.mechanisms.pricing import data_market
from fedmerit.incentives.mechanisms.properties import (
    MEANING,
    WHERE,
    Claim,
    Condition,
    Mechanism,
    Model,
    Need,
    Property,
    mechanism,
)
from fedmerit.incentives.mechanisms.proportional import confident, data_size, equal, proportional
from fedmerit.incentives.mechanisms.redistribution import fvcg
from fedmerit.incentives.mechanisms.scoring import first_score, second_score
from fedmerit.incentives.mechanisms.sensing import msensing
from fedmerit.incentives.mechanisms.sharing import (
    banzhaf,
    fair_value,
    individual,
    labour_union,
    shapley,
)
from fedmerit.incentives.mechanisms.stable import least_core, nucleolus
from fedmerit.incentives.mechanisms.staking import signed_stakes
from fedmerit.incentives.mechanisms.standing import reputation
from fedmerit.incentives.mechanisms.tullock import tullock
from fedmerit.incentives.mechanisms.unsettled import UNSETTLED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.incentives.payments import Outcome, RoundInput

__all__ = [
    "MEANING",
    "MEASURED",
    "MECHANISMS",
    "SETTLED",
    "UNSETTLED",
    "WHERE",
    "Claim",
    "Condition",
    "Mechanism",
    "Model",
    "Need",
    "Property",
    "mechanism",
    "reward",
]

#: Every mechanism, under the name that scenarios and the command line use; the first
#: line of each docstring says what it does.
MECHANISMS: Final[Mapping[str, Mechanism]] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            proportional,
            confident,
            equal,
            data_size,
            individual,
            labour_union,
            fair_value,
            shapley,
            banzhaf,
            least_core,
            nucleolus,
            nash_bargaining,
            robust_shapley,
            signed_stakes,
            reputation,
            fli,
            vcg,
            pvcg,
            fvcg,
            cremer_mclean,
            data_market,
            uniform_price,
            pay_as_bid,
            reputation_price,
            proportional_share,
            online,
            second_score,
            first_score,
            msensing,
            contract,
            tullock,
            posted_price,
            local_accuracy,
            cycle_market,
            public_good,
            accuracy_shaping,
            rho_shapley,
            cosine_shares,
            peer_prediction,
        )
    }
)

#: Those that decide by what every run measures.
MEASURED: Final[Mapping[str, Mechanism]] = MappingProxyType(
    {
        name: rule
        for name, rule in MECHANISMS.items()
        if rule.needs <= {Need.CONTRIBUTIONS, Need.ROWS}
    }
)

#: Those that a run can settle; a scenario may name one of these.
SETTLED: Final[Mapping[str, Mechanism]] = MappingProxyType(
    {name: rule for name, rule in MECHANISMS.items() if name not in UNSETTLED}
)


def reward(round_: RoundInput, *, mechanism: str) -> Outcome:
    """Run the mechanism of this name.

    Raises:
        RewardError: No mechanism has this name, or it refuses the round.
    """
    if mechanism not in MECHANISMS:
        raise RewardError(
            f"no mechanism is called {mechanism!r}", hint=suggestion(mechanism, MECHANISMS)
        )
    return MECHANISMS[mechanism](round_)

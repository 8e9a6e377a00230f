"""What would stop a run at a later stage, found out before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.stages.draw import check_agreement
from fedmerit.stages.noise import check_noise
from fedmerit.stages.offering import check_offers
from fedmerit.stages.parts import part_of
from fedmerit.stages.rehearsal import check_method

if TYPE_CHECKING:
    from fedmerit.scenario.model import Scenario
    from fedmerit.stages.chains import ChainChoice


def check(scenario: Scenario, chain: ChainChoice, *, accept_unmeasured_noise: bool = False) -> None:
    """Find out now what would otherwise stop the run at a later stage.

    Args:
        scenario: To be run.
        chain: Where it is to settle.
        accept_unmeasured_noise: Whether members may be paid by intervals that leave protective
            noise out.

    Raises:
        FedmeritError: The scenario cannot be run, or the chain or a key is not there.
    """
    check_noise(scenario, accepted=accept_unmeasured_noise)
    federation = part_of(scenario).check(scenario)
    check_method(scenario, federation.participants)
    check_offers(scenario, federation.declared_rows)
    check_agreement(scenario, federation, chain)

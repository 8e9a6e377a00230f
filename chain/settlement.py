"""Settle one period: from an order to money that every participant has claimed.

Every step asks the chain first and does only what is missing. A process that died can
therefore call :func:`settle` again with the deployment it was told of, and nothing is
opened, posted or paid twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.chain.journal import Journal, ignore
from fedmerit.chain.opening import establish
from fedmerit.chain.steps import Settlement

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.chain.journal import OnStep
    from fedmerit.chain.keys import Keyring
    from fedmerit.chain.node import Node
    from fedmerit.chain.order import Deployment, Order, Receipt


def settle(
    node: Node,
    order: Order,
    keys: Keyring,
    *,
    deployment: Deployment | None = None,
    on_deployed: Callable[[Deployment], None] = lambda _: None,
    on_step: OnStep = ignore,
) -> Receipt:
    """Do whatever of *order* the chain does not hold yet, and read it back.

    Args:
        node: The chain to settle on.
        order: What to settle.
        keys: Who signs for the sponsor, the coordinator and each participant.
        deployment: Where an earlier attempt got to; None deploys afresh.
        on_deployed: Called when the contracts are deployed, and again when the job is
            open. Keep what it is given: it is what a second attempt needs.
        on_step: Called with a step's name, how many of its transactions are done and of
            how many: when the step begins and after each. See ``STEPS``.

    Returns:
        The receipt, with what was read back from the chain.

    Raises:
        Reverted: A contract refused.
        ChainError: A key is missing, the chain holds something else than was sent, or
            the earlier attempt was at another order.

    """
    journal = Journal(on_step)
    site = establish(
        node, order, keys, deployment=deployment, on_deployed=on_deployed, journal=journal
    )
    settlement = Settlement(site, journal)
    settlement.fund()
    settlement.join()
    settlement.close()
    settlement.commit()
    settlement.report()
    settlement.finalise()
    settlement.claim()
    return settlement.check()

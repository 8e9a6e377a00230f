"""Settle one period of a job: draw its seed, then pay what was decided with it.

Every step asks the chain first and does only what is missing. So whatever happens, the
answer is to look again and go on: a process that died calls :func:`settle` again with the
deployment it was told of, and a chain that went away or took blocks back is asked anew.
Nothing is opened, posted or paid twice.

A job may have many periods, one after the other: each is settled with the deployment that the
one before told. Amounts are cumulative, so whoever claims after the last has everything.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, TypeVar

from fedmerit.chain.settlement.drawing import Drawing
from fedmerit.chain.settlement.journal import Journal, ignore
from fedmerit.chain.settlement.opening import establish
from fedmerit.chain.settlement.payment_steps import Settlement
from fedmerit.chain.settlement.preparation import Preparation
from fedmerit.errors import ChainError, ChainMoved, NodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.chain.keys import Keyring
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.settlement.journal import OnStep
    from fedmerit.chain.settlement.receipt import Deployment, Drawn, Receipt, Step
    from fedmerit.chain.settlement.request import JobTerms, SettlementRequest

    #: Told where the contracts are.
    Keep = Callable[[Deployment], None]

Result = TypeVar("Result")

log = logging.getLogger(__name__)

#: How often the chain is looked at again, with nothing mined in between, before we give up.
LOOKS: Final = 8
#: How long a node that went away may take to come back.
PATIENCE_SECONDS: Final = 60.0


def draw(
    node: Node,
    terms: JobTerms,
    keys: Keyring,
    *,
    deployment: Deployment | None = None,
    on_deployed: Callable[[Deployment], None] = lambda _: None,
    on_step: OnStep = ignore,
) -> Drawn:
    """Open a job on *terms*, and draw its seed; what is there is kept.

    Args:
        node: The chain to settle on.
        terms: What is laid down, and what the members are bound to.
        keys: Who signs for the sponsor, the coordinator and each participant.
        deployment: Where an earlier attempt got to; None deploys afresh.
        on_deployed: As for :func:`settle`.
        on_step: As for :func:`settle`.

    Returns:
        The seed, and who had a part in it.

    Raises:
        ChainError: As :func:`settle` does, or nobody is left to draw.

    """

    def attempt(journal: Journal, known: Deployment | None, keep: Keep) -> Drawn:
        site = establish(node, terms, keys, deployment=known, on_deployed=keep, journal=journal)
        _prepare(Preparation(site, journal))
        drawing = Drawing(site, journal)
        drawing.draw()
        journal.confirm(node)
        return drawing.result()

    return _persist(node, Journal(on_step), deployment, on_deployed, attempt)


def settle(
    node: Node,
    request: SettlementRequest,
    keys: Keyring,
    *,
    deployment: Deployment | None = None,
    on_deployed: Callable[[Deployment], None] = lambda _: None,
    on_step: OnStep = ignore,
    before: tuple[Step, ...] = (),
    pays: bool = True,
) -> Receipt:
    """Do whatever of *request* the chain does not hold yet, and read it back.

    Args:
        node: The chain to settle on.
        request: What to settle.
        keys: Who signs for the sponsor, the coordinator and each participant.
        deployment: Where an earlier attempt got to; None deploys afresh.
        on_deployed: Called when it is known where the contracts will be, before anything is
            deployed, and again when the job is open. Keep what it is given: it is what a
            second attempt needs.
        on_step: Called with a step's name, how many of its transactions are done and of
            how many: when the step begins and after each. See ``STEPS``.
        before: What was sent when the seed was drawn, for the receipt.
        pays: Whether the members claim and take their stakes back now. Not after a period
            that another is to follow: stakes bind until the last, and one claim pays all.

    Returns:
        The receipt, with what was read back from the chain.

    Raises:
        Reverted: A contract refused.
        InsufficientFunds: Somebody cannot pay for the gas; the step was not begun.
        NotMined: A transaction waits, whatever was offered for it.
        NodeError: The node went away for longer than :data:`PATIENCE_SECONDS`, or refuses.
        NoBlocks: The chain stands still.
        ChainMoved: The chain kept changing under us, or another process sends as we do.
        ChainError: A key is missing, the chain holds something else than was sent or drew
            another seed than was valued by, or the earlier attempt was at another request.

    """

    def attempt(journal: Journal, known: Deployment | None, keep: Keep) -> Receipt:
        site = establish(node, request, keys, deployment=known, on_deployed=keep, journal=journal)
        settlement = Settlement(site, journal)
        _prepare(settlement)
        Drawing(site, journal).draw()
        settlement.agree()
        settlement.report()
        settlement.finalise()
        if pays:
            settlement.claim()
            settlement.release()
        return settlement.check(paid=pays)

    return _persist(node, Journal(on_step, before), deployment, on_deployed, attempt)


def _prepare(preparation: Preparation) -> None:
    preparation.follow()
    preparation.fund()
    preparation.stake()
    preparation.join()
    preparation.close()
    preparation.commit()


def _persist(
    node: Node,
    journal: Journal,
    known: Deployment | None,
    on_deployed: Callable[[Deployment], None],
    attempt: Callable[[Journal, Deployment | None, Keep], Result],
) -> Result:
    """Make *attempt* until it comes through, or the request is at fault."""

    def keep(found: Deployment) -> None:
        nonlocal known
        known = found
        on_deployed(found)

    looks, furthest = 0, len(journal.steps)
    while True:
        try:
            return attempt(journal, known, keep)
        except ChainError as error:
            if not _passing(error, node, journal):
                raise
            # Whatever was mined meanwhile is progress, and a settlement may take days.
            looks = 1 if len(journal.steps) > furthest else looks + 1
            furthest = max(furthest, len(journal.steps))
            if looks >= LOOKS:
                raise
            log.info("%s: looking at the chain again", error)


def _passing(error: ChainError, node: Node, journal: Journal) -> bool:
    """Say whether looking again may help: the chain, and not the request, is at fault."""
    node.await_answer(PATIENCE_SECONDS)  # another chain may answer in its place
    lost = journal.look_again(node)
    return lost or isinstance(error, ChainMoved) or (isinstance(error, NodeError) and error.passing)

"""The draw of a settlement period's seed, by its members' own secrets.

Each binds itself to its updates and to a secret, then shows both; the seed depends on every
secret, so nobody can foresee it. Whoever does not show is expelled and loses its stake, and
the draw is repeated without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from eth_abi.abi import encode
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak

from fedmerit.chain.clients.rounds import EXPELLED, NOTHING, REVEALED, Revealed
from fedmerit.chain.settlement.receipt import Drawn
from fedmerit.errors import ChainError, Reverted

What = TypeVar("What")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fedmerit.chain.clients.rounds import Draw
    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.transaction import Mined
    from fedmerit.chain.settlement.journal import Journal
    from fedmerit.chain.settlement.opening import Site
    from fedmerit.chain.settlement.request import JobTerms

    #: Sends all that it is given about a job.
    Each = Callable[[int, Iterable[What]], Iterator[Mined]]

#: The settlement period of a run: the first, which covers the whole training.
PERIOD: Final = 1
#: How many are expelled in one transaction; each takes some 60,000 gas.
_AT_ONCE: Final = 100
#: A window closed meanwhile: what came too late is not sent again.
_OVER: Final = frozenset({"CommitOver", "RevealOver"})
#: Somebody else landed it before us.
_DONE: Final = frozenset({"AlreadyCommitted", "WrongReveal"})
_CONCLUDED: Final = frozenset({"NoDraw", "NothingWithheld", "RevealNotOver"})


def commitment(job: int, period: int, draw: int, shown: Revealed) -> bytes:
    """Give what an account commits to, as ``Rounds.hashCommitment`` does."""
    types = ("uint256", "uint256", "uint256", "address", "bytes32", "bytes32")
    return keccak(encode(types, (job, period, draw, *shown)))


def mixed_seed(
    job: int, period: int, draw: int, shown: Sequence[Revealed], history: bytes
) -> bytes:
    """Give the seed that a draw comes to, as ``Rounds.draw`` does.

    Args:
        job: The job's number.
        period: The settlement period.
        draw: The draw's number.
        shown: What every member of it revealed, in any order.
        history: The chained update roots.
    """
    mixed = 0
    for revealed in shown:
        part = keccak(encode(("address", "bytes32", "bytes32"), tuple(revealed)))
        mixed ^= int.from_bytes(part, "big")
    types = ("uint256", "uint256", "uint256", "bytes32", "bytes32")
    return keccak(encode(types, (job, period, draw, mixed.to_bytes(32, "big"), history)))


class Drawing:
    """The draw of one job, from the first commitment to the seed.

    Args:
        site: The agreement, its people and its job, whose update roots are committed.
        journal: Keeps what is sent.

    """

    def __init__(self, site: Site[JobTerms], journal: Journal) -> None:
        self._site = site
        self._node = site.node
        self._rounds = site.contracts.rounds
        self._job = site.job
        self._period = site.order.period
        self._journal = journal

    def draw(self) -> None:
        """Draw until there is a seed, whatever of it the chain holds already.

        Raises:
            ChainError: Everybody has lost its stake, so nobody is left to draw.

        """
        while self._site.order.draws and not any(self._rounds.seed(self._job, self._period)):
            self._bind(self._begun())
            self._reveal(self._rounds.draw_of(self._job))
            self._conclude(self._rounds.draw_of(self._job))

    def _begun(self) -> Draw:
        """Begin a draw, unless one is under way that can still end."""
        last = self._rounds.draw_of(self._job)
        missed = not last.committed and self._node.now() >= last.commit_deadline
        if last.commit_deadline and not missed:
            return last
        if not any(map(self._bonded, self._site.cast.members)):
            raise ChainError(
                "every member has lost its stake, so nobody is left to draw a seed",
                hint="Start another run; the sponsor has its budget back at the job's end.",
            )
        self._journal.begin("bind", 1)
        signer = self._site.cast.coordinator
        self._journal.record(self._rounds.begin(self._job, signer=signer))
        return self._rounds.draw_of(self._job)

    def _bind(self, draw: Draw) -> None:
        """Let every member commit that may and has not."""

        def due() -> list[tuple[bytes, Signer]]:
            return [
                (
                    commitment(self._job, self._period, draw.number, self._secret(place, draw)),
                    member,
                )
                for place, member in enumerate(self._site.cast.members)
                if self._may_bind(member, draw)
            ]

        self._send("bind", due, self._rounds.bind_each, draw.commit_deadline)
        self._node.wait_until(draw.commit_deadline)

    def _may_bind(self, member: Signer, draw: Draw) -> bool:
        spoke = not draw.repeated or self._state(member, draw.number - 1) == REVEALED
        return spoke and self._state(member, draw.number) == NOTHING and self._bonded(member)

    def _reveal(self, draw: Draw) -> None:
        """Show what every member committed to that means to."""
        silent = self._site.order.silent

        def due() -> list[tuple[Revealed, Signer]]:
            return [
                (self._secret(place, draw), member)
                for place, member in enumerate(self._site.cast.members)
                if member.role not in silent
                and self._state(member, draw.number) not in {NOTHING, REVEALED, EXPELLED}
            ]

        self._send("reveal", due, self._rounds.reveal_each, draw.reveal_deadline)
        if draw.committed:
            self._node.wait_until(draw.reveal_deadline)

    def _send(
        self, step: str, due: Callable[[], list[What]], each: Each[What], deadline: int
    ) -> None:
        """Send what is *due* before *deadline*; what somebody else landed first is done.

        Anyone may reveal for a member whose reveal it saw waiting, and a copy of what was
        signed may be mined first. Each time one is, there is less to do, so this ends.
        """
        waits = due()
        while True:
            open_ = self._node.now() < deadline
            self._journal.begin(step, len(waits) if open_ else 0)
            try:
                for mined in each(self._job, waits if open_ else ()):
                    self._journal.record(mined)
            except Reverted as error:
                if error.error in _OVER:
                    return
                self._node.await_pending([member.address for member in self._site.cast.members])
                before, waits = waits, due()
                if error.error not in _DONE or len(waits) >= len(before):
                    raise
            else:
                return

    def _conclude(self, draw: Draw) -> None:
        """Expel who kept its secret, and end the draw."""
        settled = {NOTHING, REVEALED, EXPELLED}
        withheld = [
            m.address for m in self._site.cast.members if self._state(m, draw.number) not in settled
        ]
        ends = draw.committed > 0
        chunks = [withheld[at : at + _AT_ONCE] for at in range(0, len(withheld), _AT_ONCE)]
        self._journal.begin("draw", len(chunks) + ends)
        signer = self._site.cast.coordinator
        try:
            for chunk in chunks:
                self._journal.record(self._rounds.expel(self._job, chunk, signer=signer))
            if ends:
                self._journal.record(self._rounds.draw(self._job, signer=signer))
        except Reverted as error:  # anyone may do either: then look again
            if error.error not in _CONCLUDED:
                raise

    def _secret(self, place: int, draw: Draw) -> Revealed:
        """Give what the member at *place* shows in *draw*, the same however often asked.

        Its salt is the digest of a signature (RFC 6979): only its key gives it, and nothing
        has to be written down for a process that dies.
        """
        member = self._site.cast.members[place]
        where = f"chain {self._node.chain_id}, Rounds {self._rounds.address}"
        about = f"job {self._job}, round {self._period}, draw {draw.number}"
        signed = member.sign(encode_defunct(text=f"fedmerit salt: {where}, {about}"))
        return Revealed(member.address, self._site.order.updates[place], keccak(signed))

    def _state(self, member: Signer, draw: int) -> bytes:
        return self._rounds.commitment_of(self._job, draw, member.address)

    def _bonded(self, member: Signer) -> bool:
        return self._site.contracts.stakes.active(self._job, member.address)

    def result(self) -> Drawn:
        """Read back what the draw came to."""
        site, first = self._site, self._site.deployment.block
        names = dict(zip(site.accounts, site.order.participants, strict=True))
        draws = self._rounds.draw_of(self._job).number
        shown = self._rounds.revealed(self._job, draws, first_block=first)
        taken = site.contracts.stakes.slashed(self._job, first_block=first)
        return Drawn(
            chain_id=self._node.chain_id,
            job=self._job,
            seed=f"0x{self._rounds.seed(self._job, self._period).hex()}",
            draws=draws,
            revealed={names[one.account]: f"0x{one.digest.hex()}" for one in shown},
            slashed={names[account]: amount for account, amount in taken.items()},
            transactions=tuple(self._journal.steps),
        )

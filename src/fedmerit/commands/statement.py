"""One job's ledger, or a list of jobs, in the forms that ``fedmerit ledger`` shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from fedmerit.report.units import exact_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.chain import Ledger
    from fedmerit.chain.ledger.discovery import OpenedJob

_MONEY: Final = ("funded", "allocated", "paid", "refunded", "reserve")
_JOB: Final = ("job", "sponsor", "committee", "threshold", "root", *_MONEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One job's ledger, and what its accounts are called.

    Attributes:
        ledger: The job as the chain tells it.
        names: Role or participant's name by address; empty without a bundle.
    """

    ledger: Ledger
    names: Mapping[str, str]

    def called(self, address: str) -> str:
        """Give the name of *address*, or the address where it has none."""
        contracts = {at: name for name, at in self.ledger.addresses.items()}
        return self.names.get(address) or contracts.get(address) or address

    def as_json(self) -> dict[str, object]:
        """Give everything for a program; large numbers as decimal strings."""
        plain = json.loads(self.ledger.to_json())
        return {
            "chain_id": plain["chain_id"],
            "job": {key: plain[key] for key in _JOB},
            "contracts": plain["addresses"],
            "participants": [
                {
                    "index": index,
                    "name": self.names.get(account),
                    "account": account,
                    "claimed": plain["claimed"][index],
                    "balance": plain["balances"][account],
                }
                for index, account in enumerate(plain["members"])
            ],
            "rounds": list(self.rounds()),
            "balances": plain["balances"],
            "reports": plain["reports"],
            "events": plain["events"],
            "transactions": plain["transactions"],
            "gas": {"total": sum(self.gas().values()), "by_step": self.gas()},
        }

    def tables(self) -> dict[str, list[dict[str, str]]]:
        """Give everything for reading: rows by column, under a title each."""
        ledger = self.ledger
        return {
            f"Job {ledger.job} on chain {ledger.chain_id}": [
                {"What": name.capitalize(), "Tokens": exact_tokens(getattr(ledger, name))}
                for name in _MONEY
            ],
            "Contracts": [
                {"Contract": name, "Address": at} for name, at in ledger.addresses.items()
            ],
            "Participants": [
                {
                    "Index": str(index),
                    "Participant": self.called(account),
                    "Account": account,
                    "Claimed (tokens)": exact_tokens(ledger.claimed[index]),
                }
                for index, account in enumerate(ledger.members)
            ],
            "Rounds": [
                {"Round": f"{r['kind']} {r['number']}", "Events": ", ".join(r["events"])}
                for r in self.rounds()
            ],
            "Events": [
                {
                    "Block": str(event.block),
                    "Time (UTC)": _clock(event.timestamp),
                    "Event": f"{event.contract}.{event.name}",
                    "Arguments": self._written(event.arguments),
                }
                for event in ledger.events
            ],
            "Balances": [
                {"Account": self.called(account), "Tokens": exact_tokens(held)}
                for account, held in ledger.balances.items()
            ],
            "Gas": [
                {"Step": step, "Gas": f"{used:,}"}
                for step, used in [*self.gas().items(), ("total", sum(self.gas().values()))]
            ],
        }

    def _written(self, value: object) -> str:
        if isinstance(value, Mapping):
            return ", ".join(f"{key} {self._written(item)}" for key, item in value.items())
        if isinstance(value, list):
            return f"[{', '.join(map(self._written, value))}]"
        return self.called(str(value))

    def rounds(self) -> Iterator[dict[str, Any]]:
        """Give what happened in each round, of whichever kind an event's argument names.

        ``trainingRound`` counts exchanges of models, ``round`` settlement periods.
        """
        found: dict[tuple[str, int], list[str]] = {}
        for event in self.ledger.events:
            for argument, value in event.arguments.items():
                if argument.lower().endswith("round") and isinstance(value, int):
                    happened = found.setdefault((argument, value), [])
                    happened.append(f"{event.contract}.{event.name}")
        for (kind, number), events in sorted(found.items(), key=lambda item: item[0]):
            yield {"kind": kind, "number": number, "events": events}

    def gas(self) -> dict[str, int]:
        """Give the gas that the transactions of each step used, in order."""
        used: dict[str, int] = {}
        for step in self.ledger.transactions:
            used[step.step] = used.get(step.step, 0) + step.gas
        return used


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    """The jobs on a chain.

    Attributes:
        chain_id: The chain's number.
        jobs: In the order in which they were opened.
        first_block: Where the search began: earlier ones are not among them.
    """

    chain_id: int
    jobs: tuple[OpenedJob, ...]
    first_block: int = 0

    def as_json(self) -> dict[str, object]:
        """Give everything for a program; large numbers as decimal strings."""
        return {
            "chain_id": self.chain_id,
            "from_block": self.first_block,
            "jobs": [
                {
                    "job": found.job,
                    "registry": found.registry,
                    "sponsor": found.sponsor,
                    "block": found.block,
                    "round_budget": str(found.terms["roundBudget"]),
                }
                for found in self.jobs
            ],
        }

    def tables(self) -> dict[str, list[dict[str, str]]]:
        """Give everything for reading: rows by column, under a title."""
        rows = [
            {
                "Job": str(found.job),
                "Registry": found.registry,
                "Sponsor": found.sponsor,
                "Block": str(found.block),
                "Budget (tokens)": exact_tokens(found.terms["roundBudget"]),
            }
            for found in self.jobs
        ]
        since = f", opened from block {self.first_block} on" if self.first_block else ""
        return {f"Jobs on chain {self.chain_id}{since}": rows}


def _clock(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"

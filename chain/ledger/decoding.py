"""Any event of any of our contracts, decoded by the compiled ABIs alone.

Nothing here knows an event by name: one that a contract gains is decoded from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from eth_utils.abi import abi_to_signature, event_abi_to_log_topic
from web3 import Web3

from fedmerit.contracts import artifact

if TYPE_CHECKING:
    from eth_typing import ABIEvent
    from web3.contract.contract import ContractEvent
    from web3.types import LogReceipt


def event(contract: str, log: LogReceipt) -> tuple[str, dict[str, Any]] | None:
    """Give the name and the arguments of an event of *contract*; None if it has none such.

    Arguments are integers, booleans, strings, lists and dicts; bytes become hex strings. Any
    contract may write a log that begins like one of ours and goes on otherwise: that is none.
    """
    topic = bytes(log["topics"][0]) if log["topics"] else b""
    if (decoder := _events(contract).get(topic)) is None:
        return None
    try:
        arguments = decoder.process_log(log)["args"]
    except Exception:  # noqa: BLE001 - web3 and its decoders have a dozen for it
        return None
    return decoder.event_name, {str(key): _plain(value) for key, value in arguments.items()}


@cache
def _events(contract: str) -> Mapping[bytes, ContractEvent]:
    """Give what decodes each event of *contract*, by its first topic."""
    abi = artifact(contract).abi
    events = Web3().eth.contract(abi=list(abi)).events
    entries = [cast("ABIEvent", entry) for entry in abi if entry["type"] == "event"]
    # By signature, not by name: a contract may have two events of one name.
    return {event_abi_to_log_topic(e): events[abi_to_signature(e)]() for e in entries}


def _plain(value: object) -> object:
    """Make what web3 decodes into integers, booleans, strings, lists and dicts."""
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value

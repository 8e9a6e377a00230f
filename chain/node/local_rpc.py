"""The embedded chain's side of JSON-RPC: what a node answers, without a connection.

Methods, parameters and answers are those of Ethereum's execution API, in hex as on the wire;
so the same client code reads the embedded chain and a node far away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eth_typing import Address
from eth_utils.address import to_checksum_address
from web3.providers import BaseProvider

from fedmerit.chain.node.endpoint import EMBEDDED_CHAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from web3.types import RPCEndpoint, RPCResponse

    from fedmerit.chain.node.engine import Block, Engine

    Answer = Callable[..., Any]

#: Error codes of nodes: a call that reverted, and a method that is not known.
REVERTED: Final = 3
UNKNOWN_METHOD: Final = -32601


class LocalProvider(BaseProvider):
    """Answers from *engine* what web3 asks."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        # By transaction: what was mined never changes.
        self._receipts: dict[bytes, dict[str, Any]] = {}
        self._methods: dict[str, Answer] = {
            "eth_chainId": lambda: hex(EMBEDDED_CHAIN),
            "eth_blockNumber": lambda: hex(self._latest),
            "eth_call": self._call,
            "eth_getBalance": self._balance,
            "eth_getBlockByNumber": self._block,
            "eth_getCode": self._code,
            "eth_getLogs": lambda wanted: list(self._logs(wanted)),
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionCount": self._count,
            "eth_getTransactionReceipt": self._receipt,
            "eth_sendRawTransaction": self._send,
        }

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:  # noqa: ANN401 - web3's
        """Answer one request; what the EVM does not take raises what py-evm raises."""
        answer = self._methods.get(method)
        if answer is None:
            return _refused(UNKNOWN_METHOD, f"the embedded chain does not know {method}")
        try:
            return {"jsonrpc": "2.0", "id": 0, "result": answer(*params)}
        except _Revert as error:
            return _refused(REVERTED, "execution reverted", _hex(error.data))

    @property
    def _latest(self) -> int:
        return len(self._engine.blocks) - 1

    def _number(self, block: str | int) -> int:
        """Read a block's number, or its name: every transaction is mined, so none is pending."""
        if isinstance(block, str) and not block.startswith("0x"):
            return 0 if block == "earliest" else self._latest
        return block if isinstance(block, int) else int(block, 16)

    # -- accounts and calls

    def _balance(self, address: str, block: str | int) -> str:
        return hex(self._engine.state(self._number(block)).get_balance(_address(address)))

    def _code(self, address: str, block: str | int) -> str:
        return _hex(self._engine.state(self._number(block)).get_code(_address(address)))

    def _count(self, address: str, block: str | int) -> str:
        return hex(self._engine.state(self._number(block)).get_nonce(_address(address)))

    def _call(self, call: Mapping[str, Any], block: str | int = "latest") -> str:
        done = self._engine.call(
            sender=_address(call.get("from", "0x" + "00" * 20)),
            to=_address(call.get("to") or "0x"),
            data=bytes.fromhex(str(call.get("data", "0x"))[2:]),
            value=_integer(call.get("value", 0)),
            number=self._number(block),
        )
        if done.is_error:
            raise _Revert(bytes(done.output))
        return _hex(done.output)

    def _send(self, raw: str) -> str:
        mined = self._engine.mine(bytes.fromhex(raw[2:])).transaction
        return _hex(mined.hash) if mined is not None else ""

    # -- what was mined

    def _block(self, block: str | int, full: bool = False) -> dict[str, Any] | None:  # noqa: FBT002, ARG002 - the API's
        number = self._number(block)
        if not 0 <= number <= self._latest:
            return None
        found = self._engine.blocks[number]
        header = found.header
        sent = found.transaction
        return {
            "number": hex(number),
            "hash": _hex(header.hash),
            "parentHash": _hex(header.parent_hash),
            "timestamp": hex(header.timestamp),
            "baseFeePerGas": hex(header.base_fee_per_gas or 0),
            "gasLimit": hex(header.gas_limit),
            "gasUsed": hex(header.gas_used),
            "miner": to_checksum_address(header.coinbase),
            "mixHash": _hex(header.mix_hash),
            "stateRoot": _hex(header.state_root),
            "transactions": [] if sent is None else [_hex(sent.hash)],
        }

    def _transaction(self, sent: str | bytes) -> dict[str, Any] | None:
        found = self._engine.find(_bytes(sent))
        if found is None or found.transaction is None:
            return None
        transaction: Any = found.transaction
        return _place(found) | {
            "type": hex(getattr(transaction, "type_id", None) or 0),
            "hash": _hex(transaction.hash),
            "nonce": hex(transaction.nonce),
            "from": to_checksum_address(found.sender or b""),
            "to": to_checksum_address(transaction.to) if transaction.to else None,
            "value": hex(transaction.value),
            "gas": hex(transaction.gas),
            "input": _hex(transaction.data),
        }

    def _receipt(self, sent: str | bytes) -> dict[str, Any] | None:
        key = _bytes(sent)
        if key not in self._receipts:
            found = self._engine.find(key)
            if found is None or found.transaction is None or found.receipt is None:
                return None
            self._receipts[key] = _receipt(found)
        return self._receipts[key]

    def _logs(self, wanted: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        first = self._number(wanted.get("fromBlock", "latest"))
        last = self._number(wanted.get("toBlock", "latest"))
        asked = wanted.get("address", [])
        addresses = set(map(_text, asked if isinstance(asked, list | tuple) else [asked]))
        topics = wanted.get("topics") or []
        for block in self._engine.blocks[first : last + 1]:
            if not block.logs or block.transaction is None:
                continue
            for log in (self._receipt(block.transaction.hash) or {})["logs"]:
                right_place = not addresses or log["address"].lower() in addresses
                if right_place and _matches(log["topics"], topics):
                    yield log


class _Revert(Exception):
    """A call that the contract refused."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


def _receipt(found: Block) -> dict[str, Any]:
    place = _place(found)
    transaction, receipt = found.transaction, found.receipt
    if transaction is None or receipt is None:
        raise AssertionError(found)
    gas = hex(receipt.gas_used)
    return place | {
        "transactionHash": _hex(transaction.hash),
        "from": to_checksum_address(found.sender or b""),
        "to": to_checksum_address(transaction.to) if transaction.to else None,
        "contractAddress": to_checksum_address(found.contract) if found.contract else None,
        "status": hex(int.from_bytes(receipt.state_root)),
        "gasUsed": gas,
        "cumulativeGasUsed": gas,
        "logs": [
            place
            | {
                "transactionHash": _hex(transaction.hash),
                "logIndex": hex(index),
                "address": to_checksum_address(log.address),
                "data": _hex(log.data),
                "topics": [f"0x{topic:064x}" for topic in log.topics],
                "removed": False,
            }
            for index, log in enumerate(receipt.logs)
        ],
    }


def _place(found: Block) -> dict[str, Any]:
    header = found.header
    return {
        "blockHash": _hex(header.hash),
        "blockNumber": hex(header.block_number),
        "transactionIndex": "0x0",
    }


def _matches(topics: list[str], wanted: list[Any]) -> bool:
    """Say whether a log's *topics* are the *wanted*: None is any, a list is any of its own."""
    if len(wanted) > len(topics):
        return False
    for topic, one in zip(topics, wanted, strict=False):
        among = one if isinstance(one, list | tuple) else [one]
        if one is not None and topic not in map(_text, among):
            return False
    return True


def _refused(code: int, message: str, data: str = "") -> RPCResponse:
    error: Any = {"code": code, "message": message} | ({"data": data} if data else {})
    return {"jsonrpc": "2.0", "id": 0, "error": error}


def _address(text: str) -> Address:
    return Address(bytes.fromhex(text[2:]))


def _bytes(value: str | bytes) -> bytes:
    return bytes.fromhex(value[2:]) if isinstance(value, str) else bytes(value)


def _text(value: str | bytes) -> str:
    """Give what would stand on the wire, where there would be one."""
    return value.lower() if isinstance(value, str) else _hex(value)


def _hex(value: bytes) -> str:
    return f"0x{bytes(value).hex()}"


def _integer(value: str | int) -> int:
    return int(value, 16) if isinstance(value, str) else value

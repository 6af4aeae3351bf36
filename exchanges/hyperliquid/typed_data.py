"""The EIP-712 message that stands for an action: a phantom agent.

The domain is always chain 1337 and names no contract; main and test network differ in the
agent's ``source`` only. Source: Hyperliquid's Python SDK, ``utils/signing.py``; EIP-712.
"""

from __future__ import annotations

from exchanges.hyperliquid.keccak import keccak256

_DOMAIN_TYPE = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_AGENT_TYPE = keccak256(b"Agent(string source,bytes32 connectionId)")
_NO_CONTRACT = bytes(32)

DOMAIN_SEPARATOR = keccak256(
    _DOMAIN_TYPE
    + keccak256(b"Exchange")
    + keccak256(b"1")
    + (1337).to_bytes(32, "big")
    + _NO_CONTRACT
)

# What does not depend on the action is hashed once.
_PREFIX = b"\x19\x01" + DOMAIN_SEPARATOR
_MAIN = _AGENT_TYPE + keccak256(b"a")
_TEST = _AGENT_TYPE + keccak256(b"b")


def agent_digest(connection_id: bytes, *, is_mainnet: bool) -> bytes:
    """The 32 bytes that are signed for the action whose hash is ``connection_id``."""
    agent = keccak256((_MAIN if is_mainnet else _TEST) + connection_id)
    return keccak256(_PREFIX + agent)

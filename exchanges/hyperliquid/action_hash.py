"""The hash under the signature of an action.

MessagePack of the action with its keys in the order they are sent, the nonce as 8 bytes, a mark
for the vault and its address, and, only where the action expires, a zero byte and that time as 8
bytes. Source: Hyperliquid's Python SDK, ``utils/signing.py``.

The venue packs what it parsed, so another key order, another number type or a closing zero gives
another hash, and with it a signature of somebody else.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgpack  # type: ignore[import-untyped]

from exchanges.hyperliquid.address import parse_address
from exchanges.hyperliquid.keccak import keccak256

Action = Mapping[str, object]
"""An action as it stands in the JSON: text, whole numbers, booleans, null, lists and objects."""


def action_bytes(
    action: Action, nonce: int, *, vault: str | None = None, expires_after: int | None = None
) -> bytes:
    """What is hashed. Raises as :func:`action_hash` does."""
    try:
        _check(action)
        parts = [msgpack.packb(action), nonce.to_bytes(8, "big")]
        parts.append(b"\x00" if vault is None else b"\x01" + parse_address(vault))
        if expires_after is not None:
            parts.append(b"\x00" + expires_after.to_bytes(8, "big"))
    except (TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"action: {error}") from None
    return b"".join(parts)


def action_hash(
    action: Action, nonce: int, *, vault: str | None = None, expires_after: int | None = None
) -> bytes:
    """32 bytes, the ``connectionId`` of what is signed.

    Args:
        action: Its keys in the order they are sent.
        nonce: Milliseconds since 1970.
        vault: The address traded for, when it is not the signer's own account.
        expires_after: Milliseconds since 1970 after which the venue refuses the action.

    Raises:
        ValueError: the action holds what no action can hold (a fraction among it: those are text),
            a time does not fit into 8 bytes, or ``vault`` is no address.
    """
    return keccak256(action_bytes(action, nonce, vault=vault, expires_after=expires_after))


def _check(value: object) -> None:
    """Raises TypeError for what :data:`Action` does not name."""
    match value:
        case None | bool() | int() | str():
            return
        case list():
            for item in value:
                _check(item)
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise TypeError("expected keys as text")
                _check(item)
        case _:
            raise TypeError(f"cannot sign a {type(value).__name__}")

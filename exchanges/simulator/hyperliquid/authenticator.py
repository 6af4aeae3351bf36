"""Who sent an action: the wallet that its signature is recovered to."""

from __future__ import annotations

from dataclasses import dataclass

from exchanges.hyperliquid.signing import Signature, recover_signer
from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.actions import (
    Action,
    Fields,
    address_of,
    json_integer,
    json_object,
    parse_action,
)
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.refusal import ActionRefused, Malformed


@dataclass(frozen=True, slots=True)
class Admitted:
    """An action of somebody who may send it, unless it comes too late."""

    account: VenueAccount
    action: Action
    is_expired: bool


class Authenticator:
    """Reads and admits bodies of ``POST /exchange``."""

    def __init__(self, engine: HyperliquidEngine, *, is_mainnet: bool) -> None:
        self._engine = engine
        self._is_mainnet = is_mainnet

    def admit(self, body: object) -> Admitted:
        """Uses up the nonce. Raises Malformed, and ActionRefused for a vault, an unknown signer
        and a nonce that may not be used, in this order."""
        fields = json_object(body)
        action, nonce = parse_action(fields.get("action")), json_integer(fields.get("nonce"))
        signature = _signature(json_object(fields.get("signature")))
        expires = fields.get("expiresAfter")
        expires_ms = None if expires is None else json_integer(expires)
        if fields.get("vaultAddress") is not None:
            vault = address_of(fields["vaultAddress"])
            raise ActionRefused(f"Vault not registered: {vault}")
        signer = self._signer(action, nonce, signature, expires_ms)
        account = self._engine.account_of_signer(signer)
        now_ms = self._engine.now_ms()
        self._engine.nonces.use(signer, nonce, now_ms)
        self._engine.changes += 1
        return Admitted(account, action, expires_ms is not None and expires_ms < now_ms)

    def _signer(
        self, action: Action, nonce: int, signature: Signature, expires_ms: int | None
    ) -> str:
        try:
            return recover_signer(
                action.wire(),
                nonce,
                signature,
                expires_after=expires_ms,
                is_mainnet=self._is_mainnet,
            )
        except ValueError:
            raise ActionRefused("Unable to recover signer.") from None


def _signature(fields: Fields) -> Signature:
    try:
        return Signature.parse(fields.get("r"), fields.get("s"), fields.get("v"))
    except ValueError:
        raise Malformed from None

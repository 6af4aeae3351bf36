"""Who speaks on a connection of the WebSocket API.

Binance docs, USDⓈ-M WebSocket API: each request may carry ``apiKey`` and ``signature`` over its
parameters sorted by name, or the connection is signed in once with ``session.logon``, which takes
Ed25519 keys only; afterwards requests carry the timestamp alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.public_key import is_ed25519
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.signature import check_timely, is_signed


class SignIn:
    """One connection's."""

    def __init__(self, engine: BinanceEngine, connected_ms: int) -> None:
        self._engine = engine
        self._connected_ms = connected_ms
        self._account: VenueAccount | None = None
        self._since_ms: int | None = None

    def caller(self, params: Mapping[str, str], *, signed: bool) -> VenueAccount:
        """Whose request it is. Refused with -1102, -1021, -1022, -2014, -2015."""
        if "apiKey" not in params and "signature" not in params and self._account is not None:
            if signed:
                check_timely(params, self._engine.now_ms())
            return self._account
        account = self._known(params)
        if signed:
            self._check(params, account)
        return account

    def log_on(self, params: Mapping[str, str]) -> None:
        """Refused like any signed request, and with -1022 for a key that is not Ed25519."""
        account = self._known(params)
        self._check(params, account)
        if not is_ed25519(account.secret or ""):
            raise Refused(-1022)
        self._account, self._since_ms = account, self._engine.now_ms()

    def log_out(self) -> None:
        self._account = self._since_ms = None

    def status(self, *, return_rate_limits: bool) -> dict[str, Any]:
        """The result of session.logon, session.status and session.logout."""
        return {
            "apiKey": None if self._account is None else self._account.key,
            "authorizedSince": self._since_ms,
            "connectedSince": self._connected_ms,
            "returnRateLimits": return_rate_limits,
            "serverTime": self._engine.now_ms(),
            "userDataStream": False,
        }

    def _known(self, params: Mapping[str, str]) -> VenueAccount:
        if not params.get("apiKey"):
            raise Refused(-1102, "apiKey")
        account = self._engine.account(params["apiKey"])
        if account.secret is None:
            raise Refused(-2015)
        return account

    def _check(self, params: Mapping[str, str], account: VenueAccount) -> None:
        check_timely(params, self._engine.now_ms())
        if not params.get("signature"):
            raise Refused(-1102, "signature")
        if not is_signed(signed_text(params).encode(), params["signature"], account.secret or ""):
            raise Refused(-1022)


def signed_text(params: Mapping[str, str]) -> str:
    """What is signed: all parameters but the signature, sorted by name."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")

"""The user data stream of one listen key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.events import (
    AccountChanged,
    AlgoChanged,
    Event,
    Filled,
    LeverageChanged,
    OrderChanged,
)
from exchanges.simulator.binance.listen_keys import Fate
from exchanges.simulator.binance.streams import user_payloads
from exchanges.simulator.binance.streams.margin_watch import MarginWatch

EmitEvent = Callable[[str, Any], None]
"""Takes the event's name and its payload."""


class UserFeed:
    """Events of the account whose living key it is. A key that is none is taken in silence, as
    the venue does; one that ends by age says so, and then nothing more."""

    interval_s = 0.25

    def __init__(
        self,
        engine: BinanceEngine,
        listen_key: str,
        emit: EmitEvent,
        hang_up: Callable[[], None],
        *,
        only: frozenset[str] | None = None,
    ) -> None:
        """``only``: names of the events that are wanted (None: all). ``hang_up`` is called when
        the key is deleted."""
        self._engine = engine
        self._listen_key = listen_key
        self._emit = emit
        self._hang_up = hang_up
        self._only = only
        self._fate = engine.listen_keys.fate(listen_key)
        self._margin = MarginWatch(engine)
        self.close = engine.events.subscribe(self._happened)

    def poll(self) -> None:
        self._engine.advance()
        before, self._fate = self._fate, self._engine.listen_keys.fate(self._listen_key)
        if before is Fate.ALIVE and self._fate is Fate.EXPIRED:
            expired = user_payloads.listen_key_expired(self._engine, self._listen_key)
            self._emit("listenKeyExpired", expired)
        elif before is Fate.ALIVE and self._fate is Fate.UNKNOWN:
            self._hang_up()
        account = self._account()
        if account is not None and (called := self._margin.look(account)):
            payload = user_payloads.margin_call(self._engine, account, called)
            self._pass("MARGIN_CALL", payload)

    def _account(self) -> VenueAccount | None:
        key = self._engine.listen_keys.owner(self._listen_key)
        return None if key is None else self._engine.account(key)

    def _happened(self, event: Event) -> None:
        engine = self._engine
        match event:
            case Filled() if self._is_mine(event.account):
                self._pass("TRADE_LITE", user_payloads.trade_lite(engine, event))
            case OrderChanged() if self._is_mine(event.account):
                self._pass("ORDER_TRADE_UPDATE", user_payloads.order_trade_update(engine, event))
            case AccountChanged() if self._is_mine(event.account):
                self._pass("ACCOUNT_UPDATE", user_payloads.account_update(engine, event))
            case LeverageChanged() if self._is_mine(event.account):
                changed = user_payloads.account_config_update(engine, event)
                self._pass("ACCOUNT_CONFIG_UPDATE", changed)
            case AlgoChanged() if self._is_mine(event.account):
                payload = user_payloads.algo_update(engine, event.order, event.time_ms)
                self._pass("ALGO_UPDATE", payload)

    def _is_mine(self, account: VenueAccount) -> bool:
        return self._engine.listen_keys.owner(self._listen_key) == account.key

    def _pass(self, name: str, payload: Any) -> None:
        if self._only is None or name in self._only:
            self._emit(name, payload)

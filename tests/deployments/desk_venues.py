"""The simulated venues of a running desk: what they show, and what goes wrong at them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from deployments.paper_accounts import paper_accounts
from exchanges.instrument import Venue

OPEN = ("wait", "NEW", "PARTIALLY_FILLED")
"""Words of the venues for an order that has not ended."""


class DeskVenues:
    """Through their control, at ``control``; ``home`` is the desk's."""

    def __init__(self, home: Path, control: str, http: httpx.Client) -> None:
        self._home = home
        self._control = control
        self._http = http

    def refuse_perpetual_orders(self, times: int) -> None:
        self._fault("binance", "POST /fapi/v1/order", "reject", times=times)

    def leave_spot_order_open(self, filled: str) -> None:
        """The next one rests at Upbit when it has traded that share of its size."""
        self._fault("upbit", "POST /v1/orders", "partial", fraction=filled, rests=True)

    def hide_spot_orders(self) -> None:
        """The desk hears nothing more of what became of one."""
        self._fault("upbit", "GET /v1/order", "reject", times=10_000, code="order_not_found")

    def hide_transfers(self) -> None:
        """The key may no longer see Upbit's lists of what was moved."""
        for path in ("deposits", "withdraws"):
            self._fault("upbit", f"GET /v1/{path}", "reject", times=10_000, code="out_of_scope")

    def clear_faults(self) -> None:
        self._http.delete(f"{self._control}/faults").raise_for_status()

    def move_coin(self, amount: str) -> None:
        """A hand moves coin into the account at Upbit; a negative amount leaves it."""
        account = paper_accounts(self._home / "keys").credentials[Venue.UPBIT].access_key
        body = {"venue": "upbit", "account": account, "currency": "BTC", "amount": amount}
        self._http.post(f"{self._control}/transfer", json=body).raise_for_status()

    def orders(self) -> list[dict[str, Any]]:
        """Of the desk's accounts, the latest at each venue, as the venues have them."""
        return [order for account in self._accounts().values() for order in account["orders"]]

    def open_orders(self) -> list[str]:
        """Client order ids of those that rest."""
        orders = self.orders()
        return [order["client_order_id"] for order in orders if order["status"] in OPEN]

    def held(self) -> tuple[Decimal, Decimal]:
        """Coin at Upbit and position at Binance, as the venues have them."""
        accounts = self._accounts()
        coin = accounts["upbit"]["balances"].get("BTC", {"total": "0"})["total"]
        positions = accounts["binance"]["positions"]
        return Decimal(coin), sum((Decimal(it["quantity"]) for it in positions), Decimal(0))

    def raise_upbit_price(self, percent: int) -> None:
        """From now on the coin stands there, whatever the replay says."""
        before = self._venues()["market"]["quotes"]["upbit"]["KRW-BTC"]
        bid = Decimal(before["bid"]) * (100 + percent) // 100_000 * 1_000  # on the tick
        quote = {"bid": str(bid), "ask": str(bid + 1_000), "size": "5"}
        body = {"upbit": {"KRW-BTC": quote}}
        self._http.put(f"{self._control}/market", json=body).raise_for_status()

    def _fault(self, venue: str, endpoint: str, kind: str, times: int = 1, **args: object) -> None:
        fault = {"venue": venue, "endpoint": endpoint, "kind": kind, "times": times, "args": args}
        self._http.post(f"{self._control}/faults", json=fault).raise_for_status()

    def _accounts(self) -> dict[str, Any]:
        """The desk's one at each venue that it trades on."""
        state = self._venues()
        accounts = paper_accounts(self._home / "keys").credentials
        venues = (Venue.UPBIT, Venue.BINANCE)
        return {it: state[it]["accounts"][accounts[it].access_key] for it in venues}

    def _venues(self) -> dict[str, Any]:
        state: dict[str, Any]
        state = self._http.get(f"{self._control}/state").raise_for_status().json()
        return state

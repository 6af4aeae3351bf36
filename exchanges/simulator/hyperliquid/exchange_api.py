"""``POST /exchange``: actions in, statuses out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.hyperliquid import refusal
from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.actions import (
    Action,
    CancelOrders,
    ModifyOrders,
    Noop,
    PlaceOrders,
    ScheduleCancel,
    UpdateIsolatedMargin,
    UpdateLeverage,
)
from exchanges.simulator.hyperliquid.address_budget import STALE_COSTS, spend
from exchanges.simulator.hyperliquid.authenticator import Authenticator
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.numbers import cut, shown
from exchanges.simulator.hyperliquid.order import VenueOrder
from exchanges.simulator.hyperliquid.order_desk import Outcome
from exchanges.simulator.hyperliquid.refusal import ActionRefused, OrderRefused, Reason

Json = dict[str, Any]


class ExchangeApi:
    """Carries out what is signed."""

    def __init__(self, engine: HyperliquidEngine, *, is_mainnet: bool) -> None:
        self._engine = engine
        self._authenticator = Authenticator(engine, is_mainnet=is_mainnet)

    def answer(self, body: object, fault: Fault | None, weigh: Callable[[Action], None]) -> Json:
        """The answer to a body. Raises Malformed; everything else is an answer. ``weigh`` is
        asked before an admitted action is carried out, and may raise."""
        try:
            admitted = self._authenticator.admit(body)
            weigh(admitted.action)
            spend(
                admitted.account,
                admitted.action,
                self._engine.now_ms(),
                times=STALE_COSTS if admitted.is_expired else 1,
            )
            if admitted.is_expired:
                raise ActionRefused("Action already expired")
            return _ok(self._carry_out(admitted.account, admitted.action, fault))
        except ActionRefused as refused:
            return {"status": "err", "response": str(refused)}

    def _carry_out(self, account: VenueAccount, action: Action, fault: Fault | None) -> Json:
        told = _told(fault)
        match action:
            case PlaceOrders():
                if told is not None:
                    refused = [OrderRefused(told, wish.asset) for wish in action.orders]
                    return _statuses("order", list(map(_refused, refused)))
                fraction = None if fault is None else fault.fraction
                return self._orders(account, self._engine.place(account, action, fraction=fraction))
            case ModifyOrders() | CancelOrders() if told is not None:
                raise ActionRefused(told.text)
            case CancelOrders():
                ended = self._engine.cancel(account, action)
                return _statuses("cancel", list(map(_ended, ended)))
            case ModifyOrders():
                outcomes = self._engine.modify(account, action)
                if action.is_batch:
                    return self._orders(account, outcomes)
                for outcome in outcomes:
                    if isinstance(outcome, OrderRefused):
                        raise ActionRefused(str(outcome))
            case _ if told is not None:
                raise ActionRefused(told.text)
            case UpdateLeverage():
                self._engine.update_leverage(account, action)
            case UpdateIsolatedMargin():
                self._engine.update_isolated_margin(account, action)
            case ScheduleCancel():
                self._engine.schedule_cancel(account, action.time_ms)
            case Noop():
                pass
        return {"type": "default"}

    def _orders(self, account: VenueAccount, outcomes: list[Outcome]) -> Json:
        return _statuses("order", [self._status(account, outcome) for outcome in outcomes])

    def _status(self, account: VenueAccount, outcome: Outcome) -> Any:
        if isinstance(outcome, OrderRefused):
            return _refused(outcome)
        if outcome.parent is not None:
            dormant = self._engine.book.is_dormant(account, outcome)
            return "waitingForFill" if dormant else "waitingForTrigger"
        if outcome.covers_position:
            return "waitingForTrigger"
        if outcome.filled and not outcome.is_open:
            decimals = self._engine.assets[outcome.asset].price_decimals
            return {
                "filled": {
                    "totalSz": shown(outcome.filled),
                    "avgPx": shown(cut(outcome.average_price, decimals)),
                    **_ids(outcome),
                }
            }
        return {"resting": _ids(outcome)}


def _told(fault: Fault | None) -> Reason | None:
    """What a ``reject`` or ``insufficient`` has to say; None for another fault, or none."""
    if fault is None or fault.kind is FaultKind.PARTIAL:
        return None
    message = fault.args.get("message")
    if message is None:
        return Reason(refusal.MARGIN.text, None)
    return Reason(str(message), None, names_asset=False)


def _ended(outcome: Outcome) -> Any:
    """The status of one cancel."""
    return _refused(outcome) if isinstance(outcome, OrderRefused) else "success"


def _refused(refused: OrderRefused) -> Json:
    return {"error": str(refused)}


def _ids(order: VenueOrder) -> Json:
    ids: Json = {"oid": order.oid}
    return ids if order.cloid is None else {**ids, "cloid": order.cloid}


def _statuses(kind: str, statuses: list[Any]) -> Json:
    return {"type": kind, "data": {"statuses": statuses}}


def _ok(response: Json) -> Json:
    return {"status": "ok", "response": response}

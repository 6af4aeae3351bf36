"""Endpoints of the user data stream's key: POST, PUT and DELETE; the API key alone is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exchanges.simulator.binance.call import Call, Route


def _start(call: Call) -> dict[str, Any]:
    return {"listenKey": call.engine.listen_keys.start(call.account.key)}


def _extend(call: Call) -> dict[str, Any]:
    return {"listenKey": call.engine.listen_keys.extend(call.account.key)}


def _stop(call: Call) -> dict[str, Any]:
    call.engine.listen_keys.stop(call.account.key)
    return {}


ROUTES: Mapping[tuple[str, str], Route] = {
    ("POST", "/fapi/v1/listenKey"): Route(_start, signed=False, keyed=True),
    ("PUT", "/fapi/v1/listenKey"): Route(_extend, signed=False, keyed=True),
    ("DELETE", "/fapi/v1/listenKey"): Route(_stop, signed=False, keyed=True),
}

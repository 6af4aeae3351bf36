"""Reading the lists that batch endpoints take as one parameter of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from exchanges.simulator.binance.refusal import Refused

MAX_BATCH = 5
MAX_IDS = 10


def batch_orders(params: Mapping[str, str]) -> list[Mapping[str, str]]:
    """The orders of a batch, their values as text; refused with -1130 when malformed and -4082
    for too many or none."""
    batch = _list(params, "batchOrders")
    if not all(isinstance(one, dict) for one in batch):
        raise Refused(-1130, "batchOrders")
    if not 1 <= len(batch) <= MAX_BATCH:
        raise Refused(-4082)
    return [{name: _text(value) for name, value in one.items()} for one in batch]


def id_list(params: Mapping[str, str], name: str) -> list[str]:
    """Ids as text, none when the parameter is absent; refused with -1130. Clients spell these
    names in lower case too (ccxt does), and the venue takes it."""
    spelled = name if params.get(name) else name.lower()
    if not params.get(spelled):
        return []
    ids = _list(params, spelled)
    if not 1 <= len(ids) <= MAX_IDS or not all(isinstance(one, str) for one in ids):
        raise Refused(-1130, name)
    return ids


def _list(params: Mapping[str, str], name: str) -> list[Any]:
    try:
        parsed = json.loads(params.get(name, ""), parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, list):
        raise Refused(-1130, name)
    return parsed


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

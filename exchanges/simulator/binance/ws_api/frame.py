"""Reading a request of the WebSocket API: ``{"id", "method", "params"}``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from exchanges.simulator.binance.refusal import Refused
from exchanges.web_socket import Frame

_LONGEST_ID = 36
_LONGEST_NUMBER = 18


class BadFrame(Exception):
    """Not a request; ``refused`` is what the client is told, under ``request_id`` (or null)."""

    def __init__(self, refused: Refused, request_id: object = None) -> None:
        super().__init__(refused.message)
        self.refused = refused
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class WsRequest:
    """``params`` holds every value as it was written, which is how it was signed."""

    id: int | str | None
    method: str
    params: Mapping[str, str] = field(repr=False)


def parse_request(frame: Frame) -> WsRequest:
    """Raises BadFrame."""
    try:
        content = json.loads(frame, parse_float=str, parse_int=_Whole)
        orjson.dumps(content)  # half a character cannot be sent back
    except (ValueError, TypeError, RecursionError):
        raise BadFrame(Refused(-1135)) from None
    if not isinstance(content, dict):
        raise BadFrame(Refused(-1135))
    request_id, method, params = content.get("id"), content.get("method"), content.get("params", {})
    if isinstance(request_id, _Whole) and len(request_id) <= _LONGEST_NUMBER:
        request_id = int(request_id)
    elif request_id is not None and not _is_name(request_id):
        raise BadFrame(Refused(-1130, "id"))
    if not isinstance(method, str):
        raise BadFrame(Refused(-1102, "method"), request_id)
    if not isinstance(params, dict):
        raise BadFrame(Refused(-1130, "params"), request_id)
    values = {name: _text(value) for name, value in params.items() if value is not None}
    return WsRequest(request_id, method, values)


class _Whole(str):
    """A whole number, digits kept."""

    __slots__ = ()


def _is_name(value: object) -> bool:
    is_text = isinstance(value, str) and not isinstance(value, _Whole)
    return is_text and len(str(value)) <= _LONGEST_ID


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))

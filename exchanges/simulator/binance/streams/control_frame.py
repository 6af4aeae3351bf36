"""Reading what a client sends on a stream connection.

Binance docs, USDⓈ-M live subscribing: ``{"method", "params", "id"}``, answered by
``{"result", "id"}`` or ``{"error": {"code", "msg"}, "id"}``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from exchanges.web_socket import Frame

METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
UNKNOWN_PROPERTY, WRONG_VALUE, BAD_REQUEST, BAD_JSON = range(4)
_LONGEST_ID = 36


class BadFrame(Exception):
    """A client's frame is refused: ``answer`` is what it is told."""

    def __init__(self, code: int, message: str, request_id: object = None) -> None:
        super().__init__(message)
        self.answer = {"error": {"code": code, "msg": message}, "id": request_id}


@dataclass(frozen=True, slots=True)
class ControlFrame:
    id: int | str
    method: str
    params: list[Any]


def parse_control_frame(frame: Frame) -> ControlFrame:
    """Raises BadFrame."""
    try:
        content = orjson.loads(frame)
    except ValueError as error:
        raise BadFrame(BAD_JSON, f"Invalid JSON: {error}") from None
    if not isinstance(content, dict):
        raise BadFrame(BAD_REQUEST, "Invalid request: expected an object")
    request_id: Any = content.get("id")
    method = content.get("method")
    if not _is_id(request_id):
        raise BadFrame(BAD_REQUEST, "Invalid request: request ID must be an unsigned integer")
    if method not in METHODS:
        expected = ", ".join(f"`{name}`" for name in METHODS)
        message = f"Invalid request: unknown variant `{method}`, expected one of {expected}"
        raise BadFrame(BAD_REQUEST, message, request_id)
    params = content.get("params", [])
    if not isinstance(params, list):
        raise BadFrame(BAD_REQUEST, "Invalid request: params must be an array", request_id)
    if method in ("SUBSCRIBE", "UNSUBSCRIBE") and not all(isinstance(name, str) for name in params):
        message = "Invalid request: invalid type: expected a string"
        raise BadFrame(BAD_REQUEST, message, request_id)
    return ControlFrame(request_id, method, params)


def _is_id(value: object) -> bool:
    """The documents say an unsigned integer; strings are answered too."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_ID
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0

"""The JSON of a request, read as the venue reads it."""

from __future__ import annotations

from exchanges.decimal_json import parse_json
from exchanges.simulator.hyperliquid.refusal import BadRequest
from exchanges.transport import Request


def read_body(request: Request) -> object:
    """Raises BadRequest for another content type and for what is no JSON (measured)."""
    kinds = [value for name, value in request.headers.items() if name.lower() == "content-type"]
    kind = kinds[0].partition(";")[0].strip().lower() if kinds else ""
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise BadRequest(415, "Expected request with `Content-Type: application/json`")
    try:
        return parse_json(request.body)
    except ValueError:
        raise BadRequest(400, "Failed to parse the request body as JSON") from None


def named_order(body: bytes) -> str | None:
    """The first cloid in an action, for the request log; None where there is none."""
    try:
        parsed = parse_json(body)
        action = parsed["action"] if isinstance(parsed, dict) else {}
        for name, key in (("orders", "c"), ("cancels", "cloid"), ("modifies", "oid")):
            for entry in action.get(name, ()):
                if isinstance(entry.get(key), str):
                    return str(entry[key])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return None

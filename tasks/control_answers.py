"""How the executor reads a request and answers it, at each of its HTTP faces.

JSON in, JSON out. What is not understood gets 400 and one sentence ``{"error": …}``, what the desk
refuses to do 409.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from tasks.errors import BadSignal, DeskError
from tasks.signal import Signal, parse_signal
from warehouse import JournalError

log = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BadRequest(Exception):
    """Not a question we understand; ``str()`` is the sentence for who asked."""


@web.middleware
async def one_sentence(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure leaves as one sentence of JSON; an unforeseen one is logged with its trace."""
    try:
        return await handler(request)
    except (BadRequest, BadSignal) as error:
        return json_answer({"error": str(error)}, status=400)
    except (DeskError, JournalError) as error:
        return json_answer({"error": str(error)}, status=409)
    except web.HTTPException as error:
        return json_answer({"error": error.reason}, status=error.status)
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return json_answer({"error": "the executor failed on this; its log says how"}, status=500)


def json_answer(body: object, *, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), status=status, headers={"Content-Type": "application/json"}
    )


async def read_signal(request: web.Request) -> Signal:
    """Raises BadSignal."""
    return parse_signal(await request.read())


async def read_object(request: web.Request) -> dict[str, Any]:
    """Raises BadRequest for anything but a JSON object; nothing at all is an empty one."""
    try:
        body = orjson.loads(await request.read() or b"{}")
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"body: expected JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("body: expected a JSON object")
    return body


def sentence_in(body: dict[str, Any], name: str, expected: str) -> str:
    """The text ``name`` of ``body``; raises BadRequest when there is none."""
    text = body.get(name)
    if not isinstance(text, str) or not text.strip():
        raise BadRequest(f"{name}: expected {expected}")
    return text.strip()

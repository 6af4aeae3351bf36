"""A wire that answers from a script and remembers what was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping

from exchanges.transport import Request, Response, TransportError


class ScriptedTransport:
    """Gives each answer in turn: a response, or an error of the wire."""

    def __init__(self, *answers: Response | TransportError) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.is_closed = False

    async def send(self, request: Request, *, timeout_s: float) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, TransportError):
            raise answer
        return answer

    async def aclose(self) -> None:
        self.is_closed = True


def reply(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response; ``body`` is sent as JSON unless it is bytes already."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers or {}, data)

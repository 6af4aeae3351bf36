"""JSON over HTTP with servers of this machine, each failure as one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from deployments.failure import CommandFailed

TIMEOUT_S = 10.0


class ServerBusy(CommandFailed):
    """The server could not serve the request now (HTTP 503); it may be asked again."""


class HttpJson:
    """One kept-alive connection to ``name`` at ``url``; an async context manager.

    ``password`` is ``USER:PASSWORD`` for HTTP Basic authentication.
    """

    def __init__(self, name: str, url: str, password: str | None = None) -> None:
        self.name = name
        self.url = url
        self._headers = {"Content-Type": "application/json"}
        if password is not None:
            self._headers["Authorization"] = aiohttp.encode_basic_auth(*password.split(":", 1))
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(TIMEOUT_S))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """The decoded answer; raises CommandFailed (ServerBusy) for anything but success."""
        if self._session is None:
            raise RuntimeError("HttpJson is used outside its async with block")
        try:
            async with self._session.request(
                method,
                self.url + path,
                data=None if body is None else orjson.dumps(body),
                headers=self._headers,
            ) as response:
                status, payload = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise CommandFailed(
                f"{self.name} at {self.url} does not answer ({type(error).__name__})"
            ) from error
        try:
            answer = orjson.loads(payload) if payload else None
        except orjson.JSONDecodeError:
            answer = None
        if status == 401:
            raise CommandFailed(f"{self.name} at {self.url} refuses the password it was given")
        if status >= 300:
            why = answer.get("error") or answer.get("detail") if isinstance(answer, dict) else None
            kind = ServerBusy if status == 503 else CommandFailed
            raise kind(f"{self.name}: {method} {path}: {why or f'HTTP {status}'}")
        return answer

    async def answers(self, path: str) -> bool | None:
        """True once ``path`` answers with success; None until then, as Supervisor.ready wants."""
        try:
            await self.ask("GET", path)
        except CommandFailed:
            return None
        return True

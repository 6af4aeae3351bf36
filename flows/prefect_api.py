"""Prefect's REST API over one kept-alive connection, for code that must not wait long.

Prefect's own client retries by itself and for minutes; the stop switches and the reports of the
fast door need to know within two seconds that nobody answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import aiohttp
import orjson

from exchanges.tcp_connector import TcpConnector

TIMEOUT_S = 2.0


class PrefectSilent(Exception):
    """No usable answer: not reached, too slow, or an error of the server. Asking again may help."""


class PrefectRefused(Exception):
    """The server's definite no to this request. Asking the same again gives the same answer."""


class PrefectApi:
    """Opens its connection at the first request, in the event loop that makes it.

    ``password`` is the server's ``USER:PASSWORD``, None where it has none; without an ``api_url``
    both are taken from Prefect's own settings.
    """

    def __init__(self, api_url: str | None = None, password: str | None = None) -> None:
        if api_url is None:
            api_url, password = _of_prefect()
        self._url = api_url.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if password is not None:
            self._headers["Authorization"] = aiohttp.encode_basic_auth(*password.split(":", 1))
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self, method: str, path: str, body: Mapping[str, object] | Sequence[object] | None = None
    ) -> object:
        """The decoded answer; None where there is no body. Never retries.

        Raises:
            PrefectSilent: no usable answer within two seconds.
            PrefectRefused: HTTP 4xx.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(TIMEOUT_S),
                connector=TcpConnector(),
            )
        try:
            async with self._session.request(
                method,
                self._url + path,
                data=None if body is None else orjson.dumps(body),
                headers=self._headers,
            ) as response:
                status, payload = response.status, await response.read()
        except TimeoutError as error:
            raise PrefectSilent(f"{method} {path}: no answer within {TIMEOUT_S:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise PrefectSilent(f"{method} {path}: {error}") from error
        if 400 <= status < 500:
            raise PrefectRefused(f"{method} {path}: HTTP {status}")
        if status >= 300:
            raise PrefectSilent(f"{method} {path}: HTTP {status}")
        try:
            return cast(object, orjson.loads(payload)) if payload else None
        except orjson.JSONDecodeError as error:
            raise PrefectSilent(f"{method} {path}: an answer that is not JSON") from error

    async def deployment_id(self, name: str) -> str:
        """The id of ``flow/name``.

        Raises:
            PrefectSilent: no usable answer.
            PrefectRefused: there is no such deployment.
        """
        answer = await self.ask("GET", f"/deployments/name/{name}")
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise PrefectSilent(f"deployment {name}: an answer without an id")
        return cast(str, answer["id"])

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _of_prefect() -> tuple[str, str | None]:
    """Address and password as Prefect itself is configured, in whatever runs below it."""
    # Prefect takes seconds to load, and a stop that is told its address does not need it.
    from prefect.settings import get_current_settings

    settings = get_current_settings().api
    if not settings.url:
        raise ValueError("PREFECT_API_URL: expected the address of the Prefect API, got none")
    password = settings.auth_string
    return settings.url, None if password is None else password.get_secret_value()

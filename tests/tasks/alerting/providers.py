"""Slack, Discord and Telegram on loopback, in their own wire formats, and able to fail.

Sources: Slack docs, "Sending messages using incoming webhooks"; Discord developer docs, "Execute
Webhook" and "Rate limits"; Telegram Bot API, "sendMessage" and "Making requests".
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

SLACK_SECRET = "T00000000/B00000000/slackSECRETslackSECRET00"
DISCORD_SECRET = "discordSECRET-discordSECRET_discordSECRET-0123456789"
TELEGRAM_TOKEN = "123456:telegramSECRET-telegramSECRET_00"
CHAT = "-1001234"

Trouble = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Provider:
    """``troubles`` are answers to the next requests, one each; then all is well."""

    url: str
    """What an operator puts into the settings."""
    heard: list[dict[str, Any]] = field(default_factory=list)
    """Bodies that were accepted."""
    times: list[float] = field(default_factory=list)
    """When any request came, on the loop's clock."""
    answered: list[float] = field(default_factory=list)
    """When one was answered."""
    troubles: deque[Trouble] = field(default_factory=deque)

    def text(self) -> str:
        """All that was accepted."""
        return json.dumps(self.heard, ensure_ascii=False)


def answers(
    status: int, body: object = None, headers: dict[str, str] | None = None, text: str | None = None
) -> Trouble:
    async def answer(_: web.Request) -> web.Response:
        if text is not None:
            return web.Response(status=status, text=text, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    return answer


def slack_busy(seconds: int) -> Trouble:
    return answers(429, headers={"Retry-After": str(seconds)}, text="rate_limited")


def discord_busy(seconds: float) -> Trouble:
    limits = {"Retry-After": "1", "X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "0"}
    message = "You are being rate limited."
    return answers(429, {"message": message, "retry_after": seconds, "global": False}, limits)


def telegram_busy(seconds: int) -> Trouble:
    description = f"Too Many Requests: retry after {seconds}"
    parameters = {"retry_after": seconds}
    refusal = {"ok": False, "error_code": 429, "description": description}
    return answers(429, {**refusal, "parameters": parameters}, {"Retry-After": str(seconds)})


def once(event: asyncio.Event, trouble: Trouble) -> Trouble:
    """The same, answered no sooner than ``event``."""

    async def answer(request: web.Request) -> web.StreamResponse:
        await event.wait()
        return await trouble(request)

    return answer


async def hangs(request: web.Request) -> web.StreamResponse:
    """Never answers; ends with the connection."""
    await request.read()
    await asyncio.sleep(3_600)
    return web.Response()


async def breaks_off(request: web.Request) -> web.StreamResponse:
    """Has it, and closes the connection without a word."""
    await request.read()
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def slack(tls: ssl.SSLContext | None = None) -> AsyncIterator[Provider]:
    async def post(request: web.Request) -> web.StreamResponse:
        assert request.content_type == "application/json"
        if request.match_info["secret"] != SLACK_SECRET:
            return web.Response(status=403, text="invalid_token")
        body = await request.json()
        if not body.get("text") and not body.get("attachments"):
            return web.Response(status=400, text="no_text")
        provider.heard.append(body)
        return web.Response(text="ok")

    async with _served("/services/{secret:.*}", post, tls) as provider:
        provider.url += f"/services/{SLACK_SECRET}"
        yield provider


@asynccontextmanager
async def discord(remaining: int = 4) -> AsyncIterator[Provider]:
    async def post(request: web.Request) -> web.StreamResponse:
        if request.match_info["secret"] != DISCORD_SECRET:
            return web.json_response({"message": "Unknown Webhook", "code": 10015}, status=404)
        body = await request.json()
        [embed] = body["embeds"]
        if len(embed["title"]) > 256 or len(embed["description"]) > 4096:
            return web.json_response({"embeds": ["0"]}, status=400)
        provider.heard.append(body)
        limits = {"X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset-After": "0.4"}
        assert request.query["wait"] == "True"
        return web.json_response({"id": "1", "type": 0}, headers=limits)

    async with _served("/api/v10/webhooks/4711/{secret}", post, None) as provider:
        provider.url += f"/api/webhooks/4711/{DISCORD_SECRET}"
        yield provider


@asynccontextmanager
async def telegram() -> AsyncIterator[Provider]:
    def refusal(code: int, why: str) -> web.Response:
        said = {"ok": False, "error_code": code, "description": why}
        return web.json_response(said, status=code)

    async def post(request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != TELEGRAM_TOKEN:
            return refusal(401, "Unauthorized")
        body = await request.json()
        if body["chat_id"] != CHAT:
            return refusal(400, "Bad Request: chat not found")
        if not 0 < len(body["text"]) <= 4096:
            return refusal(400, "Bad Request: message is too long")
        provider.heard.append(body)
        return web.json_response({"ok": True, "result": {"message_id": 1}})

    async with _served("/bot{token}/sendMessage", post, None) as provider:
        yield provider


@asynccontextmanager
async def _served(path: str, well: Trouble, tls: ssl.SSLContext | None) -> AsyncIterator[Provider]:
    provider = Provider("")

    async def handle(request: web.Request) -> web.StreamResponse:
        clock = asyncio.get_running_loop()
        provider.times.append(clock.time())
        try:
            return await (provider.troubles.popleft() if provider.troubles else well)(request)
        finally:
            provider.answered.append(clock.time())

    app = web.Application()
    app.add_routes([web.post(path, handle)])
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    provider.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
    try:
        yield provider
    finally:
        await runner.cleanup()

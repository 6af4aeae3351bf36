"""Alerts into a Slack channel, by an incoming webhook.

Sources: Slack docs, "Sending messages using incoming webhooks" (answers and their words), "Rate
limits" (one message a second and channel; 429 with Retry-After in seconds), "Formatting text"
(``&``, ``<`` and ``>`` are escaped), "Secondary message attachments" (colour bars).
"""

from __future__ import annotations

import asyncio
import logging
import re

import aiohttp
from pydantic import SecretStr
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tasks.alerting.channel import ChannelAway, by_status, seconds
from tasks.alerting.message import COLOURS, Message, hold_back

LONGEST_TEXT = 3_000
"""Slack takes more, and folds it away behind "Show more"."""
_WORD = re.compile(r"[a-z][a-z_]{2,40}")
"""``no_service``, ``invalid_payload``: how Slack names what is wrong."""

_silent = logging.Logger("slack", logging.CRITICAL)
"""The library writes the webhook's address, which is its secret, into its log."""


class Slack:
    """See :class:`tasks.alerting.channel.Channel`."""

    name = "slack"
    pace_s = 1.0

    def __init__(self, webhook_url: SecretStr, timeout_s: float) -> None:
        self._url = webhook_url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: Message) -> float:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        client = AsyncWebhookClient(
            self._url.get_secret_value(),
            session=self._session,
            logger=_silent,
            retry_handlers=[],  # when to try again is decided in one place
        )
        try:
            reply = await client.send_dict(_body(message))
        except TimeoutError:
            failure = ChannelAway("Slack did not answer in time")
        except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            failure = ChannelAway(f"Slack cannot be reached: {type(error).__name__}")
        else:
            if reply.status_code == 200:
                return 0.0
            word = _WORD.fullmatch((reply.body or "").strip())
            told = f"Slack: HTTP {reply.status_code}" + (f" {word[0]}" if word else "")
            raise by_status(reply.status_code, told, seconds(reply.headers.get("Retry-After")))
        raise failure  # outside of the handler: the library's exception may hold the address

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


def _body(message: Message) -> dict[str, object]:
    """One attachment for each stretch of lines of the same colour."""
    stretches: list[tuple[str, list[str]]] = []
    texts = hold_back([_escaped(line.text) for line in message.lines], LONGEST_TEXT)
    for place, text in enumerate(texts):
        level = message.lines[place].level
        if not stretches or stretches[-1][0] != level:
            stretches.append((level, []))
        stretches[-1][1].append(text)
    return {
        "text": f"*{_escaped(message.title)}*",
        "attachments": [
            {
                "color": f"#{COLOURS[level]:06X}",
                "text": "\n".join(told),
                "fallback": _escaped(message.title),
                "mrkdwn_in": [],
            }
            for level, told in stretches
        ],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""Alerts into a Discord channel, by a webhook.

Sources: Discord developer docs, "Webhook resource, Execute Webhook", "Message resource, Embed
limits" (4,096 characters a description, 256 a title), "Rate limits" (429 with ``retry_after``,
seconds with a fraction; ``X-RateLimit-Remaining`` and ``-Reset-After`` on every answer; from
Cloudflare a 429 without JSON), "API versioning" (without a version in the path an old one answers,
whose ``retry_after`` is in milliseconds).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

import requests
from discord_webhook import DiscordEmbed, DiscordWebhook
from pydantic import SecretStr

from tasks.alerting.channel import ChannelAway, by_status, seconds
from tasks.alerting.daemon_work import DaemonWork
from tasks.alerting.message import Message, cut, hold_back

LONGEST_TITLE = 256
LONGEST_TEXT = 4_096
_MARKS = re.compile(r"([\\*_~`|>#\[\]()-])")
"""What Discord reads as formatting."""


class Discord:
    """See :class:`tasks.alerting.channel.Channel`."""

    name = "discord"
    pace_s = 2.0
    """A channel takes 30 messages of webhooks a minute."""

    def __init__(self, webhook_url: SecretStr, timeout_s: float) -> None:
        self._url = SecretStr(_versioned(webhook_url.get_secret_value()))
        self._timeout_s = timeout_s
        self._work = DaemonWork("discord")
        # It writes the whole path, the end of which is the secret, into its log.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)

    async def send(self, message: Message) -> float:
        status, headers, body = await self._work.run(lambda: self._post(message))
        if status in (200, 204):
            if headers.get("x-ratelimit-remaining") == "0":
                return seconds(headers.get("x-ratelimit-reset-after")) or 0.0
            return 0.0
        answer = _json(body)
        told, code = f"Discord: HTTP {status}", answer.get("code")
        if isinstance(code, int) and code:
            told += f" code {code}"
        pauses = (seconds(answer.get("retry_after")), seconds(headers.get("retry-after")))
        raise by_status(status, told, pauses[1] if pauses[0] is None else pauses[0])

    async def aclose(self) -> None:
        """There is nothing to close: each message has its own connection."""

    def _post(self, message: Message) -> tuple[int, Mapping[str, str], bytes]:
        """Once, in a thread; headers in lower case."""
        webhook = DiscordWebhook(
            self._url.get_secret_value(),
            timeout=self._timeout_s,
            allowed_mentions={"parse": []},  # nobody is called by what an alert happens to say
        )
        lines = hold_back([_plain(line.text) for line in message.lines], LONGEST_TEXT)
        webhook.add_embed(
            DiscordEmbed(
                title=cut(_plain(message.title), LONGEST_TITLE),
                description="\n".join(lines),
                color=message.colour,
            )
        )
        try:
            # Not its execute(): that reads every answer as JSON, and a proxy's is none.
            reply = webhook.api_post_request()
        except requests.Timeout:
            failure = ChannelAway("Discord did not answer in time")
        except (requests.RequestException, OSError, ValueError) as error:
            failure = ChannelAway(f"Discord cannot be reached: {type(error).__name__}")
        else:
            headers = {name.lower(): value for name, value in reply.headers.items()}
            return reply.status_code, headers, reply.content
        raise failure  # outside of the handler: the library's exception holds the address


def _versioned(url: str) -> str:
    parts = urlsplit(url)
    path = re.sub(r"^/api/webhooks/", "/api/v10/webhooks/", parts.path)
    return urlunsplit(parts._replace(path=path))


def _plain(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


def _json(body: bytes) -> Mapping[str, object]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}

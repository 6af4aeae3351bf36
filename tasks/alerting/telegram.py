"""Alerts into a Telegram chat, by a bot.

Sources: Telegram Bot API, "Making requests" and "ResponseParameters" (``retry_after`` seconds,
``migrate_to_chat_id``), "sendMessage" (4,096 characters); Bots FAQ, "My bot is hitting limits" (one
message a second in a chat, 20 a minute in a group).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import SecretStr

from exchanges.endpoints import Endpoints
from exchanges.http_transport import HttpTransport
from exchanges.transport import Request, Response, TransportError
from tasks.alerting.channel import ChannelAway, ChannelRefused, DeliveryFailed, by_status, seconds
from tasks.alerting.message import SIGNS, Message, hold_back

LONGEST_TEXT = 4_096


class Telegram:
    """See :class:`tasks.alerting.channel.Channel`."""

    name = "telegram"
    pace_s = 3.0

    def __init__(self, api_url: str, token: SecretStr, chat_id: str, timeout_s: float) -> None:
        self._transport = HttpTransport(Endpoints(api_url))
        self._token = token
        self._chat_id = chat_id
        self._timeout_s = timeout_s

    async def send(self, message: Message) -> float:
        lines = [f"{SIGNS[line.level]} {line.text}" for line in message.lines]
        body = {
            "chat_id": self._chat_id,
            "text": "\n".join([message.title, *hold_back(lines, LONGEST_TEXT - 110)]),
            "link_preview_options": {"is_disabled": True},
            "disable_notification": message.level not in ("warning", "critical"),
        }
        request = Request(
            "POST",
            f"/bot{self._token.get_secret_value()}/sendMessage",
            headers={"Content-Type": "application/json"},
            body=json.dumps(body).encode(),
        )
        try:
            reply = await self._transport.send(request, timeout_s=self._timeout_s)
        except TransportError as error:
            raise ChannelAway(f"Telegram cannot be reached: {error}") from None
        if reply.status == 200 and _json(reply).get("ok") is True:
            return 0.0
        raise _failure(reply)

    async def aclose(self) -> None:
        await self._transport.aclose()


def _failure(reply: Response) -> DeliveryFailed:
    answer = _json(reply)
    parameters = answer.get("parameters")
    hints = parameters if isinstance(parameters, dict) else {}
    description = answer.get("description")
    told = f"Telegram: HTTP {reply.status}"
    if isinstance(description, str):
        told += f" {description[:100]}"
    if reply.status == 400 and ("chat" in told or "peer" in told or hints):
        moved = hints.get("migrate_to_chat_id")
        told += f" (telegram_chat_id is {moved} now)" if isinstance(moved, int) else ""
        return ChannelRefused(told)
    if reply.status == 200:
        return ChannelAway(f"{told}: not its answer")
    return by_status(reply.status, told, seconds(hints.get("retry_after")))


def _json(reply: Response) -> Mapping[str, object]:
    try:
        answer = json.loads(reply.body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}

"""One WebSocket: requests in, subscriptions out.

Hyperliquid docs, WebSocket and Rate limits: 1,000 subscriptions, 10 different users and 2,000
messages a minute; the venue closes what it has had nothing to send to for a minute, which a
client's ``{"method": "ping"}`` prevents. The texts of the error channel are recorded ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from exchanges.clock import Clock
from exchanges.decimal_json import parse_json
from exchanges.instrument import Venue
from exchanges.simulator.faults import FaultKind, Faults
from exchanges.simulator.front import Channel
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.events import Event
from exchanges.simulator.hyperliquid.feeds import STANDING, Feeds
from exchanges.simulator.hyperliquid.refusal import Malformed
from exchanges.simulator.hyperliquid.subscription import (
    Subscription,
    UnknownCoin,
    parse_subscription,
)
from exchanges.web_socket import Frame

MAX_SUBSCRIPTIONS = 1_000
MAX_USERS = 10
MAX_MESSAGES = 2_000
"""A minute."""
MAX_POSTS = 100
"""Unanswered at a time."""
SILENT_S = 60.0
BLOCK_S = 0.1
BOOK_S = 0.5
MAX_WAITING = 2_000
"""Frames that a slow client may leave waiting before it is cut off."""
Post = Callable[[str, object], Awaitable[tuple[str, Any] | None]]
"""Carries out a request: see ``HyperliquidFront.post``."""


class Session:
    """Serves one client until it goes, is cut off or has been silent for too long."""

    def __init__(
        self,
        engine: HyperliquidEngine,
        feeds: Feeds,
        faults: Faults,
        clock: Clock,
        channel: Channel,
        post: Post,
    ) -> None:
        self._engine = engine
        self._feeds = feeds
        self._faults = faults
        self._clock = clock
        self._channel = channel
        self._post = post
        self._last_sent: dict[Subscription, tuple[float, bytes]] = {}
        """When and what was sent last to each subscription, oldest subscription first."""
        self._outbox: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING)
        self._moved = asyncio.Event()
        self._spoken_at = clock.monotonic()
        self._minute = (0, 0)
        """Which one, and how many messages came in it."""
        self._posts: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Something may have changed."""
        self._moved.set()

    async def run(self) -> None:
        """Raises ChannelClosed."""
        end = self._engine.events.subscribe(self._on_events)
        tasks = [
            asyncio.create_task(part())
            for part in (self._read, self._write, self._publish, self._watch)
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            end()
            for task in (*tasks, *self._posts):
                task.cancel()
            await asyncio.gather(*tasks, *self._posts, return_exceptions=True)

    # ---- the four that run beside each other

    async def _read(self) -> None:
        while True:
            frame = await self._channel.receive()
            self._engine.market.tick()
            if self._is_flooded():
                self._say("error", f"Cannot send more than {MAX_MESSAGES} messages per minute.")
                continue
            self._hear(frame)

    async def _write(self) -> None:
        while True:
            await self._channel.send(await self._outbox.get())

    async def _publish(self) -> None:
        """How things stand, once a block; books also when nothing moves."""
        while True:
            wait_s = BOOK_S if any(one.kind == "l2Book" for one in self._last_sent) else None
            try:
                async with asyncio.timeout(wait_s):
                    await self._moved.wait()
            except TimeoutError:
                self._engine.market.tick()
            self._moved.clear()
            if self._faults.holds(FaultKind.MAINTENANCE, Venue.HYPERLIQUID):
                await self._channel.close(1012, "Service Restart")
                return
            for wanted in tuple(self._last_sent):
                if wanted.kind in STANDING:
                    self._send_standing(wanted)
            await asyncio.sleep(BLOCK_S)

    async def _watch(self) -> None:
        while (left := self._spoken_at + SILENT_S - self._clock.monotonic()) > 0:
            await asyncio.sleep(left)
            self._engine.catch_up()
        await self._channel.close(1000, "Inactive")

    # ---- what a client says

    def _hear(self, frame: Frame) -> None:
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        try:
            message = parse_json(text.encode("utf-8", "surrogatepass"))
            if not isinstance(message, dict):
                raise Malformed
            match message.get("method"):
                case "ping":
                    self._spoken_at = self._clock.monotonic()
                    self._say("pong")
                case "subscribe":
                    self._subscribe(parse_subscription(message.get("subscription"), self._engine))
                case "unsubscribe":
                    self._unsubscribe(parse_subscription(message.get("subscription"), self._engine))
                case "post":
                    self._start_post(message)
                case _:
                    raise Malformed
        except (Malformed, ValueError):
            self._say("error", f"Error parsing JSON into valid websocket request: {text}")
        except UnknownCoin:
            self._say("error", f"Invalid subscription {text}")

    def _subscribe(self, wanted: Subscription) -> None:
        users = {one.user for one in self._last_sent if one.user is not None}
        if wanted in self._last_sent:
            self._say("error", f"Already subscribed: {_compact(wanted.wire())}")
        elif len(self._last_sent) >= MAX_SUBSCRIPTIONS:
            self._say("error", f"Cannot subscribe to more than {MAX_SUBSCRIPTIONS} channels.")
        elif wanted.user is not None and len(users | {wanted.user}) > MAX_USERS:
            self._say("error", f"Cannot track more than {MAX_USERS} total users.")
        else:
            self._confirm("subscribe", wanted)
            self._last_sent[wanted] = (self._clock.monotonic(), b"")
            first = self._feeds.first(wanted)
            if first:
                self._last_sent[wanted] = (self._clock.monotonic(), orjson.dumps(first))
                self._tell(wanted.channel, first)
            self._moved.set()

    def _unsubscribe(self, wanted: Subscription) -> None:
        if self._last_sent.pop(wanted, None) is None:
            self._say("error", f"Already unsubscribed: {_compact(wanted.wire())}")
        else:
            self._confirm("unsubscribe", wanted)

    def _confirm(self, method: str, wanted: Subscription) -> None:
        self._say("subscriptionResponse", {"method": method, "subscription": wanted.wire()})

    def _start_post(self, message: dict[str, Any]) -> None:
        number, request = message.get("id"), message.get("request")
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise Malformed
        if not isinstance(request, dict) or request.get("type") not in ("info", "action"):
            raise Malformed
        if len(self._posts) >= MAX_POSTS:
            self._say("error", f"too many pending post requests id={number}")
            return
        task = asyncio.create_task(
            self._answer_post(number, request["type"], request.get("payload"))
        )
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)

    async def _answer_post(self, number: int, kind: str, payload: object) -> None:
        answer = await self._post(kind, payload)
        if answer is not None:
            type_, content = answer
            self._spoken_at = self._clock.monotonic()
            response = {"type": type_, "payload": content}
            self._say("post", {"id": number, "response": response})

    def _is_flooded(self) -> bool:
        minute, count = self._minute
        now = int(self._clock.monotonic() // 60)
        self._minute = (now, count + 1 if now == minute else 1)
        return self._minute[1] > MAX_MESSAGES

    # ---- what it is told

    def _on_events(self, events: tuple[Event, ...]) -> None:
        for wanted in tuple(self._last_sent):
            for data in self._feeds.brought(wanted, events):
                self._tell(wanted.channel, data)

    def _send_standing(self, wanted: Subscription) -> None:
        """Send what has changed; a book's time alone is a change once half a second has gone."""
        data = self._feeds.standing(wanted)
        if data is None:
            return
        now, content = self._clock.monotonic(), orjson.dumps(data)
        sent_at, sent = self._last_sent[wanted]
        if wanted.kind == "l2Book":
            if sent and now - sent_at < BOOK_S:
                return
        elif _without_time(sent) == _without_time(content):
            return
        self._last_sent[wanted] = (now, content)
        self._tell(wanted.channel, data)

    def _tell(self, channel: str, data: Any) -> None:
        """Send an event, or play the fault that is due for it."""
        kind = self._faults.take_event(Venue.HYPERLIQUID, channel)
        if kind is FaultKind.DROP_EVENT:
            return
        if kind is FaultKind.DROP_STREAM:
            self._channel.cut()
            return
        self._spoken_at = self._clock.monotonic()
        self._say(channel, data)
        if kind is FaultKind.DUPLICATE_EVENT:
            self._say(channel, data)

    def _say(self, channel: str, data: Any = None) -> None:
        frame = {"channel": channel} if data is None else {"channel": channel, "data": data}
        try:
            self._outbox.put_nowait(orjson.dumps(frame).decode())
        except asyncio.QueueFull:
            self._channel.cut()


def _compact(content: dict[str, Any]) -> str:
    return orjson.dumps({k: v for k, v in content.items() if v is not None}).decode()


def _without_time(content: bytes) -> bytes:
    """A state's time is no change of it."""
    before, found, after = content.partition(b'"time":')
    return before + after.lstrip(b"0123456789") if found else content

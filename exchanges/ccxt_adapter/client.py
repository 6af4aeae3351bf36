"""ccxt's clients with our wire, our clock, and numbers that stay exact.

Only ccxt's own places for it are used: ``fetch`` (a request is ready and signed), ``number`` (what
a number becomes), ``milliseconds`` (the time), ``order_book`` and ``handle_message``.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import ccxt
from ccxt.async_support.base.exchange import BaseExchange
from ccxt.async_support.base.ws.order_book import OrderBook
from ccxt.async_support.base.ws.order_book_side import Asks, Bids

from exchanges.ccxt_adapter.wire import Wire
from exchanges.hyperliquid.nonces import milliseconds
from exchanges.transport import Request
from exchanges.web_socket import Disconnected

log = logging.getLogger(__name__)

# ccxt writes signed requests to its log at debug level.
for _name in ("ccxt.base.exchange", "ccxt.async_support.base.exchange"):
    logging.getLogger(_name).setLevel(logging.ERROR)

PING_S = 10.0
"""ccxt drops a WebSocket that has left two pings unanswered."""
_MOST_DECIMALS = 50
"""No price or quantity has more."""


class ExactClient(BaseExchange):  # type: ignore[misc]
    """Mixed in before a class of ccxt.pro. Needs ``wire`` in its configuration."""

    number = str
    timeout_on_exit = 0
    wire: Wire

    def __init__(self, *configuration: Any) -> None:
        super().__init__(*configuration)
        self._opened: set[str] = set()

    def describe(self) -> Any:
        described = super().describe()
        described["enableRateLimit"] = False  # our own budget decides
        described["commonCurrencies"] = {}  # a coin has the venue's name
        described["streaming"] = {**described.get("streaming", {}), "keepAlive": PING_S * 1000}
        return described

    def milliseconds(self) -> int:
        return milliseconds(self.wire.venue_time())

    async def fetch(
        self, url: str, method: str = "GET", headers: Any = None, body: str | None = None
    ) -> Any:
        """One request over our wire: ccxt's own would repeat a GET and log its signature."""
        parts = urlsplit(url)
        content = b"" if body is None else body.encode()
        request = Request(method, parts.path, parts.query, headers or {}, content)
        response = await self.wire.send(request)
        self.last_response_headers = response.headers
        return exact_json(response.body)

    def order_book(self, snapshot: Any = None, depth: int | None = None) -> Any:
        return _ExactBook(snapshot or {}, depth)

    def parse_order_book_bid_ask(
        self, bidask: Any, priceKey: Any = 0, amountKey: Any = 1, *_: Any
    ) -> Any:
        """Decimal: ccxt sorts levels by price, which text cannot be."""
        return [Decimal(str(bidask[priceKey])), Decimal(str(bidask[amountKey]))]

    def parse_precision(self, precision: Any) -> Any:
        """Raises ValueError for one beyond all measure: ccxt would write out its zeros."""
        if precision is not None and abs(int(precision)) > _MOST_DECIMALS:
            raise ValueError("a precision beyond all measure")
        return super().parse_precision(precision)

    def client(self, url: str) -> Any:
        """The WebSocket at ``url``, which reads numbers exactly. Raises Disconnected when it had
        one that has ended: ccxt would open another with the same token, which is good for one only
        (Upbit docs, "Authentication"), and tell nobody of the gap."""
        if url not in self.clients:
            if url in self._opened:
                raise Disconnected(reason="it broke between two news")
            self._opened.add(url)
        client = super().client(url)
        client.handle_text_or_binary_message = partial(_handle_text, client)
        return client

    def hears(self) -> bool:
        """What happens to orders from now on is told, as far as ccxt lets that be seen."""
        return any(socket.isConnected for socket in self.clients.values())

    def handle_message(self, client: Any, message: Any) -> None:
        """Any message that ccxt cannot read ends the connection; ccxt by itself would keep it open
        and never read from it again."""
        try:
            super().handle_message(client, message)
        except Exception as error:
            log.info("%s: a message that ccxt cannot read (%s)", self.id, type(error).__name__)
            client.on_error(ccxt.NetworkError("a message that cannot be read"))


_MAY_BE_BEYOND = re.compile(r"\\|[\d_.\s][eE][\s+\-_]*\d[\d_]{2}")
_BEYOND_MEASURE = re.compile(r"[\s+\-\d_.]+[eE][\s+\-_]*\d[\d_]{2,}\s*")
"""A number as Python reads it, which ccxt leaves that to, with an exponent of three digits or
more."""


def exact_json(content: bytes | str) -> Any:
    """JSON with fractions as they are written, for ``number = str``. Raises ValueError, also for a
    number beyond all measure: ccxt would write out its zeros, and never come back."""
    text = content if isinstance(content, str) else content.decode()
    try:
        document = json.loads(text, parse_float=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if _MAY_BE_BEYOND.search(text) and any(map(_BEYOND_MEASURE.fullmatch, _texts(document))):
        raise ValueError("a number beyond all measure")
    return document


def _texts(document: Any) -> Iterator[str]:
    """Every text in ``document`` that is no key."""
    left = [document]
    while left:
        part = left.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict | list):
            left.extend(part.values() if isinstance(part, dict) else part)


def _handle_text(client: Any, data: bytes | str) -> None:
    try:
        message = exact_json(data)
    except ValueError:
        message = data if isinstance(data, str) else data.decode("utf-8", "replace")
    client.on_message_callback(client, message)


class _ExactBook(OrderBook):  # type: ignore[misc]
    """A streamed book whose levels are Decimal."""

    def __init__(self, snapshot: Any, depth: int | None = None) -> None:
        asks, bids = snapshot.get("asks", []), snapshot.get("bids", [])
        sides = {"asks": _ExactAsks(asks, depth), "bids": _ExactBids(bids, depth)}
        super().__init__({**snapshot, **sides}, depth)


class _ExactAsks(Asks):  # type: ignore[misc]
    def storeArray(self, delta: Any) -> None:
        super().storeArray([Decimal(delta[0]), Decimal(delta[1])])


class _ExactBids(Bids):  # type: ignore[misc]
    def storeArray(self, delta: Any) -> None:
        super().storeArray([Decimal(delta[0]), Decimal(delta[1])])

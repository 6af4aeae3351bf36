"""What a client of a stream asks for: one JSON array of a ticket, types and a format.

``[{"ticket": …}, {"type": "orderbook", "codes": ["KRW-BTC.5"], "level": 0}, {"format": "SIMPLE"}]``
(Upbit docs, WebSocket guide).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from exchanges.simulator.market import DEPTH
from exchanges.simulator.upbit.candle import MINUTE_UNITS, Period
from exchanges.web_socket import Frame

CANDLES: Mapping[str, Period] = {
    "candle.1s": Period("seconds"),
    **{f"candle.{unit}m": Period("minutes", unit) for unit in MINUTE_UNITS},
}
PUBLIC_TYPES = frozenset(("ticker", "trade", "orderbook", *CANDLES))
PRIVATE_TYPES = frozenset(("myOrder", "myAsset", "announcement"))
"""Nothing is ever announced here."""
UNIT_COUNTS = (1, 5, 15, 30)
"""Depths of a book that ``CODE.COUNT`` can ask for."""
LIST_SUBSCRIPTIONS = "LIST_SUBSCRIPTIONS"


class StreamError(Exception):
    """Answered as ``{"error": {"name": …, "message": …}}``; the connection goes on."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


class Format(StrEnum):
    DEFAULT = "DEFAULT"
    SIMPLE = "SIMPLE"
    JSON_LIST = "JSON_LIST"
    SIMPLE_LIST = "SIMPLE_LIST"

    @property
    def is_simple(self) -> bool:
        return self in (Format.SIMPLE, Format.SIMPLE_LIST)

    @property
    def is_list(self) -> bool:
        return self in (Format.JSON_LIST, Format.SIMPLE_LIST)


@dataclass(frozen=True, slots=True)
class Feed:
    """One type object of a subscription."""

    type: str
    codes: tuple[str, ...]
    """As asked for, in order; empty: all markets (private types only)."""
    units: Mapping[str, int] = field(hash=False)
    """Depth by market, of an ``orderbook``."""
    level: Decimal = Decimal(0)
    is_only_snapshot: bool = False
    is_only_realtime: bool = False

    @property
    def natives(self) -> tuple[str, ...]:
        """The markets, without the depth of a book."""
        return tuple(dict.fromkeys(code.partition(".")[0] for code in self.codes))

    def covers(self, native: str) -> bool:
        return not self.codes or native in self.natives


@dataclass(frozen=True, slots=True)
class Asked:
    """What one frame says. ``feeds`` is None for a question (``LIST_SUBSCRIPTIONS``)."""

    ticket: str
    format: Format
    feeds: tuple[Feed, ...] | None


def parse_frame(frame: Frame, markets: Collection[str], *, is_private: bool) -> Asked:
    """Raises StreamError."""
    objects = _objects(frame)
    ticket = next((entry["ticket"] for entry in objects if "ticket" in entry), None)
    if not isinstance(ticket, str) or not ticket:
        raise StreamError("NO_TICKET", "티켓이 존재하지 않습니다.")
    shape = _format(objects)
    methods = [entry["method"] for entry in objects if "method" in entry]
    if methods:
        if methods != [LIST_SUBSCRIPTIONS]:
            raise _bad_value("method")
        return Asked(ticket, shape, None)
    wanted = [entry for entry in objects if not {"ticket", "format"} & entry.keys()]
    if not wanted or any("type" not in entry for entry in wanted):
        raise StreamError("NO_TYPE", "타입이 존재하지 않습니다.")
    feeds = tuple(_feed(entry, markets, is_private=is_private) for entry in wanted)
    return Asked(ticket, shape, feeds)


def _objects(frame: Frame) -> list[dict[str, Any]]:
    try:
        parsed = json.loads(frame, parse_float=str)
    except (ValueError, RecursionError):
        parsed = None
    if (
        not isinstance(parsed, list)
        or not all(isinstance(entry, dict) for entry in parsed)
        or not _is_text(parsed)
    ):
        raise _wrong_format()
    return parsed


def _is_text(parsed: object) -> bool:
    """Half a surrogate pair is valid JSON but no text, and a ticket is sent back."""
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _format(objects: Sequence[Mapping[str, Any]]) -> Format:
    text = next((entry["format"] for entry in objects if "format" in entry), Format.DEFAULT)
    try:
        return Format(text)
    except ValueError:
        raise _bad_value("format") from None


def _feed(entry: Mapping[str, Any], markets: Collection[str], *, is_private: bool) -> Feed:
    kind = entry["type"]
    if not isinstance(kind, str):
        raise _bad_value("type")
    if kind in PRIVATE_TYPES and not is_private:
        raise StreamError("INVALID_AUTH", "인증 정보가 올바르지 않습니다.")
    if kind not in (PRIVATE_TYPES if is_private else PUBLIC_TYPES):
        raise _bad_value("type")
    codes = _codes(entry, kind)
    units = {}
    for code in codes:
        native, dot, count = code.partition(".")
        if native not in markets or (dot and kind != "orderbook"):
            raise _bad_value("codes")
        if dot and count not in map(str, UNIT_COUNTS):
            raise _bad_value("codes")
        units[native] = int(count) if dot else DEPTH
    only_snapshot, only_realtime = (
        _flag(entry, name) for name in ("is_only_snapshot", "is_only_realtime")
    )
    if only_snapshot and only_realtime:
        raise _bad_value("is_only_snapshot")
    level = _level(entry) if kind == "orderbook" else Decimal(0)
    return Feed(kind, codes, units, level, only_snapshot, only_realtime)


def _codes(entry: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """Of the private types only ``myOrder`` knows markets, and needs none; ``myAsset`` must not
    come with any (Upbit docs, WebSocket MyAsset)."""
    if kind == "myAsset" and "codes" in entry:
        raise _wrong_format()
    if kind in ("myAsset", "announcement"):
        return ()
    codes = entry.get("codes")
    if codes is None or codes == []:
        if kind == "myOrder":
            return ()
        raise StreamError("NO_CODES", "코드가 존재하지 않습니다.")
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise _bad_value("codes")
    return tuple(dict.fromkeys(codes))


def _flag(entry: Mapping[str, Any], name: str) -> bool:
    value = entry.get(name, False)
    if not isinstance(value, bool):
        raise _bad_value(name)
    return value


def _level(entry: Mapping[str, Any]) -> Decimal:
    """A number, or one in a string: the docs show both."""
    try:
        level = Decimal(str(entry.get("level", 0)))
    except InvalidOperation:
        level = Decimal(-1)
    if not (level.is_finite() and level >= 0):
        raise _bad_value("level")
    return level


def _wrong_format() -> StreamError:
    return StreamError("WRONG_FORMAT", "Format이 맞지 않습니다.")


def _bad_value(name: str) -> StreamError:
    return StreamError("INVALID_PARAM", f"지원하지 않는 {name} 값입니다.")

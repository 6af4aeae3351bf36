"""What the address of a stream connection asks for.

``/public/ws/<a>/<b>``, ``/public/stream?streams=<a>/<b>``, the same under ``/market`` and
``/private`` and without a prefix; ``/private/ws?listenKey=<key>&events=<A>/<B>``, in
``/private/stream`` several such pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from exchanges.simulator.binance.streams.catalog import Road
from exchanges.transport import Request


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stream to begin with. ``events``: which events of a user data stream (None: all)."""

    name: str = field(repr=False)
    """May be a listen key."""
    events: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Address:
    road: Road
    combined: bool
    """Payloads come wrapped, with the name of their stream."""
    streams: tuple[Wanted, ...]


def parse_address(handshake: Request) -> Address | None:
    """None for a path where no streams are."""
    parts = [part for part in handshake.path.split("/") if part]
    road = Road.UNROUTED
    if parts and parts[0] in (Road.PUBLIC, Road.MARKET, Road.PRIVATE):
        road = Road(parts.pop(0))
    if not parts or parts[0] not in ("ws", "stream"):
        return None
    names = [unquote(part) for part in parts[1:]]
    pairs = parse_qsl(handshake.query)
    for key, value in pairs:
        if key == "streams":
            names += [name for name in value.split("/") if name]
    streams = [Wanted(name) for name in names]
    if road is Road.PRIVATE:
        streams += _keys(pairs)
    return Address(road, parts[0] == "stream", tuple(streams))


def _keys(pairs: list[tuple[str, str]]) -> list[Wanted]:
    """Each listenKey with the events that follow it."""
    keys: list[Wanted] = []
    for key, value in pairs:
        if key == "listenKey" and value:
            keys.append(Wanted(value))
        elif key == "events" and keys:
            events = frozenset(name for name in value.split("/") if name)
            keys[-1] = Wanted(keys[-1].name, events or None)
    return keys

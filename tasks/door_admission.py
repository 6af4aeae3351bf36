"""Who is let in at the fast door over TCP, and how often.

Three bounds, each by the caller's address (an IPv6 caller counts with its /64, which is what one
subscriber is given: RIPE-690): connections at once, requests a second, and signals whose signature
is wrong. The last is far tighter: such a signal comes from nobody we know and would be journalled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from exchanges.clock import Clock

THIS_MACHINE = ("127.0.0.0/8", "::1/128")
CONNECTIONS = 64
CONNECTIONS_EACH = 16
STRANGERS_BURST = 10
STRANGERS_PER_S = 1 / 6
REMEMBERED = 1_024
"""Callers whose use is kept; beyond it those are forgotten who have used nothing lately."""


class TokenBucket:
    """``per_s`` a second on the average, ``burst`` of them at once."""

    def __init__(self, per_s: float, burst: float, now: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = burst
        self._at = now

    def take(self, now: float) -> bool:
        self._fill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def is_full(self, now: float) -> bool:
        self._fill(now)
        return self._left >= self._burst

    def _fill(self, now: float) -> None:
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now


@dataclass(slots=True)
class _Caller:
    requests: TokenBucket
    strangers: TokenBucket
    connections: int = 0


class DoorAdmission:
    """Counts and judges; the door acts on it."""

    def __init__(self, allowed: Sequence[str], requests_per_s: int, clock: Clock) -> None:
        """
        Args:
            allowed: Networks (``10.1.0.0/16``) or addresses; none: this machine only.
            requests_per_s: By one caller, on the average and at once.
            clock: Its monotonic seconds are used.
        """
        self._networks = [ip_network(text) for text in allowed or THIS_MACHINE]
        self._per_s = requests_per_s
        self._clock = clock
        self._callers: dict[str, _Caller] = {}
        self._connections = 0

    def connect(self, host: str) -> str | None:
        """Why a connection from ``host`` is not taken; None: it is, and must be given back with
        :meth:`disconnect`."""
        address = _address(host)
        if address is None or not any(address in network for network in self._networks):
            return "its address is not in fast_door_allow"
        if self._connections >= CONNECTIONS:
            return f"{CONNECTIONS} connections are open"
        caller = self._caller(host)
        if caller.connections >= CONNECTIONS_EACH:
            return f"it has {CONNECTIONS_EACH} connections open"
        caller.connections += 1
        self._connections += 1
        return None

    def disconnect(self, host: str) -> None:
        self._caller(host).connections -= 1
        self._connections -= 1

    def may_ask(self, host: str) -> bool:
        """Book a request."""
        return self._caller(host).requests.take(self._clock.monotonic())

    def may_be_refused(self, host: str) -> bool:
        """Book a signal whose signature is wrong; False: it is not worth a record any more."""
        return self._caller(host).strangers.take(self._clock.monotonic())

    def _caller(self, host: str) -> _Caller:
        key, now = _key(host), self._clock.monotonic()
        caller = self._callers.get(key)
        if caller is None:
            self._make_room(now)
            caller = self._callers[key] = _Caller(
                TokenBucket(self._per_s, self._per_s, now),
                TokenBucket(STRANGERS_PER_S, STRANGERS_BURST, now),
            )
        return caller

    def _make_room(self, now: float) -> None:
        if len(self._callers) < REMEMBERED:
            return
        self._callers = {
            key: caller
            for key, caller in self._callers.items()
            if caller.connections
            or not (caller.requests.is_full(now) and caller.strangers.is_full(now))
        }


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    # A door that listens on all of IPv6 hears IPv4 callers as ::ffff:10.0.0.1.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _key(host: str) -> str:
    address = _address(host)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address)

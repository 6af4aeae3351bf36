"""Where a venue is reached."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses of one venue, real or simulated, each without a path.

    Raises ValueError, naming the field, for anything else.
    """

    rest: str
    """``http(s)://HOST[:PORT]``."""
    stream: str | None = None
    """``ws(s)://HOST[:PORT]`` of market data and own orders; None: where ``rest`` is."""
    order_entry: str | None = None
    """``ws(s)://HOST[:PORT]`` of Binance's WebSocket API; None: where ``rest`` is."""

    def __post_init__(self) -> None:
        _check("rest", self.rest, "http")
        for name in ("stream", "order_entry"):
            address = getattr(self, name)
            if address is not None:
                _check(name, address, "ws")

    @property
    def base(self) -> str:
        """The REST address without a closing slash, ready to take a path."""
        return self.rest.rstrip("/")

    @property
    def stream_base(self) -> str:
        """The stream address, ready to take a path."""
        return self._socket(self.stream)

    @property
    def order_entry_base(self) -> str:
        """The address of WebSocket order entry, ready to take a path."""
        return self._socket(self.order_entry)

    def _socket(self, address: str | None) -> str:
        return ("ws" + self.base.removeprefix("http")) if address is None else address.rstrip("/")


def _check(name: str, address: str, scheme: str) -> None:
    expected = f"{name}: expected {scheme}(s)://HOST[:PORT] without a path, got {address!r}"
    try:
        parts = urlsplit(address)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(expected) from None
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{name}: expected an address without user name and password")
    if (
        parts.scheme not in (scheme, f"{scheme}s")
        or not parts.hostname
        or not port_is_valid
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
    ):
        raise ValueError(expected)

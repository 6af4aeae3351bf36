"""Where a venue is reached."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses of one venue, real or simulated."""

    rest: str
    """``http(s)://host[:port]`` without a path. Raises ValueError for anything else."""

    def __post_init__(self) -> None:
        expected = f"rest: expected http(s)://HOST[:PORT] without a path, got {self.rest!r}"
        try:
            parts = urlsplit(self.rest)
            port_is_valid = parts.port is None or parts.port > 0
        except ValueError:
            raise ValueError(expected) from None
        if parts.username is not None or parts.password is not None:
            raise ValueError("rest: expected an address without user name and password")
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or not port_is_valid
            or parts.path not in ("", "/")
            or parts.query
            or parts.fragment
        ):
            raise ValueError(expected)

    @property
    def base(self) -> str:
        """The address without a closing slash, ready to take a path."""
        return self.rest.rstrip("/")

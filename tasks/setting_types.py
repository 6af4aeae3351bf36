"""Types of settings: what a value of each must be."""

from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from tasks.maintenance import parse_window
from tasks.venue_keys.permission import parse_permissions

Percent = Annotated[Decimal, Field(ge=0, le=100)]
SignedPercent = Annotated[Decimal, Field(gt=-100, le=100)]
Bps = Annotated[int, Field(ge=0, le=1_000)]
Milliseconds = Annotated[int, Field(gt=0, le=600_000)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
PositiveKrw = Annotated[Decimal, Field(gt=0)]
Coin = Annotated[Decimal, Field(gt=0)]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def _http_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an address such as https://api.upbit.com")
    return text.rstrip("/")


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError("expected HOST:PORT such as 127.0.0.1:8700")
    return text


def _ip_address(text: str) -> str:
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        raise ValueError("expected an address such as 127.0.0.1") from None


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip()))
    except ValueError:
        raise ValueError("expected addresses or networks such as 10.1.2.3 or 10.1.0.0/16") from None


def _vault_address(text: str) -> str:
    """The token travels with each request, so in the clear only on this machine."""
    address = _http_address(text)
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ValueError("expected an address such as https://vault.example:8200")
    return address


def _declared(text: str) -> str:
    return ",".join(sorted(parse_permissions(text)))


def _maintenance(text: str) -> str:
    parse_window(text)
    return text


Maintenance = Annotated[str, AfterValidator(_maintenance)]
HttpAddress = Annotated[str, AfterValidator(_http_address)]
VaultAddress = Annotated[str, AfterValidator(_vault_address)]
DeclaredPermissions = Annotated[str, AfterValidator(_declared)]
IpAddress = Annotated[str, AfterValidator(_ip_address)]
Network = Annotated[str, AfterValidator(_network)]
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]

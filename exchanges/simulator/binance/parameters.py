"""Reading single request parameters; all of them arrive as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from exchanges.simulator.binance.refusal import Refused

E = TypeVar("E", bound=StrEnum)

_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")


def required(params: Mapping[str, str], name: str) -> str:
    """A parameter that must be there."""
    value = params.get(name, "")
    if not value:
        raise Refused(-1102, name)
    return value


def number(params: Mapping[str, str], name: str) -> Decimal:
    text = required(params, name)
    if not _NUMBER.fullmatch(text):
        raise Refused(-1102, name)
    return Decimal(text)


def integer(params: Mapping[str, str], name: str) -> int | None:
    """A whole number, None when absent."""
    text = params.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Refused(-1130, name)
    return int(text)


def boolean(params: Mapping[str, str], name: str, *, default: bool | None = None) -> bool:
    """``true`` or ``false`` in any case; mandatory without a default."""
    text = params.get(name, "").lower()
    if not text and default is not None:
        return default
    if text not in ("true", "false"):
        raise Refused(-1102, name)
    return text == "true"


def client_id(params: Mapping[str, str], name: str) -> str | None:
    """An id of the client's own; None leaves it to the venue. Refused with -4015."""
    text = params.get(name) or None
    if text is not None and not _CLIENT_ID.fullmatch(text):
        raise Refused(-4015)
    return text


def one_of(text: str, kind: type[E], code: int, *details: object) -> E:
    """``text`` as one of ``kind``; else refused with ``code``."""
    if text not in set(kind):
        raise Refused(code, *details)
    return kind(text)

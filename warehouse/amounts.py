"""The decimals of a record's body, as their columns take them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from warehouse.exact import is_plain, money_text, ratio_text

Body = Mapping[str, Any]


def money(body: Body, *names: str) -> list[str]:
    """Amounts that must be there, as their columns take them."""
    return [
        text if is_plain(text := body[name]) else _checked(money_text, name, text) for name in names
    ]


def money_or_none(body: Body, *names: str) -> list[str | None]:
    """Amounts, each of which may be missing."""
    return [
        text
        if (text := body.get(name)) is None or is_plain(text)
        else _checked(money_text, name, text)
        for name in names
    ]


def ratio_or_none(body: Body, *names: str) -> list[str | None]:
    """Percentages, each of which may be missing."""
    return [
        text
        if (text := body.get(name)) is None or is_plain(text)
        else _checked(ratio_text, name, text)
        for name in names
    ]


def _checked(convert: Callable[[str], str], name: str, text: str) -> str:
    try:
        return convert(text)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None

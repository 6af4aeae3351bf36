"""The settings in words: what each may be, what it is, and where its value comes from."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from tasks.settings import Settings, settings_file

MASK = "••••••••"


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One effective setting, fit to be shown to anyone."""

    name: str
    value: str
    """Secrets are masked; ``-`` when unset."""
    source: str
    """``KIMP_X``, the name of the TOML file, or ``default``."""
    meaning: str


def describe(settings: Settings) -> Sequence[SettingLine]:
    """Every setting in the order of the model. No secret is in the result."""
    return [
        SettingLine(name, _shown(getattr(settings, name)), source_of(name), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def variable(name: str) -> str:
    """The environment variable of a setting: ``home`` → ``KIMP_HOME``."""
    return f"KIMP_{name.upper()}"


def source_of(name: str) -> str:
    """Where the value of ``name`` is taken from (arguments of the process aside)."""
    if os.environ.get(variable(name)):
        return variable(name)
    return settings_file().name if name in _names_in_file() else "default"


def is_secret(field: FieldInfo) -> bool:
    return SecretStr in _types(field.annotation)


def expectation(field: FieldInfo) -> str:
    """What a value must be, to follow the word ``expected``: ``a whole number from 1 to 100``."""
    kinds = [kind for kind in _types(field.annotation) if kind is not NoneType]
    kind = kinds[0]
    if get_origin(kind) is tuple:
        example = '["BTC"]' if str in get_args(kind) else "[1.0, 2.0]"
        return f"a list such as {example}"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return " or ".join(member.value for member in kind)
    words = {bool: "true or false", int: "a whole number", float: "a number", Decimal: "a number"}
    return words.get(kind, "a text") + _range(field)


def _range(field: FieldInfo) -> str:
    bounds = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("gt", "ge", "lt", "le")
        if hasattr(rule, name)
    }
    if "ge" in bounds and "le" in bounds:
        return f" from {bounds['ge']} to {bounds['le']}"
    low = f" above {bounds['gt']}" if "gt" in bounds else ""
    low = f" of at least {bounds['ge']}" if "ge" in bounds else low
    return low + (f" and at most {bounds['le']}" if "le" in bounds else "")


def _types(annotation: Any) -> tuple[Any, ...]:
    """The members of a union; anything else by itself."""
    members = get_args(annotation)
    is_union = bool(members) and get_origin(annotation) is not tuple
    return members if is_union else (annotation,)


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    return str(value)


def _names_in_file() -> frozenset[str]:
    try:
        return frozenset(tomllib.loads(settings_file().read_text("utf-8")))
    except FileNotFoundError:
        return frozenset()

"""Parameters of a signed call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from exchanges.simulator.upbit.refusal import validation_error


class Fields:
    """Parameters by name, without brackets, empty values left out."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            if value != "":
                self._values.setdefault(name.removesuffix("[]"), []).append(value)

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Fields:
        """The values of a JSON object; a missing value is as good as none. Raises Refusal."""
        pairs: list[tuple[str, str]] = []
        for name, value in body.items():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict | list):
                    raise validation_error(f"{name} does not have a valid value")
                if item is not None:
                    pairs.append((name, str(item)))
        return cls(pairs)

    def one(self, name: str) -> str | None:
        """The value of ``name``, None when absent."""
        values = self._values.get(name)
        return values[0] if values else None

    def many(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def listed(self, name: str) -> list[str]:
        """The parts of a value with commas; empty when absent."""
        return [part for part in (self.one(name) or "").split(",") if part]

    def single(self) -> dict[str, str]:
        """The first value of each name."""
        return {name: values[0] for name, values in self._values.items()}

    def choice(self, name: str, *allowed: str) -> str:
        """One of ``allowed``, the first of them when absent. Raises Refusal."""
        value = self.one(name)
        if value is None:
            return allowed[0]
        if value not in allowed:
            raise validation_error(f"{name} does not have a valid value")
        return value

    def whole(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to ``most``. Raises Refusal."""
        text = self.one(name) or str(default)
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= most):
            raise validation_error(f"{name} does not have a valid value")
        return int(text)

    def time(self, name: str) -> datetime | None:
        """ISO-8601 or Unix milliseconds; None when absent. Raises Refusal."""
        text = self.one(name)
        if text is None:
            return None
        try:
            if text.isascii() and text.isdigit():
                return datetime.fromtimestamp(int(text) / 1000, UTC)
            parsed = datetime.fromisoformat(text)
        except (ValueError, OverflowError, OSError):
            raise validation_error(f"{name} does not have a valid value") from None
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)

    def ids(self, most: int) -> tuple[list[str], list[str]]:
        """(``uuids``, ``identifiers``): one of the two, at most ``most``. Raises Refusal."""
        uuids, identifiers = self.many("uuids"), self.many("identifiers")
        if bool(uuids) is bool(identifiers):
            raise validation_error("either uuids or identifiers is expected")
        if len(uuids) + len(identifiers) > most:
            raise validation_error(f"at most {most} uuids or identifiers are allowed")
        return uuids, identifiers

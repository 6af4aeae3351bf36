"""A signal: what research asks the desk to do, and its canonical bytes.

JSON object, unknown fields refused::

    id                 1 to 64 printable ASCII characters without spaces; the idempotency key
    action             "ENTER" or "EXIT"
    symbol             the coin, "BTC"
    direction          "long_premium" (default) or "short_premium"; an EXIT follows its pair
    quantity           coin, ENTER only ┐ exactly one
    notional_krw       KRW, ENTER only  ┘ of the two
    pair_id            EXIT only; absent: every open pair of the symbol
    premium_limit_pct  ENTER only: denied if the executable premium is worse than this, percent
    max_slippage_bps   0 to 1000, whole; absent: the desk's setting
    created_at         ISO-8601 with an offset
    ttl_ms             1 to 60000, default 3000: older than this on arrival is expired
    strategy           1 to 64 printable ASCII characters, for the books
    key_id             whose key signed
    signature          see :mod:`tasks.signing`

Decimals may be JSON strings or numbers. A JSON number with a fraction reaches us as a binary
double and is read as the shortest decimal text that names it (``0.1`` is 0.1); beyond 15
significant digits send a string. ``null`` is the same as an absent field.

**Canonical bytes**, which are what is signed, can be made in any language:

1. one JSON object in UTF-8, no white space, keys in alphabetical order, strings escaped only
   where JSON demands it (``"`` and ``\\``; not ``/``);
2. without ``signature`` and without every absent or null field, but *with* the defaults of
   ``direction`` and ``ttl_ms``;
3. decimals (``quantity``, ``notional_krw``, ``premium_limit_pct``) always as strings in plain
   notation, no exponent, no plus sign, no zeros at the end of a fraction, ``"0"`` for zero;
   ``ttl_ms`` and ``max_slippage_bps`` as numbers;
4. ``created_at`` in UTC as ``YYYY-MM-DDTHH:MM:SS.ffffffZ`` with six digits of fraction.

For example (one line)::

    {"action":"ENTER","created_at":"2026-01-31T09:30:00.250000Z","direction":"long_premium",
     "id":"s-1","key_id":"alpha","quantity":"0.01","symbol":"BTC","ttl_ms":3000}
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

import orjson
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from tasks.errors import BadSignal
from tasks.wire_text import in_utc, read_utc, short_decimal_text, utc_text

MAX_WHOLE_DIGITS = 15
MAX_FRACTION_DIGITS = 12

# Decimal() alone would also take "1_0", "NaN" and digits of other scripts.
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")

EXPECTED: Mapping[str, str] = {
    "id": "1 to 64 printable ASCII characters without spaces",
    "action": "ENTER or EXIT",
    "symbol": 'an upper-case coin name such as "BTC"',
    "direction": "long_premium or short_premium",
    "quantity": "a positive decimal",
    "notional_krw": "a positive decimal",
    "pair_id": '"p" and 12 hexadecimal digits',
    "premium_limit_pct": "a decimal from -100 to 1000",
    "max_slippage_bps": "a whole number from 0 to 1000",
    "created_at": "an ISO-8601 time with an offset",
    "ttl_ms": "a whole number from 1 to 60000",
    "strategy": "1 to 64 printable ASCII characters",
    "key_id": "1 to 64 letters, digits, dots, dashes or underscores",
    "signature": "a text of at most 256 characters",
}


class SignalAction(StrEnum):
    ENTER = "ENTER"
    EXIT = "EXIT"


class Direction(StrEnum):
    """What a pair earns from. ``long_premium`` holds spot against a short perpetual and earns when
    the premium rises; ``short_premium`` has sold held spot against a long perpetual and earns
    when it falls."""

    LONG_PREMIUM = "long_premium"
    SHORT_PREMIUM = "short_premium"


def _read_decimal(value: object) -> object:
    """Strings, ints and floats as an exact Decimal of bounded length; others are left to fail."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("not a decimal")
    text = repr(value) if isinstance(value, float) else str(value)
    if len(text) > 64 or not _DECIMAL.fullmatch(text):
        raise ValueError("not a decimal")
    number = Decimal(text)
    if number and not -MAX_FRACTION_DIGITS <= number.adjusted() < MAX_WHOLE_DIGITS:
        raise ValueError("out of range")
    short = Decimal(short_decimal_text(number)) if number else Decimal(0)
    exponent = short.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MAX_FRACTION_DIGITS:
        raise ValueError("too many digits")
    return short


def _read_time(value: object) -> object:
    if isinstance(value, str):
        return read_utc(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return in_utc(value)
    raise ValueError("not a time with an offset")


_decimal_rules = (
    BeforeValidator(_read_decimal),
    PlainSerializer(short_decimal_text, return_type=str, when_used="json"),
)
PositiveDecimal = Annotated[Decimal, Field(gt=0), *_decimal_rules]
PercentDecimal = Annotated[Decimal, Field(ge=-100, le=1_000), *_decimal_rules]
SignalTime = Annotated[
    datetime,
    BeforeValidator(_read_time),
    PlainSerializer(utc_text, return_type=str, when_used="json"),
]


class Signal(BaseModel):
    """One request to trade, as of the module's description. Frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[!-~]{1,64}$", description="Idempotency key.")
    action: SignalAction = Field(description="ENTER opens a pair, EXIT closes one.")
    symbol: str = Field(pattern=r"^[A-Z0-9]{1,20}$", description='The coin, e.g. "BTC".')
    direction: Direction = Field(
        Direction.LONG_PREMIUM, description="What the pair earns from: a rising or falling premium."
    )
    quantity: PositiveDecimal | None = Field(None, description="ENTER: size in coin.")
    notional_krw: PositiveDecimal | None = Field(None, description="ENTER: size in KRW, instead.")
    pair_id: str | None = Field(
        None, pattern=r"^p[0-9a-f]{12}$", description="EXIT: one pair; none: all of the symbol."
    )
    premium_limit_pct: PercentDecimal | None = Field(
        None, description="ENTER: worst executable premium, percent."
    )
    max_slippage_bps: int | None = Field(
        None, ge=0, le=1_000, strict=True, description="Bound on each leg's price, basis points."
    )
    created_at: SignalTime = Field(description="When research decided; ISO-8601 with an offset.")
    ttl_ms: int = Field(
        3_000, ge=1, le=60_000, strict=True, description="Milliseconds until it is stale."
    )
    strategy: str | None = Field(None, pattern=r"^[ -~]{1,64}$", description="For the books.")
    key_id: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$", description="Whose key signed."
    )
    signature: str | None = Field(
        None, max_length=256, description="128 hexadecimal digits; see tasks/signing.py."
    )

    @model_validator(mode="after")
    def _fields_fit_the_action(self) -> Self:
        if self.action is SignalAction.ENTER:
            if (self.quantity is None) == (self.notional_krw is None):
                got = "none" if self.quantity is None else "both"
                raise ValueError(
                    f"quantity: expected exactly one of quantity and notional_krw, got {got}"
                )
            if self.pair_id is not None:
                raise ValueError("pair_id: expected only with EXIT, got it with ENTER")
            return self
        for name in ("quantity", "notional_krw", "premium_limit_pct"):
            if getattr(self, name) is not None:
                raise ValueError(f"{name}: expected only with ENTER, got it with EXIT")
        return self

    def to_json(self) -> dict[str, Any]:
        """Every field in its canonical text, absent ones left out; what records hold."""
        return self.model_dump(mode="json", exclude_none=True)


def parse_signal(data: bytes | Mapping[str, object]) -> Signal:
    """Read a signal from JSON text or from decoded JSON.

    Raises:
        BadSignal: one sentence that names the field and what was expected.
    """
    try:
        fields = orjson.loads(data) if isinstance(data, bytes) else data
    except orjson.JSONDecodeError as error:
        raise BadSignal(
            f"signal: expected a JSON object, got text that is not JSON: {error}"
        ) from None
    if not isinstance(fields, Mapping):
        raise BadSignal(f"signal: expected a JSON object, got {_shown(fields)}")
    try:
        return Signal.model_validate(dict(fields))
    except ValidationError as error:
        raise BadSignal(_sentence(error.errors(include_url=False)[0])) from None


def canonical_bytes(signal: Signal) -> bytes:
    """What a signature covers: the canonical form of the module's description."""
    fields = signal.to_json()
    fields.pop("signature", None)
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


def _sentence(error: ErrorDetails) -> str:
    if not error["loc"]:  # a rule over several fields, already a sentence of ours
        return error["msg"].removeprefix("Value error, ")
    field = str(error["loc"][0])
    if field not in EXPECTED:
        name = _clip(json.dumps(field)[1:-1])
        return f"{name}: expected one of {', '.join(EXPECTED)}, got an unknown field"
    if error["type"] == "missing":
        return f"{field}: expected {EXPECTED[field]}, but it is missing"
    return f"{field}: expected {EXPECTED[field]}, got {_shown(error['input'])}"


def _shown(value: object) -> str:
    """``value`` as JSON in ASCII, cut to a readable length."""
    try:
        return _clip(json.dumps(value, default=str))
    except ValueError:  # an integer too long to be written
        return f"a {type(value).__name__}"


def _clip(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."

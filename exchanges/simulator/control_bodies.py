"""What the control API accepts."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from exchanges.instrument import Venue
from exchanges.simulator.faults import FaultKind
from exchanges.simulator.market import MAX_SPEED

Positive = Annotated[Decimal, Field(gt=0)]


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MarketEntry(Body):
    """Either a touch that is held (``bid`` and ``ask``, with or without ``size``), or the shape
    of the book around the moving price (``spread_bps``, ``size``)."""

    bid: Positive | None = None
    ask: Positive | None = None
    size: Positive | None = None
    spread_bps: Annotated[Decimal, Field(ge=0, le=1_000)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.bid is None) is not (self.ask is None):
            raise ValueError("bid and ask are expected together")
        if self.bid is not None and self.spread_bps is not None:
            raise ValueError("spread_bps cannot be set together with bid and ask")
        if not self.model_fields_set:
            raise ValueError("bid and ask, spread_bps or size is expected")
        return self


class MarketBody(Body):
    """Markets by native name; null follows the moving price again. So do null rates."""

    upbit: dict[str, MarketEntry | None] = Field(default_factory=dict)
    binance: dict[str, MarketEntry | None] = Field(default_factory=dict)
    hyperliquid: dict[str, MarketEntry | None] = Field(default_factory=dict)
    krw_per_usd: Positive | None = None
    krw_per_usdt: Positive | None = None


class SpeedBody(Body):
    speed: Annotated[float, Field(ge=0, le=MAX_SPEED)]
    """Market seconds per second."""


class FaultBody(Body):
    venue: Venue
    endpoint: str = "*"
    kind: FaultKind
    times: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    args: dict[str, Any] = Field(default_factory=dict)

    @field_validator("kind", mode="before")
    @classmethod
    def _supported(cls, value: object) -> object:
        kinds = [kind.value for kind in FaultKind]
        if value not in kinds:
            raise ValueError(f"{value!r} is not supported, expected one of {', '.join(kinds)}")
        return value


class FundingBody(Body):
    rate: Annotated[Decimal, Field(ge=-1, le=1)]
    """Fraction of the position's value; positive: longs pay shorts."""
    venue: Literal[Venue.BINANCE, Venue.HYPERLIQUID] = Venue.BINANCE


class ForceCloseBody(Body):
    venue: Literal[Venue.BINANCE, Venue.HYPERLIQUID]
    account: str
    """Its API key; at Hyperliquid its address."""
    symbol: str
    quantity: Positive
    reason: Literal["ADL", "liquidation"]


class TransferBody(Body):
    venue: Venue
    account: str
    """Its API key; at Hyperliquid its address."""
    currency: str
    amount: Decimal
    """Negative: it leaves the account."""


class ClockBody(Body):
    venue: Venue
    offset_ms: Annotated[int, Field(ge=-86_400_000, le=86_400_000)]


def first_error(error: ValidationError) -> str:
    """The first thing that is wrong: field and what was expected."""
    details = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in details["loc"]) or "body"
    message = details["msg"].removeprefix("Value error, ")
    return f"{field}: {message[:1].lower()}{message[1:]}"

"""What the books say, as values: pairs with both legs, sums of periods, open pairs, denials.

None means *missing*, never zero. Amounts in KRW unless a currency is named;
premiums in percent.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from warehouse.exact import plain_text


@dataclass(frozen=True, slots=True)
class Trade:
    """What one leg traded on its way in or on its way out."""

    side: str
    quantity: Decimal
    average_price: Decimal
    """Quote currency of the venue, rounded to 8 decimals."""
    value: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class LegLine:
    venue: str
    currency: str
    """Of price, value and fee."""
    entry: Trade | None
    """None: nothing traded."""
    exit: Trade | None


@dataclass(frozen=True, slots=True)
class ResultParts:
    """A pair's result. The known parts add up to ``net_krw`` exactly."""

    net_krw: Decimal
    premium_krw: Decimal
    fx_krw: Decimal
    funding_krw: Decimal | None
    fees_krw: Decimal
    """Negative: paid."""
    slippage_krw: Decimal
    revision: int
    """1: as first written; higher: corrected."""


@dataclass(frozen=True, slots=True)
class PairLine:
    pair_id: str
    signal_id: str
    strategy: str | None
    symbol: str
    direction: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    spot: LegLine
    perpetual: LegLine
    entry_premium_pct: Decimal | None
    exit_premium_pct: Decimal | None
    result: ResultParts | None


@dataclass(frozen=True, slots=True)
class Period:
    """Sums over the pairs that ended on Korean days ``first`` to ``last`` (both included)."""

    name: str
    """``today`` (the day reported on), ``week`` (from Monday up to that day) or ``total``."""
    first: date | None
    """None: from the beginning."""
    last: date
    pairs_closed: int
    pairs_unwound: int
    wins: int
    losses: int
    net_krw: Decimal
    premium_krw: Decimal
    fx_krw: Decimal
    funding_krw: Decimal | None
    """Of the pairs whose funding is known; None when pairs ended and of none it is known."""
    funding_missing: int
    """Pairs whose funding is not known and therefore in no sum."""
    fees_krw: Decimal
    slippage_krw: Decimal


@dataclass(frozen=True, slots=True)
class DenialLine:
    """One reason for which there was no trade, on the day reported on."""

    status: str
    """``denied``, or ``held`` for a refused exit."""
    code: str
    count: int
    last_at: datetime
    last_message: str


@dataclass(frozen=True, slots=True)
class Unhedged:
    """How unequal legs were, and for how long: of the entries, exits and repairs that ended on the
    day reported on. Percentiles are values that occurred; None: there were none."""

    pairs: int
    krw_s_p50: Decimal | None
    """Won unhedged times seconds, per pair."""
    krw_s_p99: Decimal | None
    repaired: int
    """How often the desk found legs unequal, or did not know, and made them equal."""
    recovery_s_p50: Decimal | None
    """From that detection to hedged or flat."""
    recovery_s_p99: Decimal | None
    attempts: int
    """Orders that repairs took, those given up included."""
    naked: int
    """Given up and not repaired since."""


@dataclass(frozen=True, slots=True)
class Report:
    made_at: datetime
    day: date
    """The Korean day reported on."""
    records: int
    """How many journal records the books contain: their freshness."""
    open_pairs: tuple[PairLine, ...]
    """Oldest first, as they stand now."""
    ended_pairs: tuple[PairLine, ...]
    """Newest first, up to the end of ``day``."""
    today: Period
    week: Period
    total: Period
    unhedged: Unhedged
    denials: tuple[DenialLine, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON values: decimals as plain strings, times ISO-8601 UTC, None where missing."""
        return {field.name: _json(getattr(self, field.name)) for field in fields(self)}


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain_text(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    if is_dataclass(value):
        return {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    return value

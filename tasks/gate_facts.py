"""Everything the gate judges by, taken at one moment: the gate itself asks nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from exchanges.book import Executable
from exchanges.instrument import Venue
from exchanges.rules import Rules
from tasks.capital import Capital
from tasks.circuit_breaker import CircuitState
from tasks.pair import LegName
from tasks.settings import Basis, Settings
from tasks.signal import Signal, SignalAction


class Door(StrEnum):
    """Which way a signal came."""

    PREFECT = "prefect"
    FAST = "fast"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Switches:
    """Prefect's switches as last heard."""

    paused: Mapping[str, bool]
    """``entry/live`` → paused. A deployment that is not named counts as running."""
    age_s: float | None
    """Seconds since Prefect was last heard; None: never."""
    why: Mapping[str, str] = field(default_factory=dict)
    """Paused switch → its reasons and when each was heard."""


@dataclass(frozen=True, slots=True)
class SignerFacts:
    """What the key store says of the signal's key and signature."""

    is_trusted: bool
    """The key id is a trusted one."""
    signature_fits: bool
    is_operator: bool
    """It is the desk's own operator key."""


@dataclass(frozen=True, slots=True)
class LegFacts:
    """One venue, as far as the signal's symbol is concerned."""

    venue: Venue
    quote: str
    """The currency that its prices and its margin are in."""
    circuit: CircuitState
    clock_offset_ms: int | None
    """Venue minus ours; None: never measured."""
    clock_problem: str | None
    """Why nothing may be signed for the venue now; None: it may."""
    book_age_ms: float | None
    """None: there is no book (or it has an empty side)."""
    book_crossed: bool
    rules: Rules | None
    executable: Executable | None
    """Taking the quantity on the side of the entry; None: no book, no size, or too thin."""
    order_room: int
    """Orders that the rate limits let through now."""
    touch: Decimal | None = None
    """Best price on the side of the entry; None: no book."""
    market_problem: str | None = None
    """Why the market does not trade; None: it does."""
    unfit: str | None = None
    """Why nobody should enter a pair on the market; None: it is fit."""


@dataclass(frozen=True, slots=True)
class GateFacts:
    """One signal and the world around it. For an EXIT size, capital and risk are not looked at."""

    signal: Signal
    door: Door
    now: datetime
    settings: Settings
    seen_before: bool
    signer: SignerFacts
    switches: Switches
    killed: str | None
    """The reason of a kill that still holds."""
    lease_held: bool
    not_ready: str | None
    """Why entries are not accepted at all: starting, or venues and journal disagree."""
    legs: Mapping[LegName, LegFacts]
    krw_per_usd: Decimal | None
    fx_age_s: float | None
    krw_per_usdt: Decimal | None
    tether_age_s: float | None
    quantity: Decimal | None
    """Coin, of :func:`tasks.sizing.entry_quantity`; None while it cannot be computed."""
    premium_pct: Decimal | None
    """Executable premium of the quantity on the deciding basis."""
    capital: Capital | None
    """None while balances or rates are missing."""
    open_pairs: int
    naked_pair_id: str | None
    """A pair of the symbol that is naked or not settled yet."""
    contradiction: str | None = None
    """What happened to a pair of the symbol although its state does not allow it."""

    @property
    def is_entry(self) -> bool:
        return self.signal.action is SignalAction.ENTER

    @property
    def deciding_rate(self) -> Decimal | None:
        """KRW per dollar on the basis that decides."""
        return self.krw_per_usdt if self.settings.basis is Basis.TETHER else self.krw_per_usd

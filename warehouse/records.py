"""The journal's record types and the shape of each body.

The one contract between who writes the journal (the executor) and who reads
it (recovery, ingest). Bodies are JSON objects: money, prices and quantities
are decimal strings, times ISO-8601 UTC with ``Z``, ``None`` means *missing*
and never zero. Fields may be added; none is ever renamed or reused.

Money, prices and quantities have at most 20 digits before and 18 after the
point: the books hold them exactly or refuse the record. Percentages are
quotients, may have any number of digits, and are cut to 18 decimals in the books.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NotRequired, TypedDict


class RecordType(StrEnum):
    """What a record says happened. The value is what stands in the journal."""

    LEASE_TAKEN = "lease_taken"
    LEASE_RELEASED = "lease_released"
    SIGNAL_RECEIVED = "signal_received"
    SIGNAL_DECIDED = "signal_decided"
    ORDER_INTENDED = "order_intended"
    ORDER_OUTCOME = "order_outcome"
    FILL = "fill"
    PAIR_EVENT = "pair_event"
    PREMIUM = "premium"
    FX_RATE = "fx_rate"
    BALANCE = "balance"
    FUNDING = "funding"
    RECONCILIATION = "reconciliation"
    ALERT = "alert"
    ALERT_ACKNOWLEDGED = "alert_acknowledged"
    ALERTS_DELIVERED = "alerts_delivered"
    HEALTH = "health"
    SWITCH = "switch"
    ADOPTION = "adoption"
    CIRCUIT = "circuit"
    WATERMARK = "watermark"
    EXPOSURE = "exposure"
    MARGIN = "margin"
    HALT = "halt"
    CONTRADICTION = "contradiction"


ENDED_STATES = ("closed", "unwound", "failed")
"""Of a pair that holds nothing."""


class SignalReceived(TypedDict):
    signal: dict[str, Any]
    """The Signal as JSON, signature included (it is no secret)."""
    door: str
    """``prefect``, ``fast`` or ``operator``."""


class SignalDecided(TypedDict):
    outcome: dict[str, Any]
    """The Outcome as JSON. ``reason`` of a denial is ``code: sentence``."""
    binding: bool
    """False: denied before its signature was verified, so the id is not used up; no
    ``signal_received`` stands before it."""


class OrderIntended(TypedDict):
    """Written before the order is sent."""

    client_order_id: str
    pair_id: str
    leg: str
    """``spot`` or ``perpetual``."""
    attempt: int
    purpose: str
    """``entry``, ``exit``, ``hedge`` (a retried leg), ``unwind`` or ``liquidation``."""
    venue: str
    symbol: str
    side: str
    type: str
    quantity: str
    price: str | None
    time_in_force: str | None
    reduce_only: bool
    beside: NotRequired[str | None]
    """Signed coin on the leg's account that belonged to no pair then; None: not known."""


class OrderOutcome(TypedDict):
    """What is known of a sent order; the last record of an id holds. ``final`` ends the order."""

    client_order_id: str
    outcome: str
    """``reported``, ``denied``, ``rejected``, ``unavailable``, ``unknown`` or ``not_found``."""
    final: bool
    status: str | None
    venue_order_id: str | None
    filled: str | None
    value: str | None
    """Σ price × quantity, quote currency."""
    fee: str | None
    error: str | None


class FillRecord(TypedDict):
    """A trade; (venue, symbol, trade_id) is its key, a second record of it changes nothing."""

    venue: str
    symbol: str
    trade_id: str
    client_order_id: str | None
    venue_order_id: str
    pair_id: str | None
    leg: str | None
    side: str
    price: str
    quantity: str
    fee: str
    fee_currency: str
    time: str


class LegFlow(TypedDict):
    """What one leg has traded in one direction so far. ``value`` and ``fee`` in quote currency."""

    quantity: str
    value: str
    fee: str


class LegSnapshot(TypedDict):
    venue: str
    fee_currency: str
    attempts: int
    """Client order ids used so far."""
    entry: LegFlow
    exit: LegFlow


class PairSnapshot(TypedDict):
    """A pair, whole, as it stands after an event."""

    pair_id: str
    signal_id: str
    strategy: str | None
    symbol: str
    direction: str
    """``long_premium`` or ``short_premium``."""
    state: str
    """``opening``, ``unknown``, ``hedged``, ``closing``, ``closed``, ``recovering``, ``unwound``,
    ``naked`` or ``failed``."""
    target_quantity: str
    opened_at: str
    closed_at: str | None
    spot: LegSnapshot
    perpetual: LegSnapshot
    entry_reference: PriceReference | None
    exit_reference: PriceReference | None
    forced: NotRequired[bool]
    """The venue closed a leg by force and the legs differ since. Absent: no."""


class PriceReference(TypedDict):
    """The touch and the rates at the moment of decision: what slippage is measured from."""

    spot_price: str
    """Best price on the side to be taken, KRW."""
    perpetual_price: str
    """Best price on the side to be taken, USDT."""
    krw_per_usdt: str
    """The rate that decides (tether basis, or fx by setting)."""
    krw_per_usd: str | None
    premium_pct: str
    """Of the executable prices for the size, on the deciding basis."""
    premium_fx_pct: str | None


class PairEventRecord(TypedDict):
    """One transition of a pair."""

    pair_id: str
    event: str
    from_state: str | None
    to_state: str
    detail: str
    """One sentence for people."""
    pair: PairSnapshot
    result: NotRequired[PairResult]
    """On the events that end a pair with something traded."""


class PairResult(TypedDict):
    """Cash result of an ended pair in KRW; the five parts add up to ``net_krw`` exactly."""

    net_krw: str
    premium_krw: str
    fx_krw: str
    funding_krw: str | None
    """None: not known yet (shown as missing; counts as nothing in ``net_krw``)."""
    fees_krw: str
    """Negative: paid."""
    slippage_krw: str
    entry_premium_pct: str | None
    exit_premium_pct: str | None
    krw_per_usdt: str
    """The rate that the perpetual's cash was converted at."""


class PremiumRecord(TypedDict):
    """Executable premium of one symbol for ``quantity``, in percent, both bases."""

    symbol: str
    quantity: str
    enter_fx_pct: str | None
    enter_tether_pct: str | None
    """Paying the spot ask, hitting the perpetual bid (what long_premium enters at)."""
    leave_fx_pct: str | None
    leave_tether_pct: str | None
    """Hitting the spot bid, paying the perpetual ask (what long_premium leaves at)."""
    krw_per_usd: str | None
    krw_per_usdt: str | None


class FxRate(TypedDict):
    source: str
    pair: str
    """``USDKRW`` (bank) or ``USDTKRW`` (tether bid)."""
    rate: str
    observed_at: str


class BalanceRecord(TypedDict):
    venue: str
    currency: str
    total: str
    available: str


class FundingRecord(TypedDict):
    """From the venue's income feed; (venue, transaction_id) is its key."""

    venue: str
    transaction_id: str
    symbol: str
    amount: str
    """Signed: positive is received."""
    currency: str
    time: str


class Difference(TypedDict):
    """One disagreement between journal and venue."""

    kind: str
    """``position``, ``order``, ``fill`` or ``balance``."""
    venue: str
    symbol: str
    journal: str
    venue_says: str
    difference: str
    explained: str | None
    """Why it is harmless, or None: a person must look."""


class ReconciliationRecord(TypedDict):
    reconciliation_id: str
    agreed: bool
    differences: list[Difference]


class HealthComponent(TypedDict):
    ok: bool
    detail: str
    warning: str | None
    """What may become trouble while it is still ok."""


class HealthRecord(TypedDict):
    ok: bool
    components: dict[str, HealthComponent]
    against_entries: list[str]
    """A sentence for each reason why no entries are taken whatever the signal."""
    errors_hour: int
    errors_today: int
    """Critical alerts and signals that came to nothing, in the last hour and since midnight KST."""


class AdoptionRecord(TypedDict):
    """Something that a venue did or shows and that no order of the desk explains, taken over into
    the books; ``adoption_id`` is its key, a second record of it changes nothing."""

    adoption_id: str
    """Derived from what was found, so that who finds it again gives it the same."""
    kind: str
    """``manual_trade``, ``adl``, ``liquidation``, ``deposit`` or ``withdrawal``."""
    venue: str
    symbol: str
    """The coin, or the currency of a deposit or withdrawal."""
    side: str
    """``buy``: the account has more of it, ``sell``: less."""
    quantity: str
    price: str | None
    """None: no trade."""
    fee: str
    fee_currency: str
    trade_id: str | None
    venue_order_id: str | None
    time: str
    pair_id: str | None
    """The pair whose leg it changed; None: none, it stands beside them."""
    leg: str | None
    detail: str
    """One sentence for people."""


class ExposureRecord(TypedDict):
    """A stretch in a pair's life in which its legs could differ: on its way in, on its way out or
    under repair. The last record of an id holds: a stretch that ended naked goes on."""

    exposure_id: str
    """``<pair_id>-<number of the stretch>``."""
    pair_id: str
    symbol: str
    began_with: str
    """The pair's event: ``opened``, ``exit_started``, ``forced_close``, ``late_fill``, …"""
    began_at: str
    detected_at: str | None
    """When the desk knew that the legs may differ; None: they never were known to."""
    ended_at: str
    state: str
    """Of the pair then."""
    unhedged_krw_s: str
    """∫ |spot + perpetual| dt × ``krw_per_coin``: won times seconds, to the thousandth."""
    krw_per_coin: str
    """What a coin of difference counts: the spot price that the pair was decided on."""
    recovery_s: str | None
    """From detection to hedged or flat; None: nothing was detected, or it is not over."""
    attempts: int
    """Orders sent to repair it: those after the detection."""


class Opening(TypedDict):
    """What a venue held of an asset besides all that the journal's trades, funding and transfers
    account for."""

    venue: str
    asset: str
    amount: str


class PassedOver(TypedDict):
    """A trade that the books leave out: it was made before they began, so an opening has it."""

    venue: str
    symbol: str
    trade_id: str


class WatermarkRecord(TypedDict):
    """Journal and venues agreed. Of each opening the last record holds."""

    read_until: str
    """Trades up to then have been looked at."""
    openings: list[Opening]
    before: list[PassedOver]


class MarginRecord(TypedDict):
    """Money moved from the reserve to a position's margin; the last record of an id holds."""

    margin_id: str
    venue: str
    symbol: str
    amount: str
    currency: str
    status: str
    """``intended`` (written before it is asked for), ``added``, ``refused`` or ``unknown``."""
    distance_pct: str | None
    """From the mark price to liquidation when it was asked for, percent of the mark."""
    detail: str
    """One sentence for people."""

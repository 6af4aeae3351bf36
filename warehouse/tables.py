"""The ways into the tables of ``migrations/``: columns in the order the projections give them."""

from __future__ import annotations

from typing import Final

from warehouse.stream import Again, Stream


def _stream(
    table: str,
    columns: str,
    *,
    key: str = "",
    again: Again = Again.NEVER,
    first_only: str = "",
    while_null: str = "",
) -> Stream:
    return Stream(
        table,
        tuple(columns.split()),
        tuple(key.split()),
        again,
        tuple(first_only.split()),
        while_null,
    )


SIGNALS_RECEIVED: Final = _stream(
    "signals",
    "signal_id received_at door action symbol direction quantity notional_krw "
    "premium_limit_pct max_slippage_bps created_at ttl_ms strategy key_id signal",
    key="signal_id",
    again=Again.TAKE_LAST,
    first_only="received_at",
)

SIGNALS_DECIDED: Final = _stream(
    "signals",
    "signal_id decided_at status reason_code reason pair_id outcome",
    key="signal_id",
    again=Again.TAKE_LAST,
)

# A denial never covers up what became of an accepted signal of the same id: whoever sends that id
# again with a bad signature is denied, too.
SIGNALS_DENIED: Final = _stream(
    "signals",
    "signal_id decided_at status reason_code reason pair_id outcome",
    key="signal_id",
    again=Again.KEEP_FIRST,
    while_null="status",
)

ORDERS: Final = _stream(
    "orders",
    "client_order_id pair_id leg attempt purpose venue symbol side type quantity price "
    "time_in_force reduce_only intended_at",
    key="client_order_id",
    again=Again.TAKE_LAST,
)

ORDER_OUTCOMES: Final = _stream(
    "orders",
    "client_order_id outcome final status venue_order_id filled value fee error outcome_at",
    key="client_order_id",
    again=Again.TAKE_LAST,
)

FILLS: Final = _stream(
    "fills",
    "venue symbol trade_id client_order_id venue_order_id pair_id leg side price quantity "
    "fee fee_currency time recorded_at",
    key="venue symbol trade_id",
    again=Again.KEEP_FIRST,
)

PAIRS: Final = _stream(
    "pairs",
    "pair_id signal_id strategy symbol direction state target_quantity opened_at closed_at "
    "spot_venue spot_fee_currency spot_attempts spot_entry_quantity spot_entry_value "
    "spot_entry_fee spot_exit_quantity spot_exit_value spot_exit_fee perpetual_venue "
    "perpetual_fee_currency perpetual_attempts perpetual_entry_quantity "
    "perpetual_entry_value perpetual_entry_fee perpetual_exit_quantity perpetual_exit_value "
    "perpetual_exit_fee entry_spot_price entry_perpetual_price entry_krw_per_usdt "
    "entry_krw_per_usd entry_premium_pct entry_premium_fx_pct exit_spot_price "
    "exit_perpetual_price exit_krw_per_usdt exit_krw_per_usd exit_premium_pct "
    "exit_premium_fx_pct detail updated_at",
    key="pair_id",
    again=Again.TAKE_LAST,
)

PAIR_EVENTS: Final = _stream(
    "pair_events",
    "seq time pair_id event from_state to_state detail",
)

PNL_RESULTS: Final = _stream(
    "pnl_results",
    "seq recorded_at pair_id closed_at symbol direction strategy state net_krw premium_krw "
    "fx_krw funding_krw fees_krw slippage_krw entry_premium_pct exit_premium_pct "
    "krw_per_usdt",
)

PNL_REOPENINGS: Final = _stream(
    "pnl_reopenings",
    "seq recorded_at pair_id",
)

PREMIUMS: Final = _stream(
    "premiums",
    "seq time symbol quantity enter_fx_pct enter_tether_pct leave_fx_pct leave_tether_pct "
    "krw_per_usd krw_per_usdt",
)

FX_RATES: Final = _stream(
    "fx_rates",
    "seq time source pair rate observed_at",
)

BALANCES: Final = _stream(
    "balances",
    "seq time venue currency total available",
)

FUNDING: Final = _stream(
    "funding",
    "venue transaction_id symbol amount currency time recorded_at",
    key="venue transaction_id",
    again=Again.KEEP_FIRST,
)

RECONCILIATIONS: Final = _stream(
    "reconciliations",
    "reconciliation_id time agreed unexplained differences",
    key="reconciliation_id",
    again=Again.KEEP_FIRST,
)

ALERTS: Final = _stream(
    "alerts",
    "alert_id time type level message pair_id subject is_over row_id",
    key="alert_id",
    again=Again.TAKE_LAST,
)

ALERT_ROWS: Final = _stream(
    "alert_rows",
    "row_id type pair_id subject level message alerts opened_at last_at recovered_at",
    key="row_id",
    again=Again.TAKE_LAST,
    first_only="type pair_id subject opened_at",
)

ALERT_ACKNOWLEDGEMENTS: Final = _stream(
    "alert_rows",
    "row_id acknowledged_at acknowledged_by",
    key="row_id",
    again=Again.TAKE_LAST,
)

ALERT_DELIVERIES: Final = _stream(
    "alert_deliveries",
    "seq time channel how alerts settled attempts error",
)

EXPOSURES: Final = _stream(
    "exposures",
    "exposure_id pair_id symbol began_with began_at detected_at ended_at state unhedged_krw_s "
    "krw_per_coin recovery_s attempts",
    key="exposure_id",
    again=Again.TAKE_LAST,
)

ADOPTIONS: Final = _stream(
    "adoptions",
    "adoption_id kind venue symbol side quantity price fee fee_currency trade_id venue_order_id "
    "time pair_id leg detail recorded_at",
    key="adoption_id",
    again=Again.KEEP_FIRST,
)

CIRCUITS: Final = _stream(
    "circuits",
    "seq time venue state since",
)

MARGINS: Final = _stream(
    "margins",
    "margin_id venue symbol amount currency status distance_pct detail updated_at",
    key="margin_id",
    again=Again.TAKE_LAST,
)

HEALTH: Final = _stream(
    "health",
    "seq time ok components",
)

DENIALS: Final = _stream(
    "denials",
    "seq time signal_id status code message pair_id",
)

-- The books as a projection of the journal. Money, prices and quantities are DECIMAL(38, 18);
-- times are UTC; NULL means missing. `seq` is the journal's sequence number of the record.

CREATE TABLE journal_position (
    segment BIGINT NOT NULL,
    "offset" BIGINT NOT NULL,
    seq BIGINT NOT NULL
);
INSERT INTO journal_position VALUES (1, 0, 0);

-- What a sender asked for stays text: an unsigned signal may ask for anything.
CREATE TABLE signals (
    signal_id VARCHAR PRIMARY KEY,
    received_at TIMESTAMPTZ,
    door VARCHAR,
    action VARCHAR,
    symbol VARCHAR,
    direction VARCHAR,
    quantity VARCHAR,
    notional_krw VARCHAR,
    premium_limit_pct VARCHAR,
    max_slippage_bps VARCHAR,
    created_at VARCHAR,
    ttl_ms VARCHAR,
    strategy VARCHAR,
    key_id VARCHAR,
    signal JSON,
    decided_at TIMESTAMPTZ,
    status VARCHAR,
    reason_code VARCHAR,
    reason VARCHAR,
    pair_id VARCHAR,
    outcome JSON
);

CREATE TABLE orders (
    client_order_id VARCHAR PRIMARY KEY,
    pair_id VARCHAR,
    leg VARCHAR,
    attempt INTEGER,
    purpose VARCHAR,
    venue VARCHAR,
    symbol VARCHAR,
    side VARCHAR,
    type VARCHAR,
    quantity DECIMAL(38, 18),
    price DECIMAL(38, 18),
    time_in_force VARCHAR,
    reduce_only BOOLEAN,
    intended_at TIMESTAMPTZ,
    outcome VARCHAR,
    final BOOLEAN,
    status VARCHAR,
    venue_order_id VARCHAR,
    filled DECIMAL(38, 18),
    value DECIMAL(38, 18),
    fee DECIMAL(38, 18),
    error VARCHAR,
    outcome_at TIMESTAMPTZ
);

CREATE TABLE fills (
    venue VARCHAR,
    symbol VARCHAR,
    trade_id VARCHAR,
    client_order_id VARCHAR,
    venue_order_id VARCHAR NOT NULL,
    pair_id VARCHAR,
    leg VARCHAR,
    side VARCHAR NOT NULL,
    price DECIMAL(38, 18) NOT NULL,
    quantity DECIMAL(38, 18) NOT NULL,
    fee DECIMAL(38, 18) NOT NULL,
    fee_currency VARCHAR NOT NULL,
    time TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (venue, symbol, trade_id)
);

CREATE TABLE pairs (
    pair_id VARCHAR PRIMARY KEY,
    signal_id VARCHAR NOT NULL,
    strategy VARCHAR,
    symbol VARCHAR NOT NULL,
    direction VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    target_quantity DECIMAL(38, 18) NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL,
    closed_at TIMESTAMPTZ,
    spot_venue VARCHAR NOT NULL,
    spot_fee_currency VARCHAR NOT NULL,
    spot_attempts INTEGER NOT NULL,
    spot_entry_quantity DECIMAL(38, 18) NOT NULL,
    spot_entry_value DECIMAL(38, 18) NOT NULL,
    spot_entry_fee DECIMAL(38, 18) NOT NULL,
    spot_exit_quantity DECIMAL(38, 18) NOT NULL,
    spot_exit_value DECIMAL(38, 18) NOT NULL,
    spot_exit_fee DECIMAL(38, 18) NOT NULL,
    perpetual_venue VARCHAR NOT NULL,
    perpetual_fee_currency VARCHAR NOT NULL,
    perpetual_attempts INTEGER NOT NULL,
    perpetual_entry_quantity DECIMAL(38, 18) NOT NULL,
    perpetual_entry_value DECIMAL(38, 18) NOT NULL,
    perpetual_entry_fee DECIMAL(38, 18) NOT NULL,
    perpetual_exit_quantity DECIMAL(38, 18) NOT NULL,
    perpetual_exit_value DECIMAL(38, 18) NOT NULL,
    perpetual_exit_fee DECIMAL(38, 18) NOT NULL,
    entry_spot_price DECIMAL(38, 18),
    entry_perpetual_price DECIMAL(38, 18),
    entry_krw_per_usdt DECIMAL(38, 18),
    entry_krw_per_usd DECIMAL(38, 18),
    entry_premium_pct DECIMAL(38, 18),
    entry_premium_fx_pct DECIMAL(38, 18),
    exit_spot_price DECIMAL(38, 18),
    exit_perpetual_price DECIMAL(38, 18),
    exit_krw_per_usdt DECIMAL(38, 18),
    exit_krw_per_usd DECIMAL(38, 18),
    exit_premium_pct DECIMAL(38, 18),
    exit_premium_fx_pct DECIMAL(38, 18),
    detail VARCHAR NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE pair_events (
    seq BIGINT PRIMARY KEY,
    time TIMESTAMPTZ NOT NULL,
    pair_id VARCHAR NOT NULL,
    event VARCHAR NOT NULL,
    from_state VARCHAR,
    to_state VARCHAR NOT NULL,
    detail VARCHAR NOT NULL
);

-- Every result that was ever written for a pair; the last one holds.
CREATE TABLE pnl_results (
    seq BIGINT PRIMARY KEY,
    recorded_at TIMESTAMPTZ NOT NULL,
    pair_id VARCHAR NOT NULL,
    closed_at TIMESTAMPTZ NOT NULL,
    symbol VARCHAR NOT NULL,
    direction VARCHAR NOT NULL,
    strategy VARCHAR,
    state VARCHAR NOT NULL,
    net_krw DECIMAL(38, 18) NOT NULL,
    premium_krw DECIMAL(38, 18) NOT NULL,
    fx_krw DECIMAL(38, 18) NOT NULL,
    funding_krw DECIMAL(38, 18),
    fees_krw DECIMAL(38, 18) NOT NULL,
    slippage_krw DECIMAL(38, 18) NOT NULL,
    entry_premium_pct DECIMAL(38, 18),
    exit_premium_pct DECIMAL(38, 18),
    krw_per_usdt DECIMAL(38, 18) NOT NULL
);

CREATE TABLE pnl_pairs (
    pair_id VARCHAR PRIMARY KEY,
    day DATE NOT NULL,                  -- Korean day of closed_at
    closed_at TIMESTAMPTZ NOT NULL,
    symbol VARCHAR NOT NULL,
    direction VARCHAR NOT NULL,
    strategy VARCHAR,
    state VARCHAR NOT NULL,
    net_krw DECIMAL(38, 18) NOT NULL,
    premium_krw DECIMAL(38, 18) NOT NULL,
    fx_krw DECIMAL(38, 18) NOT NULL,
    funding_krw DECIMAL(38, 18),        -- NULL: missing, and then not in net_krw
    fees_krw DECIMAL(38, 18) NOT NULL,
    slippage_krw DECIMAL(38, 18) NOT NULL,
    entry_premium_pct DECIMAL(38, 18),
    exit_premium_pct DECIMAL(38, 18),
    krw_per_usdt DECIMAL(38, 18) NOT NULL,
    revision INTEGER NOT NULL           -- 1: as first written
);

CREATE TABLE pnl_daily (
    day DATE PRIMARY KEY,
    pairs_closed BIGINT NOT NULL,
    pairs_unwound BIGINT NOT NULL,
    wins BIGINT NOT NULL,
    losses BIGINT NOT NULL,
    net_krw DECIMAL(38, 18) NOT NULL,
    premium_krw DECIMAL(38, 18) NOT NULL,
    fx_krw DECIMAL(38, 18) NOT NULL,
    funding_krw DECIMAL(38, 18),        -- of the pairs whose funding is known; NULL: of none
    funding_missing BIGINT NOT NULL,    -- pairs whose funding is not known
    fees_krw DECIMAL(38, 18) NOT NULL,
    slippage_krw DECIMAL(38, 18) NOT NULL,
    cumulative_krw DECIMAL(38, 18) NOT NULL,
    closed BOOLEAN NOT NULL,
    closed_at TIMESTAMPTZ,
    net_krw_at_close DECIMAL(38, 18),   -- what the day closed with
    corrections BIGINT NOT NULL,        -- results written for the day after it was closed
    correction_krw DECIMAL(38, 18) NOT NULL
);

CREATE TABLE premiums (
    seq BIGINT NOT NULL,
    time TIMESTAMPTZ NOT NULL,
    symbol VARCHAR NOT NULL,
    quantity DECIMAL(38, 18) NOT NULL,
    enter_fx_pct DECIMAL(38, 18),
    enter_tether_pct DECIMAL(38, 18),
    leave_fx_pct DECIMAL(38, 18),
    leave_tether_pct DECIMAL(38, 18),
    krw_per_usd DECIMAL(38, 18),
    krw_per_usdt DECIMAL(38, 18)
);

CREATE TABLE fx_rates (
    seq BIGINT NOT NULL,
    time TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL,
    pair VARCHAR NOT NULL,
    rate DECIMAL(38, 18) NOT NULL,
    observed_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE balances (
    seq BIGINT NOT NULL,
    time TIMESTAMPTZ NOT NULL,
    venue VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    total DECIMAL(38, 18) NOT NULL,
    available DECIMAL(38, 18) NOT NULL
);

CREATE TABLE funding (
    venue VARCHAR,
    transaction_id VARCHAR,
    symbol VARCHAR NOT NULL,
    amount DECIMAL(38, 18) NOT NULL,    -- positive: received
    currency VARCHAR NOT NULL,
    time TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (venue, transaction_id)
);

CREATE TABLE reconciliations (
    reconciliation_id VARCHAR PRIMARY KEY,
    time TIMESTAMPTZ NOT NULL,
    agreed BOOLEAN NOT NULL,
    unexplained INTEGER NOT NULL,
    differences JSON NOT NULL
);

CREATE TABLE alerts (
    alert_id VARCHAR PRIMARY KEY,
    time TIMESTAMPTZ NOT NULL,
    type VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    pair_id VARCHAR
);

CREATE TABLE health (
    seq BIGINT NOT NULL,
    time TIMESTAMPTZ NOT NULL,
    ok BOOLEAN NOT NULL,
    components JSON NOT NULL
);

-- Why there was no trade: entries denied by us and exits refused.
CREATE TABLE denials (
    seq BIGINT PRIMARY KEY,
    time TIMESTAMPTZ NOT NULL,
    signal_id VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    pair_id VARCHAR
);

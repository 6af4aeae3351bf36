-- Two legs that do not match: how long and how much, what was taken over from the venues, and what
-- a pair that is open again does to the results.

-- One row a stretch of a pair's life in which its legs could differ; its last record holds.
CREATE TABLE exposures (
    exposure_id VARCHAR PRIMARY KEY,
    pair_id VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    began_with VARCHAR NOT NULL,
    began_at TIMESTAMPTZ NOT NULL,
    detected_at TIMESTAMPTZ,            -- NULL: the legs were never known to differ
    ended_at TIMESTAMPTZ NOT NULL,
    state VARCHAR NOT NULL,             -- naked: it is not over
    unhedged_krw_s DECIMAL(38, 18) NOT NULL,
    krw_per_coin DECIMAL(38, 18) NOT NULL,
    recovery_s DECIMAL(38, 18),         -- from detection to hedged or flat
    attempts INTEGER NOT NULL
);

CREATE TABLE adoptions (
    adoption_id VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,
    venue VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    side VARCHAR NOT NULL,
    quantity DECIMAL(38, 18) NOT NULL,
    price DECIMAL(38, 18),              -- NULL: no trade
    fee DECIMAL(38, 18) NOT NULL,
    fee_currency VARCHAR NOT NULL,
    trade_id VARCHAR,
    venue_order_id VARCHAR,
    time TIMESTAMPTZ NOT NULL,
    pair_id VARCHAR,                    -- NULL: of no pair
    leg VARCHAR,
    detail VARCHAR NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE circuits (
    seq BIGINT PRIMARY KEY,
    time TIMESTAMPTZ NOT NULL,
    venue VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    since TIMESTAMPTZ NOT NULL
);

CREATE TABLE margins (
    margin_id VARCHAR PRIMARY KEY,
    venue VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    amount DECIMAL(38, 18) NOT NULL,
    currency VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    distance_pct DECIMAL(38, 18),       -- from mark to liquidation, before
    detail VARCHAR NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

-- A pair that had ended is open again: its results up to then hold no longer.
CREATE TABLE pnl_reopenings (
    seq BIGINT PRIMARY KEY,
    recorded_at TIMESTAMPTZ NOT NULL,
    pair_id VARCHAR NOT NULL
);
INSERT INTO pnl_reopenings
SELECT seq, time, pair_id FROM pair_events
WHERE from_state IN ('closed', 'unwound', 'failed')
    AND to_state NOT IN ('closed', 'unwound', 'failed');

-- Record types that the books of the version before passed over, and how far they had read.
CREATE TABLE passed_over (
    type VARCHAR PRIMARY KEY,
    until_seq BIGINT NOT NULL
);
INSERT INTO passed_over
SELECT type, seq FROM journal_position,
    (VALUES ('exposure'), ('adoption'), ('circuit'), ('margin')) AS types (type)
WHERE seq > 0;

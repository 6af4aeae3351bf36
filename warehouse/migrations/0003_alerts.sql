-- Alerts as rows that stay open, and where they were told.

ALTER TABLE alerts ADD COLUMN subject VARCHAR;
ALTER TABLE alerts ADD COLUMN is_over BOOLEAN;
ALTER TABLE alerts ADD COLUMN row_id VARCHAR;

-- One row a trouble, from its first alert until it is over. Open is what is neither recovered nor
-- acknowledged; alerts of level info are told and done with.
CREATE TABLE alert_rows (
    row_id VARCHAR PRIMARY KEY,
    type VARCHAR,
    pair_id VARCHAR,
    subject VARCHAR,
    level VARCHAR,                      -- the highest so far
    message VARCHAR,                    -- the last
    alerts BIGINT,
    opened_at TIMESTAMPTZ,
    last_at TIMESTAMPTZ,
    recovered_at TIMESTAMPTZ,           -- NULL: it lasts, or nobody can tell
    acknowledged_at TIMESTAMPTZ,
    acknowledged_by VARCHAR
);

CREATE TABLE alert_deliveries (
    seq BIGINT PRIMARY KEY,
    time TIMESTAMPTZ NOT NULL,
    channel VARCHAR NOT NULL,
    how VARCHAR NOT NULL,
    alerts BIGINT NOT NULL,             -- how many it settled
    settled JSON NOT NULL,              -- ranges of their numbers
    attempts BIGINT NOT NULL,
    error VARCHAR
);

INSERT INTO passed_over
SELECT type, seq FROM journal_position,
    (VALUES ('alert'), ('alert_acknowledged'), ('alerts_delivered')) AS types (type)
WHERE seq > 0;

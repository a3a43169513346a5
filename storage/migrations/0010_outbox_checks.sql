-- The same table, its checks without IN: for a list SQLite builds a table of its own with each row that is
-- written, and that took longer than all the rest of adding a row.

ALTER TABLE outbox RENAME TO outbox_before;

CREATE TABLE outbox (
    id BIGINT PRIMARY KEY,
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    platform TEXT NOT NULL,
    key TEXT NOT NULL,
    form TEXT NOT NULL CHECK (form = 'post' OR form = 'edit' OR form = 'delete' OR form = 'react'),
    original BIGINT,
    answer BIGINT NOT NULL,
    lane TEXT NOT NULL,
    position BIGINT,
    state TEXT NOT NULL CHECK (
        state = 'pending' OR state = 'sending' OR state = 'uncertain' OR state = 'sent' OR state = 'dead'
        OR state = 'cancelled' OR state = 'skipped'
    ),
    reason TEXT NOT NULL,
    priority BIGINT NOT NULL,
    due_at BIGINT,
    address TEXT NOT NULL,
    body TEXT NOT NULL,
    cog TEXT NOT NULL,
    kind TEXT NOT NULL,
    because TEXT NOT NULL,
    people TEXT NOT NULL,
    forgotten BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    settled_at BIGINT,
    added_at BIGINT NOT NULL,
    fence BIGINT,
    lease_until BIGINT,
    attempts BIGINT NOT NULL,
    first_attempt BIGINT,
    window_start BIGINT,
    uncertain_since BIGINT,
    doubts BIGINT NOT NULL,
    looks BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    refusal TEXT,
    not_before BIGINT,
    message TEXT,
    thread TEXT,
    UNIQUE (community, key)
);

INSERT INTO outbox SELECT * FROM outbox_before;

DROP TABLE outbox_before;

CREATE INDEX outbox_lane ON outbox (lane, position) WHERE position IS NOT NULL;
CREATE INDEX outbox_waiting ON outbox (platform, priority, lane) WHERE position IS NOT NULL;
CREATE INDEX outbox_sending ON outbox (platform) WHERE state = 'sending';
CREATE INDEX outbox_parked ON outbox (platform, due_at) WHERE state = 'pending' AND position IS NULL;
CREATE INDEX outbox_space ON outbox (space) WHERE state = 'pending';
CREATE INDEX outbox_original ON outbox (original) WHERE original IS NOT NULL;
CREATE INDEX outbox_message ON outbox (community, message) WHERE message IS NOT NULL;
CREATE INDEX outbox_settled ON outbox (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';

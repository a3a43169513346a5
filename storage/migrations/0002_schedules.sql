-- What recurs, and what is to happen once later. `next_at` is the truth about when; whatever wakes Kith up
-- only looks here. `last_local` is the local time that ran last, so that none runs again.

CREATE TABLE schedule (
    id BIGINT PRIMARY KEY,
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    cog TEXT NOT NULL,
    job TEXT NOT NULL,
    rule TEXT NOT NULL,
    zone TEXT NOT NULL,
    next_at BIGINT,
    next_local TEXT,
    last_local TEXT,
    grace_ms BIGINT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    UNIQUE (community, space, cog, job)
);

CREATE INDEX schedule_next ON schedule (next_at, id);

CREATE INDEX schedule_community ON schedule (community, next_at);

CREATE TABLE timer (
    community BIGINT NOT NULL,
    key TEXT NOT NULL,
    space TEXT NOT NULL,
    cog TEXT NOT NULL,
    handler TEXT NOT NULL,
    args TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (community, key)
);

CREATE INDEX timer_due ON timer (due_at, community, key);

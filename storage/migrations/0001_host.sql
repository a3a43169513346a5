-- The host's own: communities and their spaces, people, what was handled, settings, the open log.

CREATE TABLE community (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE space (
    key TEXT PRIMARY KEY,
    community BIGINT NOT NULL REFERENCES community (id),
    name TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    baseline_at BIGINT,
    live_since BIGINT,
    paused_until BIGINT,
    lost_at BIGINT,
    default_channel TEXT,
    announces_joins BIGINT NOT NULL,
    people BIGINT
);

CREATE INDEX space_community ON space (community);

-- One row a person and space. `epoch` counts memberships: it advances when somebody comes back after
-- having been seen to leave, so that what is said once per membership can be keyed by it.
CREATE TABLE member (
    key TEXT PRIMARY KEY,
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    name TEXT NOT NULL,
    bot BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    joined_at BIGINT,
    seen_at BIGINT NOT NULL,
    left_at BIGINT,
    pending BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX member_space ON member (community, space);

-- What a person asked of the bot: quiet since when, and later preferences by name.
CREATE TABLE preference (
    community BIGINT NOT NULL,
    member TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (community, member, name)
);

CREATE TABLE block (
    community BIGINT NOT NULL,
    member TEXT NOT NULL,
    other TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (community, member, other)
);

CREATE INDEX block_other ON block (community, other);

-- Events that were done, so that a repeated one has no second effect.
CREATE TABLE mark (
    community BIGINT NOT NULL,
    event TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (community, event)
);

CREATE INDEX mark_at ON mark (at);

CREATE TABLE setting (
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    section TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (community, space, section, name)
);

-- The open book: what changed, who changed it, what was held back and why. Every member can read it.
CREATE TABLE log (
    id BIGINT PRIMARY KEY,
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    at BIGINT NOT NULL,
    topic TEXT NOT NULL,
    words TEXT NOT NULL
);

CREATE INDEX log_community ON log (community, id);

-- Unprompted messages, one row for each person or channel that was addressed, for the attention budget.
CREATE TABLE attention (
    community BIGINT NOT NULL,
    target TEXT NOT NULL,
    at BIGINT NOT NULL,
    intent TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (community, target, intent)
);

CREATE INDEX attention_at ON attention (community, target, at);

-- A handler that broke: for doctor. The people concerned were told kindly that it did not work.
CREATE TABLE failure (
    id BIGINT PRIMARY KEY,
    community BIGINT NOT NULL,
    at BIGINT NOT NULL,
    cog TEXT NOT NULL,
    handler TEXT NOT NULL,
    event TEXT NOT NULL,
    error TEXT NOT NULL
);

CREATE TABLE feedback (
    id BIGINT PRIMARY KEY,
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    member TEXT NOT NULL,
    at BIGINT NOT NULL,
    words TEXT NOT NULL
);

CREATE INDEX feedback_member ON feedback (community, member);

-- Single values the host keeps for itself: what its buttons are signed with, the room's clock.
CREATE TABLE kept (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

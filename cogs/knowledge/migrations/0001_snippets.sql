-- Snippets, and how often each was dropped: the next drop is one of those with the fewest.

CREATE TABLE knowledge_snippet (
    id BIGINT PRIMARY KEY,
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    number BIGINT NOT NULL,
    title TEXT NOT NULL,
    words TEXT NOT NULL,
    source TEXT NOT NULL,
    added_by TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    drops BIGINT NOT NULL,
    dropped_at BIGINT,
    UNIQUE (community, number)
);

CREATE INDEX knowledge_snippet_drops ON knowledge_snippet (community, space, drops);

CREATE INDEX knowledge_snippet_added_by ON knowledge_snippet (community, added_by);

-- The last number given, so that a removed snippet's number is never another's.
CREATE TABLE knowledge_number (
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (community)
);

-- Who is signed in on the web. Only the SHA-256 of a token is kept; times are real time.
CREATE TABLE session (
    id TEXT PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,
    note TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

CREATE INDEX session_expires_at ON session (expires_at);

-- One-time links that were used, until they would have expired anyway.
CREATE TABLE spent_link (
    id TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

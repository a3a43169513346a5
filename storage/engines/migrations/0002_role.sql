-- Who holds each role that only one process may have at a time, until when (UTC ms), and how often it changed hands.
CREATE TABLE role (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until BIGINT NOT NULL,
    fence BIGINT NOT NULL
);

-- Slack workspaces that have installed the app by themselves, through OAuth. Their tokens are encrypted with keys
-- that are kept elsewhere, and erased when the app is removed. Times are real time. `version` grows with every
-- change, so that nobody writes over what they have not seen.
CREATE TABLE slack_install (
    team TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    enterprise TEXT,
    app TEXT NOT NULL,
    bot_user TEXT NOT NULL,
    bot_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    installed_by TEXT NOT NULL,
    installed_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    ended_at BIGINT,
    access_token TEXT,
    refresh_token TEXT,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT,
    refused TEXT,
    version BIGINT NOT NULL
);

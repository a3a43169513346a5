"""Slack workspaces that installed the app through OAuth. Tokens are encrypted; times are real time."""

from __future__ import annotations

from storage.port import Params, Row, Tx


async def versions(tx: Tx) -> dict[str, int]:
    """The version of each, by its workspace: what to read again is told by it."""
    return {row["team"]: row["version"] for row in await tx.all("SELECT team, version FROM slack_install")}


async def every(tx: Tx, *, after: str = "", most: int = 500) -> list[Row]:
    """Those behind ``after``, by the workspace's id; the ended ones among them."""
    return await tx.all(
        "SELECT * FROM slack_install WHERE team > :after ORDER BY team LIMIT :most",
        {"after": after, "most": most},
    )


async def get(tx: Tx, team: str) -> Row | None:
    return await tx.one("SELECT * FROM slack_install WHERE team = :team", {"team": team})


async def put(tx: Tx, given: Params) -> int:
    """Install the app, or install it again: what was before is replaced. The new version.

    ``given``: team, name, enterprise, app, bot_user, bot_id, scopes, installed_by, installed_at,
    access_token, refresh_token, issued_at, expires_at.
    """
    row = await tx.one(
        "INSERT INTO slack_install (team, name, enterprise, app, bot_user, bot_id, scopes, installed_by,"
        " installed_at, state, access_token, refresh_token, issued_at, expires_at, version)"
        " VALUES (:team, :name, :enterprise, :app, :bot_user, :bot_id, :scopes, :installed_by,"
        " :installed_at, 'installed', :access_token, :refresh_token, :issued_at, :expires_at, 1)"
        " ON CONFLICT (team) DO UPDATE SET name = excluded.name, enterprise = excluded.enterprise,"
        " app = excluded.app, bot_user = excluded.bot_user, bot_id = excluded.bot_id,"
        " scopes = excluded.scopes, installed_by = excluded.installed_by,"
        " installed_at = excluded.installed_at, state = 'installed', ended_at = NULL,"
        " access_token = excluded.access_token, refresh_token = excluded.refresh_token,"
        " issued_at = excluded.issued_at, expires_at = excluded.expires_at, refused = NULL,"
        " version = slack_install.version + 1 RETURNING version",
        given,
    )
    assert row is not None
    return int(row["version"])


async def renew(tx: Tx, given: Params) -> bool:
    """Put new tokens in the place of those of this version; False if that is not the present one.

    ``given``: team, version, access_token, refresh_token, issued_at, expires_at.
    """
    changed = await tx.run(
        "UPDATE slack_install SET access_token = :access_token, refresh_token = :refresh_token,"
        " issued_at = :issued_at, expires_at = :expires_at, refused = NULL, version = version + 1"
        " WHERE team = :team AND version = :version AND state = 'installed'",
        given,
    )
    return bool(changed)


async def refuse(tx: Tx, team: str, version: int, error: str) -> bool:
    """Note that Slack gives no new tokens, and why; False if this version is not the present one."""
    changed = await tx.run(
        "UPDATE slack_install SET refused = :error, version = version + 1"
        " WHERE team = :team AND version = :version AND state = 'installed'",
        {"team": team, "version": version, "error": error},
    )
    return bool(changed)


async def end(tx: Tx, team: str, version: int, state: str, now: int) -> bool:
    """The app is no longer there: its tokens are erased. False if this version is not the present one."""
    changed = await tx.run(
        "UPDATE slack_install SET state = :state, ended_at = COALESCE(ended_at, :now), access_token = NULL,"
        " refresh_token = NULL, refused = NULL, version = version + 1"
        " WHERE team = :team AND version = :version",
        {"team": team, "version": version, "state": state, "now": now},
    )
    return bool(changed)


async def reseal(tx: Tx, team: str, access_token: str | None, refresh_token: str | None) -> None:
    """The same tokens, encrypted with another key."""
    await tx.run(
        "UPDATE slack_install SET access_token = :access_token, refresh_token = :refresh_token"
        " WHERE team = :team",
        {"team": team, "access_token": access_token, "refresh_token": refresh_token},
    )

"""Keeps the workspaces that installed the Slack app, their tokens encrypted; and the states of OAuth."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from bot.keyring import Keyring, WrongKey
from bot.platforms.slack.installs import Installation, State, Tokens
from storage import leases
from storage.leases import Lease
from storage.port import Engine, Row, Tx, Value
from storage.repos import sessions
from storage.repos import slack_installs as rows

STATE_MS: Final = 10 * 60_000
"""How long somebody may take at Slack's page; its codes live as long."""
_CLAIM_MS: Final = 60_000
_LANE: Final = 0
"""Installations belong to no community."""
_BATCH: Final = 200
_STATE: Final = "slack oauth state"


class SlackInstalls:
    """Implements ``bot.platforms.slack.installs.Installs``. ``now`` is real time in UTC milliseconds."""

    def __init__(self, engine: Engine, keys: Keyring, now: Callable[[], int]) -> None:
        self._engine = engine
        self._keys = keys
        self._now = now
        self._holder = secrets.token_hex(8)
        self._claims: dict[str, Lease] = {}

    async def versions(self) -> Mapping[str, int]:
        return await self._engine.read(rows.versions)

    async def every(self) -> list[Installation]:
        return [self._opened(row) for row in await _every(self._engine)]

    async def get(self, team: str) -> Installation | None:
        row = await self._engine.read(lambda tx: rows.get(tx, team))
        return None if row is None else self._opened(row)

    async def keep(self, installation: Installation) -> Installation:
        assert installation.tokens is not None
        given: dict[str, Value] = {
            "team": installation.team,
            "name": installation.name,
            "enterprise": installation.enterprise,
            "app": installation.app,
            "bot_user": installation.bot_user,
            "bot_id": installation.bot_id,
            "scopes": ",".join(sorted(installation.scopes)),
            "installed_by": installation.installed_by,
            "installed_at": installation.installed_at,
            **self._sealed(installation.team, installation.tokens),
        }
        version = await self._engine.unit(_LANE, lambda tx: rows.put(tx, given))
        return replace(installation, state=State.INSTALLED, refused="", version=version)

    async def renew(self, installation: Installation, tokens: Tokens) -> Installation | None:
        team, version = installation.team, installation.version
        given = {"team": team, "version": version, **self._sealed(team, tokens)}
        done = await self._engine.unit(_LANE, lambda tx: rows.renew(tx, given))
        return replace(installation, tokens=tokens, refused="", version=version + 1) if done else None

    async def refuse(self, installation: Installation, error: str) -> Installation | None:
        team, version = installation.team, installation.version
        done = await self._engine.unit(_LANE, lambda tx: rows.refuse(tx, team, version, error))
        return replace(installation, refused=error, version=version + 1) if done else None

    async def end(self, installation: Installation, state: State) -> Installation | None:
        team, version, now = installation.team, installation.version, self._now()
        done = await self._engine.unit(_LANE, lambda tx: rows.end(tx, team, version, state.value, now))
        return replace(installation, state=state, tokens=None, version=version + 1) if done else None

    async def claim(self, team: str) -> bool:
        now = self._now()
        lease = await self._engine.unit(
            _LANE,
            lambda tx: leases.acquire(tx, f"slack tokens {team}", self._holder, now=now, term=_CLAIM_MS),
        )
        if lease is None:
            return False
        self._claims[team] = lease
        return True

    async def release(self, team: str) -> None:
        lease = self._claims.pop(team, None)
        if lease is not None:
            await self._engine.unit(_LANE, lambda tx: leases.release(tx, lease))

    def _sealed(self, team: str, tokens: Tokens) -> dict[str, Value]:
        refresh = tokens.refresh
        return {
            "access_token": self._keys.seal(f"slack access {team}", tokens.access),
            "refresh_token": self._keys.seal(f"slack refresh {team}", refresh) if refresh else None,
            "issued_at": tokens.issued_at,
            "expires_at": tokens.expires_at,
        }

    def _opened(self, row: Row) -> Installation:
        try:
            tokens = self._tokens(row)
        except WrongKey:
            tokens = None
        return Installation(
            team=row["team"],
            name=row["name"],
            enterprise=row["enterprise"],
            app=row["app"],
            bot_user=row["bot_user"],
            bot_id=row["bot_id"],
            scopes=frozenset(filter(None, row["scopes"].split(","))),
            installed_by=row["installed_by"],
            installed_at=row["installed_at"],
            tokens=tokens,
            state=State(row["state"]),
            refused=row["refused"] or "",
            version=row["version"],
        )

    def _tokens(self, row: Row) -> Tokens | None:
        team, access, refresh = row["team"], row["access_token"], row["refresh_token"]
        if access is None:
            return None
        return Tokens(
            access=self._keys.open(f"slack access {team}", access),
            refresh=self._keys.open(f"slack refresh {team}", refresh) if refresh else None,
            issued_at=row["issued_at"],
            expires_at=row["expires_at"],
        )


async def _every(engine: Engine) -> list[Row]:
    found: list[Row] = []
    while True:

        async def work(tx: Tx, after: str = found[-1]["team"] if found else "") -> list[Row]:
            return await rows.every(tx, after=after, most=_BATCH)

        batch = await engine.read(work)
        found += batch
        if len(batch) < _BATCH:
            return found


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many workspaces' tokens are sealed with the first key now, and which no key opens."""

    done: int
    unreadable: tuple[str, ...]


async def reseal(engine: Engine, keys: Keyring) -> Resealed:
    """Encrypt all tokens with the first key. Those that no key opens stay as they are."""
    done, unreadable, after = 0, list[str](), ""
    while True:

        async def work(tx: Tx, after: str = after) -> tuple[list[str], list[str], str]:
            changed, failed, last = [], [], ""
            for row in await rows.every(tx, after=after, most=_BATCH):
                last = row["team"]
                access, refresh = row["access_token"], row["refresh_token"]
                if access is None:
                    continue
                try:
                    fresh = (keys.reseal(access), keys.reseal(refresh) if refresh else None)
                except WrongKey:
                    failed.append(f"{row['name']} ({last})")
                    continue
                await rows.reseal(tx, last, *fresh)
                changed.append(last)
            return changed, failed, last

        changed, failed, last = await engine.unit(_LANE, work)
        done += len(changed)
        unreadable += failed
        if not last:
            return Resealed(done, tuple(unreadable))
        after = last


class Bad(Enum):
    """Why a state is not taken."""

    FORGED = "forged"
    ELSEWHERE = "elsewhere"
    EXPIRED = "expired"
    USED = "used"


class States:
    """What travels to Slack and back while somebody installs the app: good once, for one browser, shortly.

    A state holds all of it, sealed; only those that came back are remembered, until they would have expired.
    """

    def __init__(self, engine: Engine, keys: Keyring, now: Callable[[], int]) -> None:
        self._engine = engine
        self._keys = keys
        self._now = now

    def begin(self, browser: str, verifier: str = "") -> str:
        """A new state. ``browser``: what its cookie holds. ``verifier``: PKCE's secret, which comes back."""
        held = {"id": secrets.token_urlsafe(12), "b": browser, "v": verifier, "at": self._now()}
        return self._keys.seal(_STATE, json.dumps(held, separators=(",", ":")))

    async def finish(self, state: str, browser: str) -> str | Bad:
        """The verifier of a state that came back with its browser, or why it isn't taken."""
        try:
            held = json.loads(self._keys.open(_STATE, state))
        except WrongKey:
            return Bad.FORGED
        if not browser or not secrets.compare_digest(
            str(held["b"]).encode(), browser.encode(errors="replace")
        ):
            return Bad.ELSEWHERE
        now, until = self._now(), int(held["at"]) + STATE_MS
        if now >= until:
            return Bad.EXPIRED

        async def work(tx: Tx) -> bool:
            await sessions.prune(tx, now)
            return await sessions.spend(tx, f"{_STATE} {held['id']}", until)

        return str(held["v"]) if await self._engine.unit(_LANE, work) else Bad.USED

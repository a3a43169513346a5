"""Signing in: one-time links, and sessions that can be looked up, listed and ended."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from itsdangerous import BadSignature, URLSafeTimedSerializer

from storage.port import Engine, Row, Tx
from storage.repos import sessions as repo

LINK_SECONDS: Final = 15 * 60
SESSION_MS: Final = 30 * 24 * 3_600_000
_SEEN_EVERY_MS = 60_000
_TRUSTED_MS = 10_000
"""How long a look-up is believed before the rows are asked again: another process may have ended it."""
_LANE = 0
"""Sessions belong to no community."""
_NOTE_MOST = 100


class LinkUsed(Exception):
    """The link was used before, is too old, or was not made here."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in. Times are real time, in UTC milliseconds."""

    id: str
    note: str
    created_at: int
    expires_at: int
    seen_at: int


@dataclass(frozen=True, slots=True)
class Issued:
    """A new session with its secret, which is shown once and kept nowhere."""

    session: Session
    token: str


class Sessions:
    """``secret`` signs the links; ``now`` is real time in UTC milliseconds."""

    def __init__(self, engine: Engine, secret: str, now: Callable[[], int]) -> None:
        self._engine = engine
        self._links = URLSafeTimedSerializer(secret, salt="kith sign-in link")
        self._now = now
        self._known: dict[str, tuple[int, Session]] = {}
        self._ended: list[Callable[[str], None]] = []

    def on_end(self, call: Callable[[str], None]) -> None:
        """``call`` gets the id of each session that is ended by somebody."""
        self._ended.append(call)

    def link_code(self) -> str:
        """A code that signs in once, within 15 minutes."""
        return str(self._links.dumps(secrets.token_urlsafe(12)))

    async def enter(self, code: str, note: str) -> Issued:
        """A session for a link's code. Raises LinkUsed."""
        try:
            link = str(self._links.loads(code, max_age=LINK_SECONDS))
        except BadSignature as error:
            raise LinkUsed from error
        now = self._now()
        issued = self._new(note, now)

        async def work(tx: Tx) -> bool:
            await repo.prune(tx, now)
            fresh = await repo.spend(tx, link, now + 2 * LINK_SECONDS * 1_000)
            if fresh:
                await _add(tx, issued)
            return fresh

        if not await self._engine.unit(_LANE, work):
            raise LinkUsed
        return issued

    async def issue(self, note: str) -> Issued:
        """One more session, for a script."""
        issued = self._new(note, self._now())

        async def work(tx: Tx) -> None:
            await _add(tx, issued)

        await self._engine.unit(_LANE, work)
        return issued

    async def find(self, token: str) -> Session | None:
        """The session of a token, while it lasts."""
        now, hashed = self._now(), _hash(token)
        believed = self._known.get(hashed)
        if believed is not None and now < believed[0] and now < believed[1].expires_at:
            return believed[1]
        self._known.pop(hashed, None)

        async def look(tx: Tx) -> Row | None:
            return await repo.get(tx, hashed, now)

        row = await self._engine.read(look)
        if row is None:
            return None
        session = _session(row)
        if now - session.seen_at > _SEEN_EVERY_MS:

            async def touch(tx: Tx) -> None:
                await repo.seen(tx, session.id, now)

            await self._engine.unit(_LANE, touch)
        self._known[hashed] = (now + _TRUSTED_MS, session)
        return session

    async def all(self) -> list[Session]:
        """All that are signed in, the newest first."""
        now = self._now()

        async def look(tx: Tx) -> list[Row]:
            return await repo.all_of(tx, now)

        return [_session(row) for row in await self._engine.read(look)]

    async def end(self, ident: str) -> bool:
        """Ends a session at once; False if there is none of that id."""

        async def work(tx: Tx) -> bool:
            return await repo.end(tx, ident)

        ended = await self._engine.unit(_LANE, work)
        self._known = {
            hashed: (until, known) for hashed, (until, known) in self._known.items() if known.id != ident
        }
        for call in self._ended:
            call(ident)
        return ended

    def _new(self, note: str, now: int) -> Issued:
        token = secrets.token_urlsafe(32)
        ident = secrets.token_urlsafe(9)
        return Issued(Session(ident, note[:_NOTE_MOST], now, now + SESSION_MS, now), token)


async def _add(tx: Tx, issued: Issued) -> None:
    session = issued.session
    await repo.add(
        tx,
        id=session.id,
        token=_hash(issued.token),
        note=session.note,
        now=session.created_at,
        expires_at=session.expires_at,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _session(row: Row) -> Session:
    return Session(row["id"], row["note"], row["created_at"], row["expires_at"], row["seen_at"])

"""Writing drafts inside a unit: each becomes a row that waits for its time, stands in its lane, is on the
wire already, or has ended because it changes a message that never went out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from bot import codec
from bot.model.ids import Channel, MessageRef
from bot.model.outgoing import Answer, Delete, Edit, Outgoing
from bot.outbox.draft import Draft, form_of, is_answer, keys_of_people, platform_of
from storage.port import Tx
from storage.repos import outbox as rows
from storage.repos import outbox_lanes as lanes
from storage.repos.outbox import OutboxRow

_REASON_MOST: Final = 300


class Grant(NamedTuple):
    """A sender's leave to put a row on the wire at once: its fence, its lease, and how many may be there."""

    fence: int
    lease_until: int
    room: int


class Started(NamedTuple):
    """A row that was stored as being on the wire; its sender attempts it once the unit is committed."""

    row: OutboxRow
    out: Outgoing


class Woken(NamedTuple):
    """A lane in which something new stands."""

    platform: str
    lane: str
    community: int
    priority: int


class Parked(NamedTuple):
    """Something will be due on this platform (community time)."""

    platform: str
    due_at: int


class Staged(NamedTuple):
    """What a unit added, to be handed to ``Outbox.committed`` once it is committed."""

    started: tuple[Started, ...] = ()
    woken: tuple[Woken, ...] = ()
    parked: tuple[Parked, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended(Exception):
    """The message that this one changes went nowhere, so neither does this one."""

    state: str
    reason: str


class Staging:
    """One unit's additions. Holds nothing that outlives the unit but its own result."""

    def __init__(
        self,
        tx: Tx,
        *,
        now: int,
        real: int,
        new_id: Callable[[], int],
        grant: Callable[[str, str, bool], Grant | None],
    ) -> None:
        self._tx = tx
        self._now = now
        self._real = real
        self._new_id = new_id
        self._grant = grant
        self._started: list[Started] = []
        self._woken: list[Woken] = []
        self._parked: list[Parked] = []

    def staged(self) -> Staged:
        return Staged(tuple(self._started), tuple(self._woken), tuple(self._parked))

    async def add(self, draft: Draft) -> None:
        """Store a draft; nothing happens if its key is there already."""
        out = draft.out
        if isinstance(out, Edit | Delete):
            await self._add_change(draft, out)
        elif draft.due_at is not None and draft.due_at > self._now:
            await self._park(self._row(draft), draft.due_at)
        else:
            placed = await self._next(platform_of(out), out.to.lane, answer=is_answer(out))
            await self._insert(self._row(draft, **placed), out)

    async def _add_change(self, draft: Draft, out: Edit | Delete) -> None:
        if await lanes.is_known(self._tx, draft.community, out.key):
            return
        row = self._row(draft)
        original = await rows.get(self._tx, draft.community, out.of)
        if original is not None:
            people = original.people if isinstance(out, Delete) else row.people
            row = row._replace(original=original.id, people=people)
        if draft.due_at is not None and draft.due_at > self._now:
            await self._park(row, draft.due_at)
        else:
            await self._insert(*await self._place(row, out))

    async def _park(self, row: OutboxRow, due_at: int) -> None:
        if await lanes.insert(self._tx, row):
            self._parked.append(Parked(row.platform, due_at))

    async def _insert(self, row: OutboxRow, out: Outgoing) -> None:
        if await lanes.insert(self._tx, row):
            self._note(row, out)

    async def unpark(self, row_id: int) -> None:
        """Let a parked row into its lane, now that it is due; nothing happens if it is parked no more."""
        row = await lanes.by_id(self._tx, row_id)
        if row is None or row.state != "pending" or row.position is not None:
            return
        try:
            out = kept(row.body)
        except Ended as end:
            await lanes.place(self._tx, _ended(row, end, self._now))
            return
        row, out = await self._place(row, out)
        if await lanes.place(self._tx, row):
            self._note(row, out)

    def _row(
        self, draft: Draft, *, position: int | None = None, state: str = "pending", **started: Any
    ) -> OutboxRow:
        out = draft.out
        return OutboxRow(
            id=self._new_id(),
            community=draft.community,
            space=out.to.space,
            platform=platform_of(out),
            key=out.key,
            form=form_of(out),
            original=None,
            answer=int(is_answer(out)),
            lane=out.to.lane,
            position=position,
            state=state,
            reason="",
            priority=int(draft.priority),
            due_at=draft.due_at,
            address=codec.dumps(out.to),
            body=codec.dumps(out),
            cog=draft.cog,
            kind=draft.kind,
            because=draft.because,
            people=keys_of_people(out),
            forgotten=0,
            created_at=self._now,
            settled_at=None,
            added_at=self._real,
            **started,
        )

    async def _place(self, row: OutboxRow, out: Outgoing) -> tuple[OutboxRow, Outgoing]:
        position = None
        try:
            if isinstance(out, Edit | Delete) and out.target is None:
                original = await self._original(row, out)
                if original.address:
                    row = row._replace(lane=original.lane, address=original.address)
                    out = replace(out, to=kept(original.address))
                if original.state == "sent":
                    out = replace(out, target=target_of(original, out))
                position = await self._overtake(row, out, original)
                row = row._replace(body=codec.dumps(out))
        except Ended as end:
            return _ended(row, end, self._now), out
        placed = await self._next(row.platform, row.lane, answer=bool(row.answer))
        if position is not None:
            placed["position"] = position
        return row._replace(**placed), out

    async def _next(self, platform: str, lane: str, *, answer: bool) -> dict[str, Any]:
        """What a row is that stands last in its lane: on the wire at once where nothing else stands."""
        found = await lanes.lane_state(self._tx, platform, lane)
        grant = self._grant(platform, lane, answer) if found.last == 0 else None
        if grant is None or found.sending >= grant.room:
            return {"position": found.last + 1}
        return {
            "position": 1,
            "state": "sending",
            "fence": grant.fence,
            "lease_until": grant.lease_until,
            "attempts": 1,
            "first_attempt": self._real,
            "window_start": self._real,
        }

    async def _original(self, row: OutboxRow, out: Edit | Delete) -> OutboxRow:
        """The message to be changed, which went out or may have; one that still waits is changed at once."""
        original = await lanes.by_id(self._tx, row.original) if row.original is not None else None
        if original is None or original.form != "post":
            raise Ended("dead", f"unknown-message: nothing was posted as {out.of!r}")
        if original.state == "pending":
            if isinstance(out, Delete):
                await lanes.call_off(self._tx, original.id, reason="deleted", now=self._now)
                raise Ended("cancelled", "the message was taken back before it went out")
            post = replace(kept(original.body), content=out.content)
            await lanes.reword(self._tx, original.id, codec.dumps(post), keys_of_people(post))
            raise Ended("cancelled", "the message was changed before it went out")
        if original.state in ("dead", "cancelled", "skipped"):
            raise Ended(original.state, f"the message it changes is {original.state}")
        return original

    async def _overtake(self, row: OutboxRow, out: Edit | Delete, original: OutboxRow) -> int | None:
        """Take the place of edits of the same message that still wait; None if there are none."""
        position = None
        for other in await lanes.changes_of(self._tx, original.id):
            if other.form == "delete":
                raise Ended("cancelled", "the message is deleted")
            if other.state == "pending" and await lanes.call_off(
                self._tx, other.id, reason=f"superseded by {row.key}", now=self._now
            ):
                position = position or other.position
        return position

    def _note(self, row: OutboxRow, out: Outgoing) -> None:
        if row.state == "sending":
            self._started.append(Started(row, out))
        elif row.position is not None:
            self._woken.append(Woken(row.platform, row.lane, row.community, row.priority))


def kept(text: str) -> Any:
    """The model value that a row holds. Raises Ended if it can't be read: another version wrote it."""
    try:
        return codec.loads(text)
    except ValueError as error:
        raise Ended("dead", f"unreadable: {error}"[:_REASON_MOST]) from error


def target_of(original: OutboxRow, out: Edit | Delete) -> MessageRef | None:
    """Where a message that was sent stands. Raises Ended if nobody can say, except for private answers."""
    if original.message is None:
        if isinstance(out.to, Answer):
            return None
        raise Ended("dead", "no-address: the platform does not say where the message stands")
    channel, _, ident = original.message.rpartition(":")
    return MessageRef(Channel.of(channel), ident, original.thread)


def _ended(row: OutboxRow, end: Ended, now: int) -> OutboxRow:
    return row._replace(state=end.state, reason=end.reason, settled_at=now, position=None, body="")

"""Hands what happened to the host, each person's in order, again and again until the host has it stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from bot.model.content import Form
from bot.model.events import Event
from bot.platforms.base import Sink
from bot.platforms.local.journal import NotSaved
from bot.platforms.local.room import Room
from bot.platforms.local.state import Happening
from bot.platforms.local.translate import Translator

_log = logging.getLogger(__name__)

_AT_ONCE = 256
_LONGEST_WAIT = 10.0


class Pump:
    """``show`` gets the form with which the host answers a happening."""

    def __init__(
        self, room: Room, translator: Translator, show: Callable[[Happening, Form], None], first_wait: float
    ) -> None:
        self._room = room
        self._translator = translator
        self._show = show
        self._first_wait = first_wait
        self._handed: dict[str, asyncio.Future[None]] = {}

    async def handed(self, happening: Happening, patience: float) -> bool:
        """Waits until the host has it stored; False when that took longer than ``patience`` seconds."""
        if happening.id not in self._room.ledger.waiting:
            return True
        done = self._handed.setdefault(happening.id, asyncio.get_running_loop().create_future())
        finished, _ = await asyncio.wait((done,), timeout=patience)
        return bool(finished)

    async def run(self, sink: Sink) -> None:
        """Until cancelled."""
        await self._hand(sink, self._translator.seen(), "")
        last: dict[str, asyncio.Task[None]] = {}
        taken: set[str] = set()
        ledger = self._room.ledger
        async with asyncio.TaskGroup() as tasks:
            while True:
                ledger.news.clear()
                await self._until_saved()
                for happening in list(ledger.waiting.values()):
                    if happening.id in taken or len(taken) >= _AT_ONCE:
                        continue
                    taken.add(happening.id)
                    before = last.get(happening.who)
                    task = tasks.create_task(self._tell(sink, happening, before))
                    last[happening.who] = task
                    task.add_done_callback(partial(self._done, happening.id, taken))
                last = {who: task for who, task in last.items() if not task.done()}
                await ledger.news.wait()

    def _done(self, ident: str, taken: set[str], task: asyncio.Task[None]) -> None:
        taken.discard(ident)
        if self._room.ledger.waiting:
            self._room.ledger.news.set()

    async def _until_saved(self) -> None:
        failures = 0
        while True:
            try:
                return await self._room.saved()
            except NotSaved as error:
                failures += 1
                if failures.bit_count() == 1:  # ever more seldom: a log may be on the same full disk
                    _log.warning("The room can't be saved yet: %s", error)

    async def _tell(self, sink: Sink, happening: Happening, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        form = await self._hand(sink, self._translator.event(happening), happening.who)
        if form is not None:
            self._show(happening, form)
        self._room.ledger.told(happening)
        done = self._handed.pop(happening.id, None)
        if done is not None and not done.done():
            done.set_result(None)

    async def _hand(self, sink: Sink, event: Event, who: str) -> Form | None:
        wait = self._first_wait
        while True:
            try:
                return await sink.accept(event)
            except Exception:
                _log.exception("The host did not take event %s; it is handed over again", event.id)
            if who and wait == self._first_wait:
                self._notice(who)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    def _notice(self, who: str) -> None:
        frame = {
            "code": "not_answered",
            "message": "Kith can't write anything down just now. It hears of this again in a moment.",
        }
        self._room.live.publish("notice", seats=frozenset({who}), frame=frame)

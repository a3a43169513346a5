"""What lies between the room and its bot: happenings not yet handed over, interactions, dialogs, receipts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from bot.platforms.local.journal import Journal
from bot.platforms.local.state import Deed, Delivered, Dialog, Happening, Interaction, dump, load

_RECEIPTS: Final = 20_000
_DEEDS: Final = 1_000


class Host(Protocol):
    """What the ledger asks of the room that it belongs to."""

    @property
    def now(self) -> Callable[[], int]: ...

    @property
    def born(self) -> str: ...

    def next_number(self, kind: str) -> int: ...

    def dialog_changed(self, seat: str) -> None: ...


class Ledger:
    """Kept with the room, so that a restart loses no event, repeats no message and forgets no question."""

    def __init__(self, journal: Journal, host: Host) -> None:
        self.waiting: dict[str, Happening] = {}
        self.news = asyncio.Event()
        self._journal = journal
        self._host = host
        self._interactions: dict[str, Interaction] = {}
        self._dialogs: dict[str, Dialog] = {}
        self._receipts: dict[str, Delivered] = {}
        self._deeds: dict[str, Deed] = {}

    async def load(self) -> None:
        journal = self._journal
        waiting = [load(Happening, body) for body in (await journal.load("happening")).values()]
        self.waiting = {one.id: one for one in sorted(waiting, key=lambda one: one.number)}
        stored = (await journal.load("interaction")).items()
        self._interactions = {key: load(Interaction, body) for key, body in stored}
        self._dialogs = {key: load(Dialog, body) for key, body in (await journal.load("dialog")).items()}
        receipts = [load(Delivered, body) for body in (await journal.load("delivered")).values()]
        self._receipts = {one.id: one for one in sorted(receipts, key=lambda one: one.number)}
        deeds = [load(Deed, body) for body in (await journal.load("deed")).values()]
        self._deeds = {one.id: one for one in sorted(deeds, key=lambda one: one.number)}

    # Happenings

    def event_id(self) -> tuple[str, int]:
        """An id for one event, the same however often it is handed over, and no other room's."""
        number = self._host.next_number("happening")
        return f"room:{self._host.born}:{number}", number

    def happen(self, kind: str, who: str, **more: Any) -> Happening:
        """Notes what the bot is to be told."""
        ident, number = self.event_id()
        happening = Happening(ident, number, kind, who, self._host.now(), more)
        self.waiting[ident] = happening
        self._journal.put("happening", ident, dump(happening))
        self.news.set()
        return happening

    def told(self, happening: Happening) -> None:
        """The bot has it stored."""
        if self.waiting.pop(happening.id, None) is not None:
            self._journal.drop("happening", happening.id)

    # Interactions

    def begin(self, who: str, place: str, thread: str | None, window: int) -> Interaction:
        """An interaction that can be answered for ``window`` milliseconds of real time."""
        now = real_now()
        for old in [one for one in self._interactions.values() if one.until < now]:
            del self._interactions[old.id]
            self._journal.drop("interaction", old.id)
        ident = f"i{self._host.next_number('interaction')}"
        interaction = Interaction(ident, who, place, thread, now + window)
        self._interactions[ident] = interaction
        self._journal.put("interaction", ident, dump(interaction))
        return interaction

    def interaction(self, token: str) -> Interaction | None:
        """The interaction, while it can be answered."""
        found = self._interactions.get(token)
        return found if found is not None and found.until >= real_now() else None

    # What people did, so that a request whose answer was lost can be sent again

    def done(self, who: str, key: str | None) -> str | None:
        """What somebody's request of this key made, if it came before."""
        found = self._deeds.get(f"{who} {key}")
        return None if found is None else found.made

    def did(self, who: str, key: str | None, made: str) -> None:
        """Somebody's request of this key made this."""
        if key is None:
            return
        deed = Deed(f"{who} {key}", self._host.next_number("deed"), made)
        self._deeds[deed.id] = deed
        self._journal.put("deed", deed.id, dump(deed))
        while len(self._deeds) > _DEEDS:
            oldest = next(iter(self._deeds))
            del self._deeds[oldest]
            self._journal.drop("deed", oldest)

    def asking(self, token: str) -> Happening | None:
        """What the bot is still to be told of an interaction."""
        return next((one for one in self.waiting.values() if one.more.get("token") == token), None)

    # Dialogs

    def dialog(self, seat: str) -> Dialog | None:
        return self._dialogs.get(seat)

    def dialog_called(self, ident: str) -> Dialog | None:
        return next((dialog for dialog in self._dialogs.values() if dialog.id == ident), None)

    def keep_dialog(self, dialog: Dialog) -> None:
        """Shows a form to its person, in place of one that was there."""
        self._dialogs[dialog.who] = dialog
        self._journal.put("dialog", dialog.who, dump(dialog))
        self._host.dialog_changed(dialog.who)

    def close_dialog(self, seat: str) -> None:
        if self._dialogs.pop(seat, None) is not None:
            self._journal.drop("dialog", seat)
            self._host.dialog_changed(seat)

    # Receipts

    def receipt(self, key: str) -> Delivered | None:
        return self._receipts.get(key)

    def deliver(
        self, key: str, place: str, message: str | None = None, thread: str | None = None
    ) -> Delivered:
        """Notes that the bot's intent of this key is done, so that it is never done again."""
        number = self._host.next_number("delivered")
        delivered = Delivered(key, number, place, message, thread)
        self._receipts[key] = delivered
        self._journal.put("delivered", key, dump(delivered))
        while len(self._receipts) > _RECEIPTS:
            oldest = next(iter(self._receipts))
            del self._receipts[oldest]
            self._journal.drop("delivered", oldest)
        return delivered


def real_now() -> int:
    """Real time in UTC milliseconds, for what must not travel."""
    return time.time_ns() // 1_000_000

"""What was said, newest of each conversation: messages, threads and the pictures they show."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from bot.platforms.local.journal import Journal
from bot.platforms.local.live import Live
from bot.platforms.local.state import Json, Message, dump, load
from bot.platforms.local.wire import Rendered

KEPT: Final = 500
"""Messages of each conversation; older ones are let go."""


class Host(Protocol):
    """What the history asks of the room that it belongs to."""

    @property
    def now(self) -> Callable[[], int]: ...

    def next_number(self, kind: str) -> int: ...

    def audience(self, message: Message) -> frozenset[str] | None: ...


class History:
    def __init__(self, journal: Journal, live: Live, host: Host) -> None:
        self.messages: dict[str, Message] = {}
        self.images: dict[str, bytes] = {}
        self._journal = journal
        self._live = live
        self._host = host
        self._by_place: dict[str, deque[str]] = {}
        self._threads: dict[str, list[str]] = {}
        self._image_users: dict[str, int] = {}

    async def load(self) -> None:
        stored = await self._journal.load("image")
        self.images = {name: body for name, body in stored.items() if isinstance(body, bytes)}
        messages = [load(Message, body) for body in (await self._journal.load("message")).values()]
        for message in sorted(messages, key=lambda one: one.number):
            self._index(message)

    def add(
        self,
        place: str,
        author: str,
        *,
        kind: str = "message",
        text: list[Json] | None = None,
        raw: str = "",
        thread: str | None = None,
        reply_to: str | None = None,
        pings: list[str] | None = None,
        only_for: str | None = None,
        rendered: Rendered | None = None,
        choices: list[Json] | None = None,
        at: int | None = None,
    ) -> Message:
        """A new message, by a person or the bot, at the end of a conversation."""
        number = self._host.next_number("message")
        message = Message(
            id=f"m{number}",
            number=number,
            place=place,
            author=author,
            at=self._host.now() if at is None else at,
            kind=kind,
            thread=thread,
            only_for=only_for,
            reply_to=reply_to,
            pings=pings or [],
            text=text,
            raw=raw,
            choices=choices or [],
        )
        if rendered is not None:
            self._fill(message, rendered)
        self._index(message)
        self.changed(message)
        if thread is not None and thread in self.messages:
            self.changed(self.messages[thread])
        self._let_go(place)
        return message

    def rewrite(self, message: Message, rendered: Rendered, choices: list[Json]) -> None:
        """New content in place of the old."""
        self._drop_image(message)
        self._fill(message, rendered)
        self._use_image(message)
        message.choices = choices
        message.edited_at = self._host.now()
        self.changed(message)

    def remove(self, message: Message) -> None:
        """Takes a message away; the first of a thread that has replies stays as an empty place."""
        if self.replies(message.id):
            self._drop_image(message)
            message.kind, message.raw, message.choices, message.reactions = "deleted", "", [], {}
            self._fill(message, Rendered(text=[]))
            self.changed(message)
            return
        self._by_place[message.place].remove(message.id)
        self._forget(message)

    def changed(self, message: Message) -> None:
        """Keeps a message's new state and shows it to those who may see it."""
        self._journal.put("message", message.id, dump(message))
        self._live.publish("message", message.id, seats=self._host.audience(message))

    def in_place(self, place: str) -> list[Message]:
        """What a conversation holds, oldest first, replies in threads included."""
        return [self.messages[ident] for ident in self._by_place.get(place, ())]

    def replies(self, root: str) -> list[Message]:
        return [self.messages[ident] for ident in self._threads.get(root, ())]

    def _index(self, message: Message) -> None:
        self.messages[message.id] = message
        self._by_place.setdefault(message.place, deque()).append(message.id)
        if message.thread is not None:
            self._threads.setdefault(message.thread, []).append(message.id)
        self._use_image(message)

    def _let_go(self, place: str) -> None:
        held = self._by_place[place]
        while len(held) > KEPT:
            self._forget(self.messages[held.popleft()])

    def _forget(self, message: Message) -> None:
        del self.messages[message.id]
        self._journal.drop("message", message.id)
        self._drop_image(message)
        if message.thread is not None:
            self._threads[message.thread].remove(message.id)
            root = self.messages.get(message.thread)
            if root is not None:
                self.changed(root)
        frame = {"id": message.id, "channel": message.place}
        self._live.publish("message_gone", message.id, seats=self._host.audience(message), frame=frame)

    def _fill(self, message: Message, rendered: Rendered) -> None:
        message.text, message.card, message.controls = rendered.text, rendered.card, rendered.controls
        message.image = None
        if rendered.image is not None:
            message.image, data = rendered.image
            if message.image not in self.images:
                self.images[message.image] = data
                self._journal.put("image", message.image, data)

    def _use_image(self, message: Message) -> None:
        if message.image is not None:
            self._image_users[message.image] = self._image_users.get(message.image, 0) + 1

    def _drop_image(self, message: Message) -> None:
        name = message.image
        if name is None:
            return
        self._image_users[name] -= 1
        if not self._image_users[name]:
            del self._image_users[name], self.images[name]
            self._journal.drop("image", name)

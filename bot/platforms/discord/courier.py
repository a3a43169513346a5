"""Brings to Discord what leaves the host: fitted, rendered, in its place; and looks whether it arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Any, Final
from urllib.parse import quote

from bot.model.content import Card, Content
from bot.model.ids import Channel, Member, MessageRef
from bot.model.limits import Limits
from bot.model.outgoing import (
    Answer,
    Delete,
    Destination,
    Direct,
    Edit,
    InChannel,
    Outgoing,
    Post,
    React,
    Receipt,
)
from bot.model.text import plain_text
from bot.platforms.base import Gone, RetryLater, Unsure
from bot.platforms.discord.answers import Answers, Token, TooLate
from bot.platforms.discord.api import Api, told
from bot.platforms.discord.errors import (
    NO_ACCESS,
    NO_HISTORY,
    NO_PERMISSION,
    OPENING_TOO_FAST,
    QUARANTINED,
    THREAD_EXISTS,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    Refused,
)
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.ids import PLATFORM, Json, marked, marker, snowflake_at
from bot.platforms.discord.kept import Kept
from bot.platforms.discord.markdown import CommandIds, Markdown, measure
from bot.platforms.discord.render import Body, marks, message
from bot.platforms.fit import fit

_MESSAGES: Final = "/channels/{}/messages"
_MESSAGE: Final = "/channels/{}/messages/{}"
_REACTION: Final = "/channels/{}/messages/{}/reactions/{}/@me"
_THREADS: Final = "/channels/{}/messages/{}/threads"
_DM: Final = "/users/@me/channels"
_PAGE: Final = 100
_CLOCK_SLACK_MS: Final = 60_000
_REMEMBERED: Final = 10_000
_THREAD_NAME: Final = 60


class Courier:
    """Delivers and finds. ``commands`` tells the ids of the registered commands by name."""

    def __init__(
        self,
        api: Api,
        answers: Answers,
        guilds: Guilds,
        limits: Limits,
        commands: Callable[[], CommandIds],
    ) -> None:
        self._api = api
        self._guilds = guilds
        self._answers = answers
        self._limits = limits
        self._commands = commands
        self._dms: Kept[str, str] = Kept(_REMEMBERED)
        self._found: Kept[str, Receipt] = Kept(_REMEMBERED)
        self._opens_from = 0.0
        self._why_closed = ""

    async def deliver(self, out: Outgoing) -> Receipt:
        """Raises RetryLater, Gone or Unsure."""
        if not out.to.space.startswith(f"{PLATFORM}:"):
            raise Gone(f"unknown-space: {out.to.space} is not on Discord")
        try:
            match out:
                case Post():
                    return await self._post(out)
                case Edit():
                    return await self._edit(out)
                case Delete():
                    return await self._delete(out)
                case React():
                    return await self._react(out)
        except Refused as refused:
            raise refused.as_outcome() from refused

    async def find(self, out: Outgoing, since: int) -> Receipt | None:
        """Look for a post's marks in the history from ``since`` (UTC ms). Raises Unsure, RetryLater."""
        if not isinstance(out, Post) or isinstance(out.to, Answer):
            return None
        parts = fit(out, self._limits, measure)
        wanted = {marker(out.to.lane, part.key): part.key for part in parts}
        try:
            place, channel, thread = await self._place(out.to)
            async for shown in self._history(place, since):
                for mark in wanted.keys() & marks(shown.get("components") or []):
                    receipt = Receipt(MessageRef(channel, str(shown["id"]), thread))
                    self._found.put(wanted.pop(mark), receipt)
                if not wanted:
                    break
        except Refused as refused:
            if refused.code == UNKNOWN_CHANNEL:
                return None
            raise Unsure(f"can't-look: {refused.as_outcome().reason}") from refused
        except Gone as gone:
            raise Unsure(f"can't-look: {gone.reason}") from gone
        return None if wanted else self._found.get(out.key)

    # Posts.

    async def _post(self, out: Post) -> Receipt:
        receipts = [
            await self._part(part) for part in fit(out, self._limits, measure) if isinstance(part, Post)
        ]
        return receipts[0]

    async def _part(self, part: Post) -> Receipt:
        if isinstance(part.to, Answer):
            return await self._answer(part, part.to)
        if (found := self._found.get(part.key)) is not None:
            return found
        return await self._post_at(part, part.to)

    async def _answer(self, part: Post, to: Answer) -> Receipt:
        token = Token.read(to.token)
        mark = marker(to.lane, part.key)
        if token is not None:
            body = self._body(part.content, part.to, mark, part.pings, private=True)
            try:
                ident = await self._answers.post(token, part.key, body, mark)
            except TooLate:
                pass
            else:
                return Receipt(None if ident is None else MessageRef(_answered_in(to), ident))
        return await self._post_at(part, Direct(to.member))

    async def _post_at(self, part: Post, to: InChannel | Direct) -> Receipt:
        place, channel, thread = await self._place(to)
        mark, nonce = marked(to.lane, part.key)
        body = self._body(part.content, to, mark, part.pings)
        body.json.update(nonce=nonce, enforce_nonce=True)
        if part.reply_to is not None:
            body.json["message_reference"] = {"message_id": part.reply_to, "fail_if_not_exists": False}
        try:
            made = await self._send_to(place, body)
        except Refused as refused:
            if refused.code == UNKNOWN_CHANNEL and thread is not None:
                await self._start_thread(channel, thread, part.content)
            elif refused.code == UNKNOWN_CHANNEL and isinstance(to, Direct):
                self._dms.pop(to.member.id)
                raise
            elif refused.code == NO_HISTORY and part.reply_to is not None:
                del body.json["message_reference"]
            else:
                raise
            made = await self._send_to(place, body)
        if told(made, "channel_id") != place:
            raise Unsure("nonce-elsewhere: Discord answered with a message of another channel")
        return Receipt(MessageRef(channel, told(made, "id"), thread))

    async def _send_to(self, place: str, body: Body) -> Any:
        return await self._api.send("POST", _MESSAGES, (place,), major=place, body=body)

    async def _start_thread(self, channel: Channel, root: str, content: Content) -> None:
        """A thread on a message has the message's id."""
        words = content.title if isinstance(content, Card) else content
        name = " ".join(plain_text(words).split())[:_THREAD_NAME].strip() or "Replies"
        try:
            await self._api.send("POST", _THREADS, (channel.id, root), major=channel.id, body={"name": name})
        except Refused as refused:
            if refused.code != THREAD_EXISTS:
                raise

    def _body(
        self,
        content: Content,
        to: Destination,
        mark: int,
        pings: tuple[Member, ...] = (),
        *,
        private: bool = False,
    ) -> Body:
        direct = isinstance(to, Direct) or (isinstance(to, Answer) and not private)
        home = to.space.partition(":")[2] if direct else None
        return message(
            content,
            Markdown(to.space, self._commands),
            mark=mark,
            pings=tuple(person for person in pings if person.space == to.space),
            home=home if home is not None and home.isdecimal() else None,
            private=private,
        )

    async def _place(self, to: InChannel | Direct) -> tuple[str, Channel, str | None]:
        """The channel to send to, as Discord and as the host call it, and the thread."""
        if isinstance(to, InChannel):
            _check(to.channel.id, to.thread)
            if self._guilds.is_foreign(to.channel):
                raise Gone("foreign-channel: it belongs to another server")
            return to.thread or to.channel.id, to.channel, to.thread
        ident = await self._dm(to.member)
        return ident, Channel(to.space, ident), None

    async def _dm(self, member: Member) -> str:
        _check(member.id)
        if (known := self._dms.get(member.id)) is not None:
            return known
        if (wait := self._opens_from - monotonic()) > 0:
            raise RetryLater(f"{self._why_closed}: no private messages are opened for now", wait)
        try:
            ident = told(await self._api.send("POST", _DM, body={"recipient_id": member.id}), "id")
        except Refused as refused:
            outcome = refused.as_outcome()
            if refused.code in (OPENING_TOO_FAST, QUARANTINED) and isinstance(outcome, RetryLater):
                self._opens_from = monotonic() + outcome.after
                self._why_closed = f"discord-{refused.code}"
            raise
        except Unsure as error:
            # opening it sends nothing
            raise RetryLater(error.reason, 1.0) from error
        return self._dms.put(member.id, ident)

    # Changes.

    async def _edit(self, out: Edit) -> Receipt:
        (fitted,) = fit(out, self._limits, measure)
        to, at = out.to, out.target
        mark = marker(to.lane, out.of)
        answered = isinstance(to, Answer) and (at is None or at.channel == _answered_in(to))
        body = self._body(fitted.content, to, mark, private=answered)
        if answered:
            assert isinstance(to, Answer)
            try:
                await self._answers.edit(_token(to), None if at is None else at.id, body)
            except TooLate as late:
                raise Gone("answer-expired: the time to change the answer is over") from late
            return Receipt(at)
        if at is None:
            raise Gone("unknown-message: nobody knows where it stands")
        place = at.thread or at.channel.id
        _check(place, at.id)
        await self._api.send("PATCH", _MESSAGE, (place, at.id), major=place, body=body)
        return Receipt(at)

    async def _delete(self, out: Delete) -> Receipt:
        to, at = out.to, out.target
        if isinstance(to, Answer) and (at is None or at.channel == _answered_in(to)):
            try:
                await self._answers.delete(_token(to), None if at is None else at.id)
            except TooLate as late:
                raise Gone("answer-expired: the time to take the answer back is over") from late
            return Receipt()
        if at is None:
            raise Gone("unknown-message: nobody knows where it stands")
        place = at.thread or at.channel.id
        _check(place, at.id)
        try:
            await self._api.send("DELETE", _MESSAGE, (place, at.id), major=place)
        except Refused as refused:
            if refused.code not in (UNKNOWN_MESSAGE, UNKNOWN_CHANNEL):
                raise
        return Receipt()

    async def _react(self, out: React) -> Receipt:
        at = out.target
        place = at.thread or at.channel.id
        _check(place, at.id)
        emoji = quote(out.emoji, safe="")
        await self._api.send("PUT", _REACTION, (place, at.id, emoji), major=place)
        return Receipt(at)

    # Looking.

    async def _history(self, place: str, since: int) -> AsyncIterator[Json]:
        """Messages of a channel from then on, oldest page first. Raises Unsure where it can't be read."""
        after = first = str(snowflake_at(since - _CLOCK_SLACK_MS))
        while True:
            page = await self._ask_history(place, after)
            for shown in page:
                yield shown
            if len(page) < _PAGE:
                break
            after = max((str(shown["id"]) for shown in page), key=int)
        if after == first and not page:
            await self._check_history(place, first)

    async def _ask_history(self, place: str, after: str) -> list[Json]:
        query = {"after": after, "limit": str(_PAGE)}
        page = await self._api.send("GET", _MESSAGES, (place,), major=place, query=query)
        return page if isinstance(page, list) else []

    async def _check_history(self, place: str, somewhere: str) -> None:
        """An empty history means nothing to who may not read it; asking for one message tells."""
        try:
            await self._api.send("GET", _MESSAGE, (place, somewhere or "1"), major=place)
        except Refused as refused:
            if refused.code in (NO_ACCESS, NO_PERMISSION):
                raise Unsure("no-history: Kith may not read the message history there") from refused
            if refused.code != UNKNOWN_MESSAGE:
                raise


def _answered_in(to: Answer) -> Channel:
    return to.channel or Channel(to.space, "0")


def _token(to: Answer) -> Token:
    token = Token.read(to.token)
    if token is None:
        raise Gone("answer-expired: there is no such interaction")
    return token


def _check(*idents: str | None) -> None:
    for ident in idents:
        if ident is not None and not ident.isdecimal():
            raise Gone(f"bad-id: {ident!r} is no id of Discord's")

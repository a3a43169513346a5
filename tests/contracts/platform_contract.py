"""What every platform promises the host. A suite to inherit: a platform's tests say how to make a Stage.

A Stage is the platform under test with its server, real or fake, and the hands of the people in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol, TypeVar

import pytest

from bot.model.content import Button, Card, Catalog, Form, Option, Section
from bot.model.events import Completion, Event, MemberJoined, MessagePosted, Raw, SpaceSeen
from bot.model.ids import Channel, Member, MessageRef, Space
from bot.model.outgoing import Answer, Delete, Direct, Edit, InChannel, Post, React
from bot.model.text import Link, Plain, T
from bot.platforms.base import Gone, Platform

E = TypeVar("E", bound=Event)
PATIENCE = 10.0


class RecordedDrafts:
    """Drafts of forms, held as they are."""

    def __init__(self) -> None:
        self.held: dict[int, tuple[Member, Form, dict[str, Raw]]] = {}
        self._numbers = count(1)

    async def keep(self, who: Member, form: Form, values: Mapping[str, Raw], draft: int | None = None) -> int:
        number = next(self._numbers) if draft is None else draft
        self.held[number] = (who, form, dict(values))
        return number

    async def get(self, who: Member, draft: int) -> tuple[Form, dict[str, Raw]] | None:
        whose, form, values = self.held.get(draft, (None, None, {}))
        return None if form is None or whose != who else (form, dict(values))

    async def drop(self, who: Member, draft: int) -> None:
        if self.held.get(draft, (None,))[0] == who:
            del self.held[draft]


class RecordedTold:
    """What was told needs mending, as long as the test runs."""

    def __init__(self) -> None:
        self.all: set[tuple[str, str]] = set()

    async def of(self, space: Space) -> frozenset[str]:
        return frozenset(what for key, what in self.all if key == space.key)

    async def keep(self, space: Space, what: str) -> None:
        self.all.add((space.key, what))

    async def drop(self, space: Space, what: str) -> None:
        self.all.discard((space.key, what))


class Recorder:
    """A host that only remembers: a Sink to hold a platform against.

    ``refusing``: how many of the next events are not stored. ``answer`` makes the form for an event.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.attempts: list[Event] = []
        self.refusing = 0
        self.answer: Callable[[Event], Form | None] = lambda event: None
        self.options: Sequence[Option] = ()
        self.asked: list[Completion] = []
        self.drafts = RecordedDrafts()
        self.told = RecordedTold()
        self._news = asyncio.Condition()

    async def accept(self, event: Event) -> Form | None:
        async with self._news:
            self.attempts.append(event)
            self._news.notify_all()
            if self.refusing:
                self.refusing -= 1
                raise RuntimeError("not stored")
            self.events.append(event)
        return self.answer(event)

    async def complete(self, request: Completion) -> Sequence[Option]:
        self.asked.append(request)
        return self.options

    async def wait(self, kind: type[E], where: Callable[[E], bool] = lambda event: True) -> E:
        """The first stored event of a kind, once it is there."""

        def found() -> E | None:
            return next((event for event in self.events if isinstance(event, kind) and where(event)), None)

        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: found() is not None)
        event = found()
        assert event is not None
        return event

    async def wait_attempts(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: len(self.attempts) >= count)


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as somebody sees it: all its words, and the labels of what can be pressed."""

    id: str
    text: str
    buttons: tuple[str, ...] = ()


class Stage(Protocol):
    """The platform under test. People's names are Ada and Mina; both are in the space."""

    platform: Platform
    sink: Recorder
    space: Space
    channel: Channel
    ada: Member
    mina: Member

    async def start(self) -> None:
        """Runs the platform with the sink and waits until it is connected."""
        ...

    async def stop(self) -> None: ...

    async def seen_in(self, channel: Channel, by: Member) -> list[Shown]:
        """What one person sees in a channel, threads included, oldest first."""
        ...

    async def seen_direct(self, by: Member) -> list[Shown]:
        """What one person sees in the private conversation with the bot."""
        ...

    async def say(self, who: Member, text: str) -> None: ...

    async def join(self, name: str) -> None: ...

    async def token(self, who: Member) -> str:
        """Lets somebody use the bot in the channel; the token of that interaction."""
        ...


CATALOG = Catalog()


class PlatformContract:
    """Inherit, and give a fixture ``stage`` that is started."""

    async def test_a_post_appears_once_with_its_words(self, stage: Stage) -> None:
        out = Post(
            "k1", InChannel(stage.channel), T("Hello {who}, **good** that you're here.", who=stage.ada)
        )
        receipt = await stage.platform.deliver(out)
        (shown,) = await stage.seen_in(stage.channel, stage.mina)
        assert receipt.message is not None
        assert shown.id == receipt.message.id
        assert receipt.message.channel == stage.channel
        assert "good that you're here." in shown.text.replace("*", "")

    async def test_a_card_shows_all_its_parts(self, stage: Stage) -> None:
        card = Card(
            "Title", "Body", (Section("text", "Heading"),), buttons=(Button("Me too", "a"),), footer="Foot"
        )
        await stage.platform.deliver(Post("k1", InChannel(stage.channel), card))
        (shown,) = await stage.seen_in(stage.channel, stage.mina)
        places = [shown.text.index(part) for part in ("Title", "Body", "Heading", "text", "Foot")]
        assert places == sorted(places)
        if stage.platform.limits.buttons:
            assert shown.buttons == ("Me too",)
        else:
            assert "1. Me too" in shown.text

    async def test_the_same_key_twice_is_one_message(self, stage: Stage) -> None:
        out = Post("k1", InChannel(stage.channel), "Once.")
        first = await stage.platform.deliver(out)
        assert await stage.platform.deliver(out) == first
        assert len(await stage.seen_in(stage.channel, stage.mina)) == 1

    async def test_find_knows_what_arrived_and_what_did_not(self, stage: Stage) -> None:
        out = Post("k1", InChannel(stage.channel), "Here.")
        assert await stage.platform.find(out, 0) is None
        receipt = await stage.platform.deliver(out)
        assert await stage.platform.find(out, 0) == receipt

    async def test_posts_of_a_lane_keep_their_order(self, stage: Stage) -> None:
        for number in range(5):
            await stage.platform.deliver(Post(f"k{number}", InChannel(stage.channel), f"Number {number}."))
        shown = await stage.seen_in(stage.channel, stage.mina)
        assert [one.text for one in shown] == [f"Number {number}." for number in range(5)]

    async def test_an_edit_changes_the_message_and_a_deletion_removes_it(self, stage: Stage) -> None:
        to = InChannel(stage.channel)
        posted = await stage.platform.deliver(Post("k1", to, "Before."))
        await stage.platform.deliver(Edit("k2", "k1", to, "After.", posted.message))
        assert [one.text for one in await stage.seen_in(stage.channel, stage.mina)] == ["After."]
        gone = Delete("k3", "k1", to, posted.message)
        await stage.platform.deliver(gone)
        await stage.platform.deliver(gone)
        assert await stage.seen_in(stage.channel, stage.mina) == []

    async def test_a_reaction_of_the_bot_may_be_repeated(self, stage: Stage) -> None:
        posted = await stage.platform.deliver(Post("k1", InChannel(stage.channel), "Hello."))
        assert posted.message is not None
        for _ in range(2):
            await stage.platform.deliver(React("k2", InChannel(stage.channel), "👋", posted.message))

    async def test_a_reply_stands_in_the_thread(self, stage: Stage) -> None:
        first = await stage.platform.deliver(Post("k1", InChannel(stage.channel), "Root."))
        assert first.message is not None
        thread = first.message.thread or first.message.id
        reply = await stage.platform.deliver(Post("k2", InChannel(stage.channel, thread), "Reply."))
        assert reply.message is not None
        assert reply.message.thread == thread

    async def test_a_private_message_is_seen_by_its_person_alone(self, stage: Stage) -> None:
        await stage.platform.deliver(Post("k1", Direct(stage.ada), "Only for Ada."))
        assert [one.text for one in await stage.seen_direct(stage.ada)] == ["Only for Ada."]
        assert await stage.seen_direct(stage.mina) == []
        assert await stage.seen_in(stage.channel, stage.mina) == []

    async def test_a_private_answer_is_seen_by_its_person_alone(self, stage: Stage) -> None:
        token = await stage.token(stage.ada)
        await stage.platform.deliver(Post("k1", Answer(token, stage.ada, stage.channel), "Between us."))
        assert all("Between us." not in one.text for one in await stage.seen_in(stage.channel, stage.mina))
        assert await stage.seen_direct(stage.mina) == []
        seen = [*await stage.seen_in(stage.channel, stage.ada), *await stage.seen_direct(stage.ada)]
        assert [one.text for one in seen if "Between us." in one.text] == ["Between us."]

    async def test_a_stale_answer_becomes_a_private_message(self, stage: Stage) -> None:
        await stage.platform.deliver(Post("k1", Answer("stale", stage.ada, stage.channel), "Late, sorry."))
        assert [one.text for one in await stage.seen_direct(stage.ada)] == ["Late, sorry."]

    async def test_long_words_arrive_whole_and_in_order(self, stage: Stage) -> None:
        text = " ".join(f"word{number}" for number in range(6_000))
        receipt = await stage.platform.deliver(Post("k1", InChannel(stage.channel), text))
        shown = await stage.seen_in(stage.channel, stage.mina)
        assert " ".join(one.text for one in shown) == text
        assert receipt.message is not None
        assert receipt.message.id == shown[0].id

    async def test_peoples_words_are_shown_as_they_are(self, stage: Stage) -> None:
        text = "*a* _b_ `c` <b>d</b> & @everyone <!channel> <@1> [x](https://example.org) \\*"
        await stage.platform.deliver(Post("k1", InChannel(stage.channel), text))
        (shown,) = await stage.seen_in(stage.channel, stage.mina)
        assert shown.text == text

    async def test_an_unknown_channel_is_gone(self, stage: Stage) -> None:
        nowhere = Channel(stage.space.key, "999999999999999999", "nowhere")
        with pytest.raises(Gone):
            await stage.platform.deliver(Post("k1", InChannel(nowhere), "Hello?"))

    async def test_a_channel_of_a_foreign_space_is_gone(self, stage: Stage) -> None:
        foreign = Channel(f"{stage.space.platform}:999999999999999998", stage.channel.id)
        with pytest.raises(Gone):
            await stage.platform.deliver(Post("k1", InChannel(foreign), "Hello?"))

    async def test_editing_what_is_not_there_is_gone(self, stage: Stage) -> None:
        missing = MessageRef(stage.channel, "999999999999999999")
        with pytest.raises(Gone):
            await stage.platform.deliver(Edit("k1", "k0", InChannel(stage.channel), "Hello?", missing))

    async def test_members_are_all_there_and_bots_are_marked(self, stage: Stage) -> None:
        found = [member async for member in stage.platform.members(stage.space)]
        assert {stage.ada, stage.mina} <= set(found)
        assert [member for member in found if member.bot]
        assert not any(member.bot for member in found if member in (stage.ada, stage.mina))
        assert len(found) == len(set(found))

    async def test_about_tells_channels_and_people(self, stage: Stage) -> None:
        info = await stage.platform.about(stage.space)
        assert info.space == stage.space
        assert stage.channel in info.channels

    async def test_the_space_is_announced_at_the_start(self, stage: Stage) -> None:
        seen = await stage.sink.wait(SpaceSeen)
        assert seen.space == stage.space

    async def test_what_is_said_becomes_an_event(self, stage: Stage) -> None:
        await stage.say(stage.ada, "Hello everyone")
        event = await stage.sink.wait(MessagePosted)
        assert (event.member, event.message.channel, event.text) == (
            stage.ada,
            stage.channel,
            "Hello everyone",
        )
        assert not event.direct
        assert event.space == stage.space

    async def test_a_newcomer_becomes_an_event(self, stage: Stage) -> None:
        await stage.join("Robin")
        event = await stage.sink.wait(MemberJoined)
        assert event.member not in (stage.ada, stage.mina)

    async def test_an_event_that_was_not_stored_comes_again_with_the_same_id(self, stage: Stage) -> None:
        await stage.sink.wait(SpaceSeen)
        stage.sink.refusing = 1
        before = len(stage.sink.attempts)
        await stage.say(stage.ada, "Remember this")
        event = await stage.sink.wait(MessagePosted)
        assert [one.id for one in stage.sink.attempts[before:] if isinstance(one, MessagePosted)] == [
            event.id
        ] * 2

    async def test_each_event_has_an_id_of_its_own(self, stage: Stage) -> None:
        await stage.say(stage.ada, "one")
        await stage.say(stage.mina, "one")
        first = await stage.sink.wait(MessagePosted, lambda event: event.member == stage.ada)
        second = await stage.sink.wait(MessagePosted, lambda event: event.member == stage.mina)
        assert first.id != second.id

    async def test_measure_counts_what_is_rendered(self, stage: Stage) -> None:
        measure = stage.platform.measure
        assert measure(Plain("a" * 50)) >= 50
        assert measure(Plain("a" * 51)) > measure(Plain("a" * 50))
        assert measure(Plain("a", bold=True)) >= 1
        assert measure(stage.ada) > 0
        assert measure(Link("https://example.org/", "here")) > 0

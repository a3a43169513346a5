"""What the sender makes of Discord's refusals, limits and silences."""

from __future__ import annotations

import asyncio
import heapq
import random
import re
from bisect import bisect_left
from collections.abc import AsyncIterator
from dataclasses import replace
from math import inf

import pytest
import pytest_asyncio

from bot.model.content import Button, Card, Image
from bot.model.events import CommandUsed, ControlUsed
from bot.model.ids import Member
from bot.model.outgoing import Answer, Delete, Direct, Edit, InChannel, Post, React
from bot.platforms.base import DeliveryError, Gone, RetryLater, Unsure
from bot.platforms.discord.limits import LIMITS
from bot.platforms.discord.pace import Buckets, Budget, Invalid, Place
from tests.discord.town import Town
from tests.fakes.discord import FakeDiscord, P, RateLimits
from tests.fakes.discord.permissions import Overwrite

POSTS = "POST /channels/*/messages"


@pytest_asyncio.fixture
async def t() -> AsyncIterator[Town]:
    """A town whose bot isn't connected: only the sender is at work."""
    async with FakeDiscord() as fake:
        made = Town(fake)
        yield made
        await made.stop()


def post(t: Town, key: str = "k1", text: str = "Hello.") -> Post:
    return Post(key, InChannel(t.channel), text)


@pytest.mark.parametrize(("scope", "everywhere"), [("global", True), ("user", False), ("shared", False)])
async def test_a_limit_is_kept_where_it_holds(t: Town, scope: str, everywhere: bool) -> None:
    t.fake.faults.limit(POSTS, 1.5, scope)  # type: ignore[arg-type]
    with pytest.raises(RetryLater) as found:
        await t.platform.deliver(post(t))
    assert (found.value.after, found.value.everywhere) == (1.5, everywhere)
    assert t.platform.invalid_requests == (0 if scope == "shared" else 1)
    await t.platform.deliver(post(t))
    assert t.place.texts == ["Hello."]


@pytest.mark.parametrize("how", ["502", "500", "504", "drop"])
async def test_a_lost_answer_is_unsure_and_the_same_key_is_one_message(t: Town, how: str) -> None:
    t.fake.faults.lose_answer(POSTS, how)  # type: ignore[arg-type]
    with pytest.raises(Unsure):
        await t.platform.deliver(post(t))
    found = await t.platform.find(post(t), 0)
    assert found == await t.platform.deliver(post(t))
    assert len(t.place.messages) == 1


async def test_a_plain_503_is_unsure_too(t: Town) -> None:
    t.fake.faults.refuse(POSTS, 503, 0)
    with pytest.raises(Unsure):
        await t.platform.deliver(post(t))
    assert await t.platform.find(post(t), 0) is None


async def test_nobody_there_is_for_later(t: Town) -> None:
    await t.fake.stop()
    with pytest.raises(RetryLater) as found:
        await t.platform.deliver(post(t))
    assert found.value.everywhere


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [(403, 50_001, "50001"), (403, 50_013, "50013"), (404, 10_003, "10003"), (400, 50_035, "50035")],
)
async def test_definite_refusals_are_for_good(t: Town, status: int, code: int, reason: str) -> None:
    t.fake.faults.refuse(POSTS, status, code)
    with pytest.raises(Gone, match=f"^discord-{reason}: "):
        await t.platform.deliver(post(t))


async def test_a_closed_door_and_a_shared_server_left(t: Town) -> None:
    mina = t.people["Mina"]
    mina.user.takes_dms = False
    with pytest.raises(Gone, match="discord-50007"):
        await t.platform.deliver(Post("k1", Direct(t.mina), "Hello."))
    t.people["Ada"].leave()
    with pytest.raises(Gone, match="discord-50278"):
        await t.platform.deliver(Post("k2", Direct(t.ada), "Hello."))


async def test_opening_too_fast_stops_all_opening_for_a_while(t: Town) -> None:
    t.fake.quarantine()
    with pytest.raises(RetryLater) as first:
        await t.platform.deliver(Post("k1", Direct(t.mina), "Hello."))
    assert first.value.after > 60
    with pytest.raises(RetryLater):
        await t.platform.deliver(Post("k2", Direct(t.ada), "Hello."))
    assert len(t.fake.sent("POST /users/@me/channels")) == 1


async def test_who_is_quarantined_opens_no_more_for_hours(t: Town) -> None:
    t.fake.faults.refuse("POST /users/@me/channels", 403, 20026)
    for who in (t.mina, t.ada):
        with pytest.raises(RetryLater, match="discord-20026") as refused:
            await t.platform.deliver(Post(f"k{who.id}", Direct(who), "Hello."))
        assert refused.value.after > 3_600
    assert len(t.fake.sent("POST /users/@me/channels")) == 1


@pytest.mark.parametrize(
    ("status", "text", "error", "after"),
    [
        (429, "error code: 1015", RetryLater, 600),
        (429, "[]", RetryLater, 600),
        (429, '{"retry_after": 0.337, "global": false}', RetryLater, 0.337),
        (429, '{"retry_after": "soon"}', RetryLater, 60),
        (429, '{"retry_after": null}', RetryLater, 60),
        (429, '{"retry_after": NaN}', RetryLater, 60),
        (429, '{"retry_after": -3}', RetryLater, 60),
        (429, '{"retry_after": 1e400}', RetryLater, 60),
        (403, "<html>Cloudflare</html>", RetryLater, 60),
        (403, '{"message": "internal network error", "code": 40333}', RetryLater, 60),
        (400, '{"message": null, "code": "odd"}', Gone, None),
        (301, "", Unsure, None),
        (520, "", Unsure, None),
        (200, "<html>Sign in</html>", Unsure, None),
        (200, "[]", Unsure, None),
        (200, "{}", Unsure, None),
        (200, '{"id": "5"}', Unsure, None),
        (200, '{"id": null, "channel_id": "5"}', Unsure, None),
    ],
)
async def test_every_odd_answer_has_a_meaning(
    status: int, text: str, error: type[DeliveryError], after: float | None, t: Town
) -> None:
    t.fake.faults.page("POST /channels/*/messages", status, text, times=None)
    with pytest.raises(error) as met:
        await t.platform.deliver(post(t))
    assert getattr(met.value, "after", None) == after


async def test_an_odd_answer_to_an_interaction_is_no_answer(t: Town) -> None:
    await t.start()
    to = Answer(await t.token(t.ada), t.ada, t.channel)
    await t.platform.deliver(Post("first", to, "One."))
    t.fake.faults.page("POST /webhooks/*", 200, "[]", "application/json")
    with pytest.raises(Unsure):
        await t.platform.deliver(Post("second", to, "Two."))
    t.forget()
    t.fake.faults.page("GET /webhooks/*", 200, "{}", "application/json")
    with pytest.raises(Unsure):
        await t.platform.deliver(Post("second", to, "Two."))


async def test_an_empty_history_that_may_not_be_read_says_nothing(t: Town) -> None:
    t.fake.world.overwrite(t.place, Overwrite(t.guild.bot.id, 0, deny=P.READ_MESSAGE_HISTORY))
    with pytest.raises(Unsure, match="no-history"):
        await t.platform.find(post(t), 0)


async def test_a_long_history_is_read_to_its_end(t: Town) -> None:
    t.fake.faults.lose_answer(POSTS, "drop")
    with pytest.raises(Unsure):
        await t.platform.deliver(post(t))
    for number in range(150):
        await t.say(t.ada, f"word {number}")
    assert await t.platform.find(post(t), 0) is not None
    assert await t.platform.find(post(t, "other"), 0) is None


async def test_after_a_revoked_token_everything_waits(t: Town) -> None:
    t.fake.revoke_token()
    with pytest.raises(RetryLater) as found:
        await t.platform.deliver(post(t))
    assert found.value.everywhere


async def test_too_many_refusals_stop_everything(t: Town) -> None:
    t.forget(invalid_most=3)
    t.fake.faults.refuse(POSTS, 403, 50_013, times=None)
    for number in range(3):
        with pytest.raises(Gone):
            await t.platform.deliver(post(t, f"k{number}"))
    with pytest.raises(RetryLater, match="discord-invalid") as found:
        await t.platform.deliver(post(t, "k4"))
    assert found.value.everywhere
    assert len(t.fake.sent(POSTS)) == 3


async def test_a_channels_share_is_read_from_the_answers() -> None:
    async with FakeDiscord(limits=RateLimits.real()) as fake:
        t = Town(fake)
        for number in range(5):
            await t.platform.deliver(post(t, f"k{number}"))
        with pytest.raises(RetryLater, match="discord-pace") as found:
            await t.platform.deliver(post(t, "k5"))
        assert not found.value.everywhere
        assert fake.limits.bucket_refusals == 0
        await t.stop()


async def test_many_requests_at_once_stay_below_the_limit_of_all() -> None:
    async with FakeDiscord(limits=RateLimits({}, others=(10_000, 1.0))) as fake:
        t = Town(fake, limits=LIMITS._replace(per_second=49))
        await asyncio.gather(*(t.platform.deliver(post(t, f"k{n}")) for n in range(70)))
        assert fake.limits.global_refusals == 0
        assert len(t.place.messages) == 70
        await t.stop()


async def test_pictures_are_sent_with_their_words_and_taken_away_by_an_edit(t: Town) -> None:
    card = Card("A bench", image=Image(b"png", "image/png", "A bench in the sun"))
    receipt = await t.platform.deliver(Post("k1", InChannel(t.channel), card))
    [picture] = t.place.last.pictures
    assert picture["description"] == "A bench in the sun"
    assert t.place.last.attachments[0].data == b"png"
    await t.platform.deliver(Edit("k2", "k1", InChannel(t.channel), "Gone.", receipt.message))
    assert t.place.last.attachments == []


async def test_only_the_named_are_pinged_and_replies_go_on(t: Town) -> None:
    await t.say(t.ada, "What now?")
    asked = t.place.last
    text = f"<@{t.ada.id}> @everyone"
    out = Post("k1", InChannel(t.channel), text, pings=(t.mina,), reply_to=str(asked.id))
    await t.platform.deliver(out)
    assert t.place.last.pinged == set()
    assert t.place.last.reply_to == asked.id
    t.fake.world.overwrite(t.place, Overwrite(t.guild.bot.id, 0, deny=P.READ_MESSAGE_HISTORY))
    await t.platform.deliver(replace(out, key="k2"))
    assert len(t.place.messages) == 3


async def test_reactions_and_odd_emoji(t: Town) -> None:
    receipt = await t.platform.deliver(post(t))
    assert receipt.message is not None
    with pytest.raises(Gone):
        await t.platform.deliver(React("k2", InChannel(t.channel), "not an emoji", receipt.message))


async def test_it_says_who_it_is_as_discord_asks(t: Town) -> None:
    await t.platform.deliver(post(t))
    [sent] = t.fake.sent(POSTS)
    assert re.match(r"DiscordBot \(https://[^\s,]+, \d[^\s)]*\)", sent.agent)
    assert ".invalid" not in sent.agent


async def test_ids_that_are_none_never_reach_an_address(t: Town) -> None:
    odd = Member(t.space.key, "../guilds/1")
    with pytest.raises(Gone, match="bad-id"):
        await t.platform.deliver(Post("k1", Direct(odd), "Hello."))


# Answers.


async def _used(t: Town) -> Answer:
    await t.start()
    token = await t.token(t.ada)
    return Answer(token, t.ada, t.channel)


async def test_answers_edits_and_further_answers(t: Town) -> None:
    to = await _used(t)
    first = await t.platform.deliver(Post("k1", to, "One."))
    second = await t.platform.deliver(Post("k2", to, "Two."))
    again = await t.platform.deliver(Post("k1", to, "One."))
    assert first == again
    assert first.message is None
    await t.platform.deliver(Edit("k3", "k1", to, "One, changed."))
    await t.platform.deliver(Edit("k4", "k2", to, "Two, changed.", second.message))
    seen = await t.seen_in(t.channel, t.ada)
    assert [one.text for one in seen] == ["One, changed.", "Two, changed."]
    await t.platform.deliver(Delete("k5", "k2", to, second.message))
    await t.platform.deliver(Delete("k6", "k1", to))
    assert await t.seen_in(t.channel, t.ada) == []


async def test_an_answer_finds_its_way_after_a_restart(t: Town) -> None:
    to = await _used(t)
    await t.platform.deliver(Post("k1", to, "One."))
    t.forget()
    await t.platform.deliver(Post("k1", to, "One."))
    await t.platform.deliver(Post("k2", to, "Two."))
    assert [one.text for one in await t.seen_in(t.channel, t.ada)] == ["One.", "Two."]


async def test_an_answer_whose_fate_is_unknown_is_given_once(t: Town) -> None:
    to = await _used(t)
    t.fake.faults.lose_answer("POST /interactions/*", "drop")
    with pytest.raises(Unsure):
        await t.platform.deliver(Post("k1", to, "One."))
    await t.platform.deliver(Post("k1", to, "One."))
    assert [one.text for one in await t.seen_in(t.channel, t.ada)] == ["One."]


async def test_too_late_for_an_answer_is_not_too_late_for_a_message(t: Town) -> None:
    to = await _used(t)
    await t.platform.deliver(Post("k1", to, "In time."))
    t.fake.clock.skip(16 * 60)
    receipt = await t.platform.deliver(Post("k2", to, "Late, sorry."))
    assert [one.text for one in await t.seen_direct(t.ada)] == ["Late, sorry."]
    with pytest.raises(Gone, match="answer-expired"):
        await t.platform.deliver(Edit("k3", "k1", to, "Changed."))
    await t.platform.deliver(Edit("k4", "k2", to, "Later still.", receipt.message))
    assert [one.text for one in await t.seen_direct(t.ada)] == ["Later still."]


async def test_a_button_in_a_private_message_knows_its_server(t: Town) -> None:
    await t.start()
    await t.platform.deliver(Post("k1", Direct(t.ada), Card("Hello", buttons=(Button("Yes", "a|b"),))))
    ada = t.people["Ada"]
    await ada.click(ada.dm.last, "Yes")
    event = await t.sink.wait(ControlUsed)
    assert (event.space, event.action, event.actor.member) == (t.space, "a|b", t.ada)
    await t.platform.deliver(Post("k2", Answer(event.token, t.ada, event.channel), "Good."))
    await t.fake.until(lambda: any("Good" in message.text for message in ada.sees(ada.dm)))


async def test_a_command_in_a_thread_knows_its_channel(t: Town) -> None:
    await t.start()
    ada = t.people["Ada"]
    thread = ada.thread(t.place, "Aside")
    await ada.slash("ping", channel=thread)
    event = await t.sink.wait(CommandUsed)
    assert event.channel == t.channel


# The three limits, by a clock of our own.


async def test_a_place_is_free_a_second_later_and_as_much_later_as_its_answer_was_late() -> None:
    now = 100.0
    budget = Budget(2, lambda: now)
    first, second = await budget.enter("POST /a"), await budget.enter("POST /a")
    assert budget.wait() > 0
    now = 100.3
    budget.leave(first)
    budget.leave(second)
    now = 101.0
    assert 0 < budget.wait() <= 0.05
    now = 101.32
    assert budget.wait() == 0


@pytest.mark.parametrize("seed", range(4))
async def test_no_second_holds_too_many_however_the_network_jitters(seed: int) -> None:
    """A slow network and a quick one by turns, 16 requests on their way at most, for a minute."""
    now, chance, number = 0.0, random.Random(seed), 0
    budget = Budget(int(LIMITS.per_second), lambda: now)
    under_way: list[tuple[float, int, Place]] = []
    arrivals: list[float] = []
    while now < 60:
        if len(under_way) < 16 and not budget.wait():
            trip = (0.005, 0.015) if int(now / 20) % 2 == 0 else (0.0005, 0.003)
            arrivals.append(now + chance.uniform(*trip))
            number += 1
            place = await budget.enter("POST /a")
            heapq.heappush(under_way, (arrivals[-1] + chance.uniform(*trip), number, place))
            now += 0.0002
            continue
        answered = under_way[0][0] if under_way else inf
        now = min(answered, now + (budget.wait() if len(under_way) < 16 else inf))
        if now == answered:
            budget.leave(heapq.heappop(under_way)[2])
    arrivals.sort()
    most = max(bisect_left(arrivals, at + 1) - index for index, at in enumerate(arrivals))
    assert most <= 50
    assert len(arrivals) > 60 * 47.5


async def test_without_a_limit_there_is_always_a_place() -> None:
    budget = Budget(0, lambda: 100.0)
    for _ in range(100):
        budget.leave(await budget.enter("POST /a"))
    assert budget.wait() == 0


def told(name: str, remaining: str) -> dict[str, str]:
    """What an answer tells of a bucket that is full again after five seconds."""
    return {
        "x-ratelimit-bucket": name,
        "x-ratelimit-remaining": remaining,
        "x-ratelimit-reset-after": "5",
    }


def test_a_bucket_opens_when_it_is_full_again() -> None:
    now = 100.0
    buckets = Buckets(lambda: now)
    buckets.leave(buckets.enter("POST /a", "1"), "POST /a", "1", told("b", "1"))
    first = buckets.enter("POST /a", "1")
    assert first.wait == 0
    assert buckets.enter("POST /a", "1").wait == 5
    assert buckets.enter("POST /a", "2").wait == 0
    buckets.leave(first, "POST /a", "1", told("b", "0"))
    assert buckets.enter("POST /a", "1").wait == 5
    now = 106.0
    second = buckets.enter("POST /a", "1")
    assert second.wait == 0
    third = buckets.enter("POST /a", "1")
    assert third.wait == 0, "it is not known yet how many may go"
    buckets.leave(second, "POST /a", "1", told("b", "odd"))
    buckets.leave(third, "POST /a", "1", {"x-ratelimit-bucket": "b"})
    assert buckets.enter("POST /a", "1").wait == 0


def test_what_is_under_way_counts_to_its_bucket_when_another_is_named() -> None:
    """Deleting a message counts to one bucket or another, by the message's age."""
    now = 100.0
    buckets = Buckets(lambda: now)
    early = [buckets.enter("DELETE /a", "1") for _ in range(2)]
    for turn in early:
        buckets.leave(turn, "DELETE /a", "1", told("young", "2"))
    under_way = [buckets.enter("DELETE /a", "1") for _ in range(2)]
    assert [turn.wait for turn in under_way] == [0, 0]
    assert buckets.enter("DELETE /a", "1").wait == 5
    for turn in under_way:
        buckets.leave(turn, "DELETE /a", "1", told("old", "2"))
    buckets.leave(buckets.enter("DELETE /a", "1"), "DELETE /a", "1", told("young", "1"))
    assert buckets.enter("DELETE /a", "1").wait == 0, "nothing is under way any more"
    assert buckets.enter("DELETE /a", "1").wait == 5


def test_invalid_requests_are_forgotten_after_ten_minutes() -> None:
    now = 100.0
    invalid = Invalid(3, lambda: now)
    for _ in range(3):
        invalid.note()
    assert invalid.wait() == 600
    now = 701.0
    assert invalid.wait() == 0
    assert invalid.count == 0

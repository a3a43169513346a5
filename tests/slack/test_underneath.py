"""What holds beneath every answer: three seconds, one modal, threads, five uses of an address, who is new."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.model.content import Card, Field, Form, Kind, Table
from bot.model.events import CommandUsed, Event, FormSent, MemberJoined
from bot.model.outgoing import InChannel, Post
from bot.platforms.base import Gone, Unsure
from bot.router import SPOKEN_TO_MS
from tests.fakes.slack import Delay, Drop, Refuse
from tests.slack.home import Home, home
from tests.slack.stage import SlackStage, staged

WHY = "She stayed late to help me find the fault."


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[SlackStage]:
    async with staged() as made:
        async for _ in made.platform.members(made.space):
            pass
        yield made


@pytest_asyncio.fixture
async def h(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path) as made:
        yield made


def asks(*names: str, action: str = "h|one|x|y") -> Form:
    return Form("Ask", action, tuple(Field(name, Kind.TEXT, name.capitalize()) for name in names))


# -- forms --------------------------------------------------------------------------------------------------


async def test_a_form_that_comes_too_late_to_be_opened_is_told(stage: SlackStage) -> None:
    stage.sink.answer = lambda event: asks("who") if isinstance(event, CommandUsed) else None
    ada = stage.who(stage.ada)
    late = stage.slack.faults.add(Delay(), "views.open")
    answer = await ada.command(stage.place, "/kith", "help")
    await stage.slack.until(lambda: late.hits)
    stage.slack.clock.advance(4)
    late.release()
    told = await answer.message()
    assert "took me too long" in told.shown
    assert told.only_for is ada
    assert ada.modals == []


@pytest.mark.parametrize("error", ["expired_trigger_id", "exchanged_trigger_id", "internal_error"])
async def test_a_form_that_slack_will_not_open_is_told(stage: SlackStage, error: str) -> None:
    stage.sink.answer = lambda event: asks("who") if isinstance(event, CommandUsed) else None
    stage.slack.faults.add(Refuse(error), "views.open")
    answer = await stage.who(stage.ada).command(stage.place, "/kith", "help")
    assert "try once more" in (await answer.message()).shown


async def test_a_form_after_a_form_takes_its_place(stage: SlackStage) -> None:
    def answers(event: Event) -> Form | None:
        if isinstance(event, CommandUsed):
            return asks("who")
        if isinstance(event, FormSent) and event.action.startswith("h|one"):
            return asks("when", "where", action="h|two|x|y")
        return None

    stage.sink.answer = answers
    ada = stage.who(stage.ada)
    form = await (await ada.command(stage.place, "/kith", "help")).view()
    await ada.submit(form, {"Who": "Mina"})
    assert ada.modals == [form]
    assert [block["label"]["text"] for block in form.blocks] == ["When", "Where"]
    assert form.values == {}
    await ada.submit(form, {"When": "today", "Where": "here"})
    assert ada.modals == []
    sent = [event for event in stage.sink.events if isinstance(event, FormSent)]
    assert [dict(event.values) for event in sent] == [{"who": "Mina"}, {"when": "today", "where": "here"}]
    assert len({event.id for event in sent}) == 2
    assert len(stage.slack.calls("views.open")) == 1
    assert not stage.slack.calls("views.push")


async def test_a_form_keeps_all_it_needs_within_what_a_modal_may_keep(stage: SlackStage) -> None:
    names = [f"field_{number}" for number in range(95)]
    action = "h|" + "a" * 140
    stage.sink.answer = lambda event: (
        Form("Ask", action, tuple(Field(name, Kind.ROLE, name, required=False) for name in names))
        if isinstance(event, CommandUsed)
        else None
    )
    form = await (await stage.who(stage.ada).command(stage.place, "/kith", "help")).view()
    assert len(form.private_metadata) < 1_000
    assert len(form.blocks) == 95


# -- answers ------------------------------------------------------------------------------------------------


async def test_more_answers_than_an_address_takes_are_all_seen(h: Home) -> None:
    form = await (await h.kith(h.robin, "admin settings welcome")).view()
    texts = [f"Hello {{member}}, welcome number {number}." for number in range(7)]
    await h.robin.submit(form, {"Greetings": "\n\n".join(texts)})
    await h.robin.sees("Kept")
    await h.kith(h.robin, "admin preview")
    await h.settled()
    shown = "\n".join(one.shown for one in h.robin.ephemerals)
    for number in range(7):
        assert f"welcome number {number}." in shown
    assert len(h.slack.calls("chat.postEphemeral")) >= 2


async def test_blocks_that_slack_refuses_are_said_in_words_everywhere(h: Home) -> None:
    h.slack.faults.add(Refuse("invalid_blocks"), "response_url", when=lambda body: "blocks" in body)
    listed = await (await h.kith(h.ada, "help")).message()
    assert listed.blocks == []
    assert "/kith me" in listed.text
    h.slack.faults.add(Refuse("invalid_arguments"), "views.publish")
    await h.ada.open_home()
    await h.slack.until(lambda: h.ada.home is not None)
    assert h.ada.home is not None
    assert "Only you can see this." in h.ada.home.shown


async def test_a_table_that_slack_refuses_is_said_in_lines(stage: SlackStage) -> None:
    stage.slack.faults.add(Refuse("invalid_attachments"), "chat.postMessage")
    card = Card("Turns", table=Table(("Who", "When"), (("Mina", "Monday"), ("Ada", "Friday"))))
    await stage.platform.deliver(Post("k1", InChannel(stage.channel), card))
    assert stage.place.last.blocks == []
    assert stage.place.last.text == "Turns\nWho · When\nMina · Monday\nAda · Friday"


async def test_the_open_log_is_a_table_in_slack(h: Home) -> None:
    log = await (await h.kith(h.ada, "log")).message()
    (table,) = [block for block in log.blocks if block["type"] == "table"]
    assert len(table["rows"]) == 2
    assert "opened Kith here" in log.spoken
    assert log.spoken.startswith("The open log\nWhen · What\n")


@pytest.mark.parametrize("closed", ["threads_only", "no_threads"])
async def test_what_a_channel_does_not_allow_is_told_to_an_admin(stage: SlackStage, closed: str) -> None:
    root = await stage.who(stage.ada).say(stage.place, "root")
    setattr(stage.place, closed, True)
    to = InChannel(stage.channel, root.ts if closed == "no_threads" else None)
    with pytest.raises(Gone, match="restricted_action"):
        await stage.platform.deliver(Post("k1", to, "Hello?"))
    assert "posting permissions" in stage.who(stage.ada).dm_channel.last.text


async def test_a_reply_to_what_is_gone_stands_in_the_channel(stage: SlackStage) -> None:
    root = await stage.who(stage.ada).say(stage.place, "root")
    stage.slack.acts.delete(root)
    await stage.platform.deliver(Post("k1", InChannel(stage.channel), "A reply", reply_to=root.ts))
    assert stage.place.last.text == "A reply"
    assert stage.place.last.thread_ts is None


async def test_a_lost_answer_to_a_reply_is_found_though_what_it_replies_to_is_gone(stage: SlackStage) -> None:
    root = await stage.who(stage.ada).say(stage.place, "root")
    stage.slack.acts.delete(root)
    post = Post("k1", InChannel(stage.channel), "A reply", reply_to=root.ts)
    assert await stage.platform.find(post, 0) is None
    assert await stage.platform.find(Post("k2", InChannel(stage.channel, root.ts), "Within"), 0) is None
    stage.slack.faults.add(Drop(), "chat.postMessage", when=lambda given: not given.get("thread_ts"))
    with pytest.raises(Unsure):
        await stage.platform.deliver(post)
    found = await stage.platform.find(post, 0)
    assert found is not None
    assert found.message is not None
    assert found.message.id == stage.place.last.ts


async def test_a_lost_answer_is_looked_up_though_kith_was_sent_out_of_the_channel(stage: SlackStage) -> None:
    stage.slack.faults.add(Drop(), "chat.postMessage")
    post = Post("k1", InChannel(stage.channel), "Hello")
    with pytest.raises(Unsure):
        await stage.platform.deliver(post)
    await stage.who(stage.ada).kick(stage.place)
    assert await stage.platform.find(post, 0) is not None


async def test_a_post_that_the_history_shows_late_is_found_once_it_does(stage: SlackStage) -> None:
    stage.slack.history_lag = 30
    stage.slack.faults.add(Drop(), "chat.postMessage")
    post = Post("k1", InChannel(stage.channel), "Hello")
    with pytest.raises(Unsure):
        await stage.platform.deliver(post)
    assert await stage.platform.find(post, 0) is None
    stage.slack.clock.advance(31)
    assert await stage.platform.find(post, 0) is not None


# -- threads and shortcuts ----------------------------------------------------------------------------------


async def test_threads_are_kept_to(h: Home) -> None:
    root = await h.ada.say(h.hall, "A thread")
    await h.ada.say(h.hall, h.workspace.bot, " help?", thread=root)
    await h.slack.until(lambda: h.ada.ephemerals)
    assert h.ada.ephemerals[-1].thread_ts == root.ts
    private = await h.ada.dm("hello")
    await h.ada.sees("/kith me", h.ada.dm_channel)
    h.slack.clock.advance(SPOKEN_TO_MS / 1_000)
    await h.ada.say(h.ada.dm_channel, "and again", thread=private)
    await h.slack.until(lambda: any(one.thread_ts == private.ts for one in h.ada.dm_channel.live[3:]))
    written = await h.mina.say(h.hall, "Found it: the belt was loose.", thread=root)
    why = await (await h.ada.shortcut("kith.why_this", written)).message()
    assert why.thread_ts == root.ts


async def test_why_takes_a_link_to_a_message_of_the_channel(h: Home) -> None:
    await h.ada.command(h.hall, "/shoutout", h.mina, f" {WHY}")
    said = await h.mina.sees(WHY, h.wall)
    await h.settled()
    link = h.slack.permalink(said)
    for words in (link, f"<{link}>"):
        why = await (await h.ada.command(h.wall, "/kith", f"why {words}")).message()
        assert "Ada wanted to thank Mina." in why.shown
    elsewhere = await (await h.ada.command(h.hall, "/kith", f"why {link}")).message()
    assert "in another channel" in elsewhere.shown


async def test_the_global_shortcuts(h: Home) -> None:
    mine = await h.ada.shortcut("command|kith me")
    assert mine
    await h.ada.sees("Only you can see this", h.ada.dm_channel)
    form = await (await h.ada.shortcut("command|ask")).view()
    await h.ada.submit(form, {"What would you like to know?": "belts"})
    await h.ada.sees("Nothing on that yet", h.ada.dm_channel)


async def test_typed_words_find_their_places_and_a_form_asks_for_the_rest(h: Home) -> None:
    await h.kith(h.robin, 'curate add title: "Belt sander" text: "Its bag, too, needs emptying." source: Ada')
    await h.robin.sees("Kept as number 1")
    shown = (await (await h.kith(h.robin, "curate next")).message()).shown
    assert "Belt sander\nIts bag, too, needs emptying." in shown
    assert "From Ada." in shown
    await h.ada.command(h.hall, "/shoutout", "why: She found the fault in it. to: ", h.mina)
    await h.mina.sees("She found the fault in it.", h.wall)
    form = await (await h.ada.command(h.hall, "/shoutout", "Mina for the cake on Friday")).view()
    filled = {
        block["label"]["text"]: block["element"].get("initial_value")
        for block in form.blocks
        if block["type"] == "input"
    }
    assert filled == {"To": None, "What for?": "Mina for the cake on Friday"}
    await h.ada.submit(form, {"To": h.robin, "What for?": "For the cake on Friday."})
    await h.robin.sees("For the cake on Friday.", h.wall)
    form = await (await h.kith(h.robin, "mod pause until: whenever it suits")).view()
    problems = [block["hint"]["text"] for block in form.blocks if block["type"] == "input"]
    assert problems[0].startswith("⚠")


async def test_a_group_of_commands_alone_is_help_on_it_as_it_is_called_here(h: Home) -> None:
    told = await (await h.kith(h.robin, "admin")).message()
    assert "/kith admin settings: " in told.shown
    told = await (await h.kith(h.ada, "admin")).message()
    assert "I don't know /kith admin." in told.shown
    told = await (await h.kith(h.robin, "help /kith admin settings")).message()
    assert "Change how I work here" in told.shown


async def test_channels_among_words_stand_by_their_names(h: Home) -> None:
    form = await (await h.ada.command(h.hall, "/shoutout", "see ", h.wall, " for what she did")).view()
    (words,) = [block for block in form.blocks if block.get("element", {}).get("multiline")]
    assert words["element"]["initial_value"] == "see #wall for what she did"
    await h.ada.submit(form, {"To": h.mina})
    await h.mina.sees("see #wall for what she did", h.wall)
    h.wall.name = ""  # as Slack tells of channels that Kith isn't in
    await h.mina.command(h.hall, "/shoutout", h.ada, " see ", h.wall, " for the cake")
    await h.ada.sees("see #a channel for the cake", h.wall)


async def test_mistakes_in_settings_are_shown_beside_what_was_typed(h: Home) -> None:
    form = await (await h.kith(h.robin, "admin settings knowledge")).view()
    await h.robin.submit(form, {"Channel for snippets": h.wall, "When to share one": "every blursday"})
    (mistake,) = form.errors.values()
    assert "blursday" in mistake
    assert form.versions == []
    await h.robin.submit(form, {"When to share one": "Tuesday at 10:00"})
    assert "every Tuesday at 10:00. Next:" in (await h.robin.sees("Kept")).shown


async def test_a_setting_that_somebody_changed_meanwhile_is_shown_anew(h: Home) -> None:
    form = await (await h.kith(h.robin, "admin settings kindness")).view()
    other = await (await h.kith(h.robin, "admin settings kindness")).view()
    await h.robin.submit(other, {"Shout-outs a day": 7})
    await h.robin.sees("Kept")
    form.open = True
    h.robin.modals[:] = [form]
    await h.robin.submit(form, {"Shout-outs a day": 9})
    assert form.errors == {}
    assert len(form.versions) == 1
    shown = [block for block in form.blocks if block["label"]["text"] == "Shout-outs a day"]
    assert shown[0]["element"]["initial_value"] == "7"
    assert "⚠" in shown[0]["hint"]["text"]
    await h.robin.submit(form, {"Shout-outs a day": 9})
    await h.settled()
    assert "Shout-outs a day is now 9" in (await (await h.kith(h.robin, "log")).message()).shown


# -- who is new ---------------------------------------------------------------------------------------------


async def test_the_first_look_greets_nobody(tmp_path: Path) -> None:
    async with home(tmp_path) as h:
        await h.settled()
        assert not [one for one in h.hall.live if one.author.is_bot]
        assert not [one for one in h.ada.dm_channel.live if one.author.is_bot]


async def test_where_a_channel_is_the_community_who_comes_into_it_is_greeted(tmp_path: Path) -> None:
    async with home(tmp_path, channels=("C000000002",)) as h:
        assert h.hall.id == "C000000002"
        kim = h.workspace.join("Kim")
        await h.settled()
        assert not [one for one in h.hall.live if one.author.is_bot]
        await kim.join(h.hall)
        await h.robin.sees(f"<@{kim.id}>", h.hall)
        other = h.slack.workspace("Elsewhere", install=False)
        h.workspace.connect(h.hall, other)
        stranger = other.member("Stranger")
        h.workspace.admit(h.hall, stranger)
        await h.robin.sees(f"<@{stranger.id}>", h.hall)
        await h.stop()
        lou = h.workspace.member("Lou")
        await lou.join(h.hall)
        await h.start()
        await h.robin.sees(f"<@{lou.id}>", h.hall)


async def test_who_joined_while_slack_dropped_events_is_greeted(
    h: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    lou = h.workspace.member("Lou")
    team, minute = h.workspace.id, 1_518_467_820
    limited = {"type": "app_rate_limited", "team_id": team, "minute_rate_limited": minute}
    for told in ({**limited, "team_id": "T0NOWHERE"}, limited, limited):
        h.slack.delivery.event(told)
    await h.robin.sees(f"<@{lou.id}>", h.hall)
    assert "slack_events_dropped" in capsys.readouterr().out


async def test_one_join_told_by_several_events_is_one(stage: SlackStage) -> None:
    stage.slack.delivery.hold()
    kim = stage.workspace.join("Kim")
    stage.workspace.change(kim, display_name="Kimberley")
    sent = stage.slack.delivery.release(copies=(2, 2), new_ids=True)
    await stage.slack.quiet()
    assert sent >= 4
    joined = [event for event in stage.sink.events if isinstance(event, MemberJoined)]
    assert len({event.id for event in joined}) == 1


async def test_nobody_waits_for_names_and_groups_that_slack_does_not_tell() -> None:
    async with staged() as stage:  # so early that nobody was listed yet
        for method in ("users.info", "usergroups.list"):
            stage.slack.faults.add(Delay(), method, times=None)
        assert await stage.who(stage.mina).command(stage.place, "/kith", "help")
        used = await stage.sink.wait(CommandUsed)
        assert (used.actor.roles, used.actor.platform_roles) == (frozenset(), frozenset())

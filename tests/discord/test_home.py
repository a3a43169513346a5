"""What people live through with Kith on Discord, from joining to thanking, restarts and mishaps included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.discord.home import Home, home
from tests.fakes.discord import ClientRefused, P
from tests.fakes.discord.intents import Intent
from tests.fakes.discord.model import FORUM
from tests.fakes.discord.permissions import Overwrite

WHY = "She stayed late to help me find the fault."


@pytest_asyncio.fixture
async def h(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path) as made:
        yield made
        assert made.fake.crashes == []


async def test_a_newcomer_is_greeted_once_however_often_discord_tells(h: Home) -> None:
    kim = h.guild.join("Kim")
    kim.join_event_again()
    kim.join_event_again()
    greeting = await h.hears(f"<@{kim.id}>")
    assert greeting.channel is h.hall
    assert greeting.pinged == {kim.id}
    kim.give(h.guild.role("Makers"))
    lou = h.guild.join("Lou")
    await h.hears(f"<@{lou.id}>")
    await h.settled()
    assert sum(f"<@{kim.id}>" in message.text for message in h.hall.messages) == 1


async def test_screening_is_waited_for_across_a_restart(h: Home) -> None:
    kim = h.guild.join("Kim", pending=True)
    lou = h.guild.join("Lou")
    await h.hears(f"<@{lou.id}>")
    assert not any(f"<@{kim.id}>" in message.text for message in h.hall.messages)
    await h.restart()
    kim.pass_screening()
    await h.hears(f"<@{kim.id}>")


async def test_who_came_while_kith_was_away_and_still_reads_the_rules_is_waited_for(h: Home) -> None:
    await h.stop()
    kim = h.guild.join("Kim", pending=True)
    await h.start()
    await h.settled()
    assert not any(f"<@{kim.id}>" in message.text for message in h.hall.messages)
    kim.pass_screening()
    await h.hears(f"<@{kim.id}>")


async def test_whoever_comes_back_is_greeted_again_and_whoever_goes_is_not_left_standing(h: Home) -> None:
    kim = h.guild.join("Kim")
    first = await h.hears(f"<@{kim.id}>")
    kim.leave()
    await h.fake.until(lambda: first.deleted)
    kim.rejoin()
    again = await h.hears(f"<@{kim.id}>")
    assert again is not first


async def test_joins_missed_while_away_are_made_up_for(h: Home) -> None:
    await h.stop()
    kim = h.guild.join("Kim")
    await h.start()
    await h.hears(f"<@{kim.id}>")
    assert not any(f"<@{h.ada.id}>" in message.text for message in h.hall.messages)


async def test_a_shoutout_with_everything_said_at_once(h: Home) -> None:
    used = await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=h.wall)
    await used.answered()
    assert used.response is not None
    assert used.response.ephemeral
    said = await h.hears("stayed late")
    assert said.channel is h.wall
    assert said.pinged == {h.mina.id}


async def test_in_a_forum_everything_stays_in_its_post(h: Home) -> None:
    """A forum holds posts alone, which are threads: nothing can be said in the forum itself."""
    forum = h.fake.world.create_channel(h.guild, "help", FORUM)
    post = h.ada.thread(forum, "My lamp flickers")
    await (await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=post)).answered()
    said = await h.fake.until(lambda: [one for one in post.messages if "stayed late" in one.text])
    await (await h.admin.click(said[0], "Me too")).answered()
    await h.restart()
    other = h.mina.thread(forum, "Mine too")
    await (await h.mina.slash("shoutout", to=h.ada, why=WHY, channel=other)).answered()
    await h.fake.until(lambda: any("stayed late" in one.text for one in other.messages))
    await h.settled()
    assert said[0].edits == 1
    assert h.fake.refusals == []


async def test_a_shoutout_by_form_with_a_mistake_that_is_mended(h: Home) -> None:
    used = await h.ada.slash("shoutout", to=h.mina, channel=h.wall)
    await used.answered()
    assert used.modal is not None
    sent = await h.ada.submit(used.modal, {"What for?": "Nice."})
    await sent.answered()
    assert sent.response is not None
    assert sent.response.labels == ["Fix it"]
    again = await h.ada.click(sent.response, "Fix it")
    await again.answered()
    assert again.modal is not None
    mended = await h.ada.submit(again.modal, {"What for?": WHY})
    await mended.answered()
    assert "Thank you" in mended.text
    assert (await h.hears("stayed late")).channel is h.wall


async def test_me_too_works_after_a_restart_and_says_whatever_refuses_it(h: Home) -> None:
    await (await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=h.wall)).answered()
    said = await h.hears("stayed late")
    await h.restart()
    pressed = await h.admin.click(said, "Me too")
    await pressed.answered()
    await h.fake.until(lambda: f"<@{h.admin.id}>" in said.text)
    assert said.edits == 1
    own = await h.ada.click(said, "Me too")
    await own.answered()
    await h.settled()
    assert any("counts already" in message.text for message in h.ada.sees(h.wall))


async def test_menus_on_messages_and_people(h: Home) -> None:
    message = await h.mina.say(h.wall, "The fault was in the clamp.")
    used = await h.ada.menu("Thank for this", message)
    await used.answered()
    assert used.modal is not None
    await (await h.ada.submit(used.modal, {"What for?": WHY})).answered()
    said = await h.hears("stayed late")
    await h.settled()
    why = await h.admin.menu("Why this?", said)
    await why.answered()
    await h.settled()
    assert f"<@{h.ada.id}>" in why.text


async def test_admins_commands_are_refused_even_where_an_admin_opened_them(h: Home) -> None:
    with pytest.raises(ClientRefused):
        await h.ada.slash("kith-admin setup")
    h.guild.command_access["kith-admin", h.ada.id] = True
    used = await h.ada.slash("kith-admin setup")
    await used.answered()
    await h.settled()
    assert "Setting up" not in used.text


async def test_a_forged_button_does_nothing(h: Home) -> None:
    await (await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=h.wall)).answered()
    said = await h.hears("stayed late")
    forged = await h.admin.forge_click(said, "kindness.me_too|i1||x|AAAAAAAAAAAA")
    await forged.answered()
    await h.settled()
    assert any("isn't one of mine" in message.text for message in h.admin.sees(h.wall))
    assert said.edits == 0


async def test_setup_notices_what_discord_posts_itself_and_that_it_stopped(h: Home) -> None:
    before = await (await h.admin.slash("kith-admin setup")).answered()
    assert "join message of its own" not in before.text
    assert "Nobody tells me" not in before.text
    h.guild.system_channel_flags = 0
    h.fake.world.guild_updated(h.guild)
    await h.told("announces_joins = 1")
    during = await (await h.admin.slash("kith-admin setup")).answered()
    assert "join message of its own" in during.text
    assert "Change welcome" in " ".join(during.response.labels if during.response else ())
    h.guild.system_channel_flags = 1
    h.fake.world.guild_updated(h.guild)
    await h.told("announces_joins = 0")
    after = await (await h.admin.slash("kith-admin setup")).answered()
    assert "join message of its own" not in after.text


async def test_settings_with_real_channel_pickers(h: Home) -> None:
    setup = await h.admin.slash("kith-admin setup")
    await setup.answered()
    assert setup.response is not None
    used = await h.admin.slash("kith-admin settings", section="kindness")
    await used.answered()
    assert used.modal is not None
    picker = used.modal.field("Wall of thanks")
    assert picker.component["type"] == 8
    values = {"Wall of thanks": h.wall, "Weekly story": "every Friday at 16:00"}
    kept = await h.admin.submit(used.modal, values)
    await kept.answered()
    await h.settled()
    assert f"<#{h.wall.id}>" in kept.text
    await (await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=h.hall)).answered()
    assert (await h.hears("stayed late")).channel is h.wall


async def test_a_deleted_channel_or_a_lost_permission_harms_nobody_else(h: Home) -> None:
    used = await h.admin.slash("kith-admin settings", section="welcome")
    await used.answered()
    assert used.modal is not None
    await (await h.admin.submit(used.modal, {"Greeting channel": h.wall})).answered()
    h.fake.world.delete_channel(h.wall)
    for name in ("Kim", "Lou"):
        kim = h.guild.join(name)
        await h.joined(kim)
        await h.settled()
    answer = await h.ada.slash("kith log", channel=h.hall)
    await answer.answered()
    await h.settled()
    assert answer.text.count("isn't there any more") == 1


async def test_the_hosts_are_told_once_in_their_channel_too(h: Home) -> None:
    den = h.guild.channel("den")
    used = await (await h.admin.slash("kith-admin settings", section="kith")).answered()
    assert used.modal is not None
    await (await h.admin.submit(used.modal, {"Hosts' channel": den})).answered()
    h.fake.world.overwrite(h.hall, Overwrite(h.guild.bot.id, 1, deny=P.SEND_MESSAGES))
    for name in ("Kim", "Lou"):
        await h.joined(h.guild.join(name))
        await h.settled()
    told = await h.hears("I may not post in")
    assert told.channel is den
    await h.restart()
    await h.joined(h.guild.join("Noor"))
    await h.settled()
    assert len(den.messages) == 1
    h.fake.world.overwrite(den, Overwrite(h.guild.bot.id, 1, deny=P.SEND_MESSAGES))
    await h.joined(h.guild.join("Ines"))
    await h.settled()
    assert len(den.messages) == 1


async def test_a_lost_permission_is_told_once_with_what_to_do(h: Home) -> None:
    h.fake.world.overwrite(h.hall, Overwrite(h.guild.bot.id, 0, deny=P.SEND_MESSAGES))
    for name in ("Kim", "Lou"):
        kim = h.guild.join(name)
        await h.joined(kim)
        await h.settled()
    answer = await h.ada.slash("kith log", channel=h.wall)
    await answer.answered()
    await h.settled()
    assert answer.text.count("I may not post in") == 1
    assert h.hall.messages == []


async def test_names_with_marks_and_everyone_are_shown_and_ping_nobody(h: Home) -> None:
    why = "`code` **bold** @everyone <@1> [a](https://evil.example) " + "🙂" * 32
    await (await h.ada.slash("shoutout", to=h.mina, why=why, channel=h.wall)).answered()
    said = await h.hears("evil")
    assert said.pinged == {h.mina.id}
    assert "\\[a\\]" in said.text


async def test_an_answer_waits_for_a_slow_storage(h: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person is told within Discord's time that an answer is to come."""
    assert h.core is not None
    go = asyncio.Event()
    accept = h.core.router.accept

    async def slow(event: object) -> object:
        await go.wait()
        return await accept(event)  # type: ignore[arg-type]

    monkeypatch.setattr(h.core.router, "accept", slow)
    used = await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=h.wall)
    await used.deferred()
    assert used.thinking
    go.set()
    await used.answered()
    assert "Thank you" in used.text


async def test_a_form_that_comes_late_is_opened_by_a_button(h: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert h.core is not None
    go = asyncio.Event()
    accept = h.core.router.accept

    async def slow(event: object) -> object:
        await go.wait()
        return await accept(event)  # type: ignore[arg-type]

    monkeypatch.setattr(h.core.router, "accept", slow)
    used = await h.ada.slash("shoutout", to=h.mina, channel=h.wall)
    await used.deferred()
    go.set()
    await used.answered()
    assert used.response is not None
    opened = await h.ada.click(used.response, "Open form")
    await opened.answered()
    assert opened.modal is not None
    await (await h.ada.submit(opened.modal, {"What for?": WHY})).answered()
    await h.hears("stayed late")


async def test_no_more_is_asked_of_discord_than_is_needed(h: Home) -> None:
    [session] = h.fake.gateway.live
    assert session.intents == Intent.GUILDS | Intent.GUILD_MEMBERS | Intent.DIRECT_MESSAGES
    shown = {
        command.name: command.body.get("default_member_permissions")
        for command in h.fake.world.commands.all()
        if command.kind == 1
    }
    assert shown["kith-admin"] == P.MANAGE_GUILD
    assert shown["kith-mod"] == P.MODERATE_MEMBERS
    assert shown["curate"] == P.MANAGE_MESSAGES
    assert shown["kith"] is shown["shoutout"] is None


async def test_nothing_is_registered_twice(h: Home) -> None:
    before = len(h.fake.sent("PUT /applications/{application_id}/commands"))
    await h.restart()
    assert before == 1
    assert len(h.fake.sent("PUT /applications/{application_id}/commands")) == before


async def test_a_server_left_and_joined_again_is_met_for_the_first_time(h: Home) -> None:
    kim = h.guild.join("Kim")
    first = await h.hears(f"<@{kim.id}>")
    kim.leave()
    await h.fake.until(lambda: first.deleted)
    h.guild.remove_bot()
    kim.rejoin()
    noor = h.guild.join("Noor")
    await h.told("baseline_at IS NULL")
    h.guild.add_bot()
    await h.told("baseline_at IS NOT NULL")
    lou = h.guild.join("Lou")
    await h.hears(f"<@{lou.id}>")
    await h.restart()
    await h.settled()
    assert not any(f"<@{noor.id}>" in message.text for message in h.hall.messages)
    assert not any(f"<@{kim.id}>" in message.text for message in h.hall.messages)


async def test_the_first_look_greets_nobody(tmp_path: Path) -> None:
    async with home(tmp_path) as h:
        await h.settled()
        assert h.hall.messages == []

"""Discord's own documents judge what Kith and discord.py send, and what the fake tells them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.model.outgoing import InChannel, Post
from bot.platforms.base import Gone
from bot.platforms.discord import render
from tests.discord.home import Home, home
from tests.discord.town import town
from tests.fakes.discord import NO_SPECS, schema, specs_found
from tests.fakes.discord.routes import ALL

pytestmark = pytest.mark.skipif(not specs_found(), reason=NO_SPECS)
WHY = "She stayed late to help me find the fault."


@pytest_asyncio.fixture
async def h(tmp_path: Path) -> AsyncIterator[Home]:
    async with home(tmp_path) as made:
        yield made


def test_every_address_that_the_fake_serves_is_one_of_the_document() -> None:
    judge = schema.open_api()
    assert [route[:2] for route in ALL if not judge.knows(route[0], route[1])] == []


async def test_all_that_is_sent_in_a_day_was_judged(h: Home) -> None:
    kim = h.guild.join("Kim")
    greeting = await h.hears(f"<@{kim.id}>")
    await (await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=h.wall)).answered()
    said = await h.hears("stayed late")
    await (await h.admin.click(said, "Me too")).answered()
    kim.leave()
    await h.fake.until(lambda: said.edits and greeting.deleted)
    await h.settled()
    judge = h.fake.open_api
    assert judge is schema.open_api()
    routes = {request.route for request in h.fake.requests}
    assert {route.split()[0] for route in routes} >= {"GET", "PUT", "POST", "PATCH", "DELETE"}
    assert [route for route in routes if not judge.knows(*route.split())] == []
    assert h.fake.refusals == []


async def test_what_the_document_refuses_is_refused_to_kith(monkeypatch: pytest.MonkeyPatch) -> None:
    async with town() as t:
        made = render.Body({"flags": 1 << 15, "components": [{"type": 10, "content": "x", "colour": 1}]})
        monkeypatch.setattr("bot.platforms.discord.courier.message", lambda *_, **__: made)
        with pytest.raises(Gone, match="discord-50035"):
            await t.platform.deliver(Post("k1", InChannel(t.channel), "Hello."))
        [refused] = t.fake.refusals
        assert "UNKNOWN_KEY" in str(refused)
        assert t.place.messages == []


async def test_the_fake_can_tell_kith_nothing_that_the_schemas_refuse(h: Home) -> None:
    h.guild.name = 5  # type: ignore[assignment]
    with pytest.raises(ValueError, match="GUILD_UPDATE: name"):
        h.fake.world.guild_updated(h.guild)
    with pytest.raises(ValueError, match="GUILD_MEMBER_UPDATE: nick"):
        h.mina.rename(["Mina"])  # type: ignore[arg-type]

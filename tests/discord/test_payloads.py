"""Whatever may be missing or null in what Discord tells, by its own schemas, is understood all the same."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.model.content import Catalog
from bot.platforms.discord import interactions
from bot.platforms.discord.api import Api
from bot.platforms.discord.commands import Tree
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.hearing import Hearing
from bot.platforms.discord.ids import Json
from bot.platforms.discord.pace import Pace
from bot.platforms.discord.privately import Privately
from tests.discord.home import home
from tests.fakes.discord import NO_SPECS, Upload, schema, specs_found
from tests.fakes.discord.gateway import Session

WHY = "She stayed late to help me find the fault."
ALL_EVENTS = frozenset({"MessagePosted", "MessageRemoved", "ReactionAdded", "ReactionRemoved"})
_GONE = object()


async def lived(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[tuple[str, Json]], Catalog]:
    """All that Discord tells while people use Kith for a while, and what Kith offers."""
    told: list[tuple[str, Json]] = []
    send = Session.send

    def heard(session: Session, event: str, data: str) -> None:
        told.append((event, json.loads(data)))
        send(session, event, data)

    monkeypatch.setattr(Session, "send", heard)
    async with home(path, answer_mentions=True) as h:
        kim = h.guild.join("Kim", pending=True)
        kim.pass_screening()
        asked = await h.ada.say(h.wall, f"<@{h.mina.id}> look", files=(Upload("a.png", b"x", "image/png"),))
        reply = await h.mina.say(h.wall, "I see", reply_to=asked)
        await h.mina.say(h.ada.thread(asked, "More"), "in a thread")
        await h.ada.react(reply, "👋")
        await h.ada.unreact(reply, "👋")
        await (await h.ada.slash("shoutout", to=h.mina, why=WHY, channel=h.wall)).answered()
        await (await kim.click(await h.hears("stayed late"), "Me too")).answered()
        form = await (await h.mina.slash("shoutout", to=h.ada, channel=h.wall)).answered()
        assert form.modal is not None
        await (await h.mina.submit(form.modal, {"What for?": WHY})).answered()
        form = await (await h.admin.slash("kith-admin settings", section="welcome")).answered()
        assert form.modal is not None
        await (await h.admin.submit(form.modal, {"Greeting channel": h.wall})).answered()
        await (await kim.menu("Thank for this", reply)).answered()
        await (await kim.menu("Give a shout-out", h.mina)).answered()
        h.fake.world.delete_channel(h.guild.channel("soon gone"))
        await h.ada.delete(reply)
        h.fake.world.guild_updated(h.guild)
        h.fake.world.set_outage(h.guild, down=True)
        h.fake.world.set_outage(h.guild, down=False)
        kim.leave()
        await h.settled()
        assert h.core is not None
        catalog = h.core.registry.catalog
    return told, Catalog(catalog.commands, catalog.menus, events=ALL_EVENTS)


def kinds(told: list[tuple[str, Json]]) -> list[tuple[str, Json]]:
    """One of each event, and of each form that an interaction or a message takes."""
    found = {}
    for event, data in told:
        form = sorted(data.get("data") or ()) if event == "INTERACTION_CREATE" else sorted(data)
        found[event, data.get("type"), *form] = data
    return [(key[0], data) for key, data in found.items()]


def changed(data: Any, to: object) -> Iterator[Any]:
    """The data with each of its fields in turn taken away or replaced."""
    for key in list(data) if isinstance(data, dict) else range(len(data)):
        other = copy.copy(data)
        if to is _GONE:
            del other[key]
        else:
            other[key] = to
        yield other
        if isinstance(data[key], dict | list):
            for inner in changed(data[key], to):
                other = copy.copy(data)
                other[key] = inner
                yield other


class Reader:
    """Reads what is told, as the platform does, and hands it to nobody."""

    def __init__(self, catalog: Catalog, *, sees_joins: bool) -> None:
        self._guilds = Guilds()
        self._tree = Tree(catalog)
        privately = Privately(Api("http://127.0.0.1:9", "t", Pace.at(50)), self._guilds)
        hearing = Hearing(self._guilds, catalog, lambda event: None, privately, me="1", sees_joins=sees_joins)
        self._readers = {**hearing.readers(), "INTERACTION_CREATE": self._used}

    def read(self, event: str, data: Json) -> None:
        if reader := self._readers.get(event):
            reader(data)

    def _used(self, data: Json) -> None:
        if (used := interactions.read(self._guilds, data)) is not None:
            interactions.event(self._guilds, self._tree, used)


@pytest.mark.skipif(not specs_found(), reason=NO_SPECS)
async def test_what_may_be_missing_or_null_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, catalog = await lived(tmp_path, monkeypatch)
    judge = schema.gateway()
    readers = [Reader(catalog, sees_joins=sees_joins) for sees_joins in (True, False)]
    tried, wrong = 0, []
    for event, data in kinds(told):
        for to in (_GONE, None):
            for odd in changed(data, to):
                tried += 1
                try:
                    for reader in readers:
                        reader.read(event, odd)
                except Exception as error:
                    try:
                        judge.check(event, odd)
                    except ValueError:
                        continue  # Discord says that it never tells that
                    wrong.append((event, odd, error))
    assert tried > 1_000
    assert wrong == []

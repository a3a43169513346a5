"""What people write is shown as they wrote it: it pings nobody, formats nothing and runs nowhere."""

from __future__ import annotations

import pytest

from bot.testing import Town
from tests.scenarios.harness import Towns
from tests.scenarios.hostile import HOSTILE


@pytest.mark.parametrize("words", HOSTILE)
async def test_whatever_is_written_is_shown_as_it_was_written(hall: Town, words: str) -> None:
    mina = hall.as_("Mina")
    await mina.types("/shoutout @Priya")
    await mina.fills(why=words)
    card = await hall.hears("#wall", "Mina thanks Priya", words)
    assert card.pings == ("Priya",)


@pytest.mark.parametrize("words", HOSTILE[1:-1])
async def test_so_it_is_where_it_was_typed_in_a_command(hall: Town, words: str) -> None:
    """Without what a room's or a command's own grammar means something by: ids and names of options."""
    await hall.as_("Mina").types(f"/shoutout @Priya {words}")
    card = await hall.hears("#wall", "Mina thanks Priya", words)
    assert card.pings == ("Priya",)


@pytest.mark.parametrize("words", HOSTILE)
async def test_so_are_snippets_and_feedback(hall: Town, words: str) -> None:
    mina, priya = hall.as_("Mina"), hall.as_("Priya")
    await mina.types("/curate add")
    await mina.fills(text=f"{words}, they said", title=words[:90], source=words)
    await mina.hears_privately("Kept as number 1")
    await mina.types("/curate drop")
    drop = await hall.hears("#workshop", words[:90], f"{words}, they said", f"From {words}")
    assert drop.pings == ()
    await priya.types("/kith feedback")
    await priya.fills(words=words, signed=False)
    note = await hall.hears("#hosts", "Feedback for the hosts", words)
    assert note.pings == ()
    await hall.silence()


@pytest.mark.one_look
async def test_what_a_greeting_says_besides_its_names_is_only_words(towns: Towns) -> None:
    text = "Hi {member} @everyone <@u2> <script>alert(1)</script> [x](https://evil.example) {{count}}"
    async with towns(settings={"welcome": {"channel": "#hello", "texts": [text]}}) as shed:
        await shed.newcomer("Robin")
        shown = text.format(member="Robin")
        assert (await shed.hears("#hello", shown)).pings == ("Robin",)


async def test_mentions_in_words_become_names(hall: Town) -> None:
    mina = hall.as_("Mina")
    await mina.types("/shoutout @Jo for helping @Priya with the lathe in #workshop")
    card = await hall.hears("#wall", "Mina thanks Jo", "for helping @Priya with the lathe in #workshop")
    assert card.pings == ("Jo",)
    await mina.types("/shoutout @Søren for @ليلى")
    assert mina.filled_in()["why"] == "for @ليلى"


@pytest.mark.one_look
async def test_a_chosen_message_names_whom_and_what_it_mentions(towns: Towns) -> None:
    async with towns(cogs=["tests.cogs.samples.herald"], settings={}) as shed:
        await shed.as_("Jo").types("Ask @Priya in #workshop about *it* & <that>")
        mina = shed.as_("Mina")
        await mina.uses("Say it again", message="about *it*")
        await mina.hears_privately("Ask @Priya in #workshop about *it* & <that>")


@pytest.mark.one_look
async def test_a_message_that_a_cog_hears_names_whom_and_what_it_mentions(towns: Towns) -> None:
    async with towns(cogs=["tests.cogs.samples.herald"], settings={}) as shed:
        await shed.as_("Jo").types("say greeting: Ask @Priya and @Kith in #workshop about *it* & <that>")
        heard = await shed.hears("#general", "Ask @Priya and @Kith in #workshop about *it* & <that>")
        assert heard.pings == ()


@pytest.mark.one_look
async def test_a_cog_knows_who_speaks_by_name(towns: Towns) -> None:
    async with towns(cogs=["tests.cogs.samples.herald"], settings={}) as shed:
        await shed.as_("Jo").types("say who: am I")
        await shed.hears("#general", "Jo")

"""What happens under a message stays there, and is as good as anything said above."""

from __future__ import annotations

import pytest

from tests.scenarios.harness import Towns

pytestmark = pytest.mark.one_look


async def test_who_speaks_to_the_bot_in_a_thread_is_answered_there(towns: Towns) -> None:
    async with towns(cogs=["tests.cogs.samples.herald"], settings={}) as shed:
        await shed.as_("Jo").types("Shall we mend the lathe?")
        await shed.as_("Priya").types("@Kith say answer: gladly", under="mend the lathe")
        answer = await shed.hears("#general", "gladly")
        await shed.as_("Mina").types("@Kith say answer: on Monday", under="gladly")
        again = await shed.hears("#general", "on Monday")
        assert answer.thread
        assert again.thread == answer.thread


async def test_thanks_for_a_message_in_a_thread(towns: Towns) -> None:
    async with towns(settings={}) as shed:
        await shed.as_("Mina").types("Who knows why the lathe howls?")
        await shed.as_("Jo").types("It was the bolt, I fixed it.", under="lathe howls")
        mina = shed.as_("Mina")
        await mina.uses("Thank for this", message="It was the bolt")
        await mina.fills(why="for the quiet lathe since")
        await shed.hears("#general", "Mina thanks Jo", "quiet lathe")
        await shed.as_("Priya").presses("Me too")
        await shed.hears("#general", "Also says Priya")


@pytest.mark.not_on("slack", why="its client takes no commands in threads")
async def test_a_command_in_a_thread(towns: Towns) -> None:
    async with towns() as shed:
        await shed.as_("Mina").types("Who knows why the lathe howls?")
        await shed.as_("Mina").types("/shoutout @Jo for finding the loose bolt", under="lathe howls")
        await shed.hears("#wall", "Mina thanks Jo")
        await shed.as_("Mina").hears_privately("Said out loud in #wall")

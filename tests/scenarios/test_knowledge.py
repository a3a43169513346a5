"""Snippets are kept, found again, and shared on schedule: each once before any comes again."""

from __future__ import annotations

import pytest

from bot.model.content import Option
from bot.model.events import Completion
from bot.testing import Heard, RoomTown, Town

TIPS = (
    "Oil the hinge before you plane the door; half the time it was never the door.",
    "A blunt chisel slips, a sharp one cuts. Five strokes on the stone first.",
    "Label your parts box with the date. In a year you will thank yourself.",
    "Water in the evening and the ground drinks all night long.",
)


async def keep(shed: Town, *tips: str) -> None:
    mina = shed.as_("Mina")
    for tip in tips:
        await mina.types(f"/curate add {tip}")
        await mina.hears_privately("Kept as number")


async def drops(shed: Town) -> list[Heard]:
    return [one for one in shed.said("#workshop") if one.text.startswith("Worth knowing")]


async def test_a_snippet_is_kept_and_found(shed: Town) -> None:
    await keep(shed, *TIPS)
    priya = shed.as_("Priya")
    await priya.types("/ask chisel")
    await priya.hears_privately("What we know about that", "A blunt chisel slips")
    await priya.types("/ask how do I keep my chisel sharp?")
    await priya.hears_privately("A blunt chisel slips")
    await priya.types("/ask quantum gravity")
    await priya.hears_privately("Nothing on that yet")
    await shed.silence()


async def test_a_title_and_where_it_is_from(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types(f"/curate add text: {TIPS[0]} title: Doors source: https://example.org/doors")
    await mina.hears_privately("Kept as number 1")
    await mina.types("/curate next")
    await mina.hears_privately("Doors", "Oil the hinge", "https://example.org/doors", "Kept by Mina")


async def test_an_answer_tells_where_it_is_from(shed: Town) -> None:
    await shed.as_("Mina").types(f"/curate add text: {TIPS[0]} title: Doors source: Layla")
    priya = shed.as_("Priya")
    await priya.types("/ask hinge")
    await priya.hears_privately("Doors", "Oil the hinge", "From Layla.")


async def test_a_long_answer_can_be_read_to_its_end(shed: Town) -> None:
    long = "Sharpen the chisel before anything else. " * 20 + "Then put the stone away."
    await keep(shed, long)
    priya = shed.as_("Priya")
    await priya.types("/ask chisel")
    await priya.hears_privately("Then put the stone away.")
    await keep(shed, TIPS[1])
    await priya.types("/ask chisel")
    both = await priya.hears_privately("Five strokes", "Sharpen the chisel", "…")
    assert "Then put the stone away." not in both.text
    await priya.presses("Read all of number 1")
    await priya.hears_privately("Then put the stone away.", "Kept by Mina")
    mina = shed.as_("Mina")
    await mina.types("/curate remove 1")
    await mina.hears_privately("Take this one out?", "Then put the stone away.")
    await mina.presses("Take it out")
    await mina.hears_privately("Number 1 is gone")
    await priya.presses("Read all of number 1")
    await priya.hears_privately("taken out meanwhile")


async def test_what_is_missing_is_asked_for(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types("/curate add")
    mina.is_asked("What is worth knowing?", "Title", "Where it is from")
    await mina.fills(text=TIPS[0], title="Doors")
    await mina.hears_privately("Kept as number 1")


async def test_the_same_words_are_kept_once(shed: Town) -> None:
    await keep(shed, TIPS[0])
    await shed.as_("Mina").types(f"/curate add {TIPS[0]}")
    await shed.as_("Mina").hears_privately("We have that one already: it is number 1")


async def test_the_list_comes_in_pages(shed: Town) -> None:
    mina = shed.as_("Mina")
    await keep(shed, *(f"Tip number {number} says something worth keeping." for number in range(1, 21)))
    await mina.types("/curate list")
    await mina.hears_privately("20 snippets", "Tip number 1 ", "Tip number 8 ")
    await mina.presses("Show more")
    await mina.hears_privately("Tip number 9 ", "Tip number 16 ")
    await mina.presses("Show more")
    last = await mina.hears_privately("Tip number 17 ", "Tip number 20 ")
    assert "Show more" not in last.text
    assert last.labels == ()


async def test_the_list_can_be_searched(shed: Town) -> None:
    await keep(shed, *TIPS)
    mina = shed.as_("Mina")
    await mina.types("/curate list chisel")
    found = await mina.hears_privately("Snippets about chisel", "A blunt chisel")
    assert "Water" not in found.text
    await mina.types("/curate list gravity")
    await mina.hears_privately("No snippet is about gravity")


async def test_an_empty_list_says_how_to_begin(shed: Town) -> None:
    mina = shed.as_("Mina")
    for command in ("list", "next", "drop"):
        await mina.types(f"/curate {command}")
        await mina.hears_privately("There are no snippets yet", "/curate add")


async def test_taking_one_out_asks_first(shed: Town) -> None:
    await keep(shed, *TIPS[:2])
    mina = shed.as_("Mina")
    await mina.types("/curate remove 1")
    await mina.hears_privately("Take this one out?", "Oil the hinge")
    await mina.presses("Take it out")
    await mina.hears_privately("Number 1 is gone")
    await mina.presses("Take it out")
    await mina.hears_privately("no snippet with the number 1")
    await mina.types("/curate list")
    left = await mina.hears_privately("One snippet")
    assert "Oil the hinge" not in left.text
    await mina.types("/ask hinge")
    await mina.hears_privately("Nothing on that yet")
    await keep(shed, TIPS[2])
    await mina.types("/curate list")
    await mina.hears_privately("3", "Label your parts box")


async def test_a_number_that_is_none(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types("/curate remove 77")
    await mina.hears_privately("There is no snippet with the number 77")
    await mina.types(f"/curate remove {10**30}")
    assert "number" in mina.problems()["which"]


@pytest.mark.not_on("discord", why="its client offers a command's own options and no others")
async def test_an_option_that_is_none(shed: Town) -> None:
    mina = shed.as_("Mina")
    await mina.types("/curate remove what: 5")
    await mina.hears_privately("There is no option what", "/curate remove <which>")


async def test_the_confirmation_goes_stale_after_an_hour(shed: Town) -> None:
    await keep(shed, TIPS[0])
    mina = shed.as_("Mina")
    await mina.types("/curate remove 1")
    await shed.passes(hours=1, minutes=2)
    await mina.presses("Take it out")
    await mina.hears_privately("from another time")
    await mina.types("/curate list")
    await mina.hears_privately("Oil the hinge")


async def test_one_can_be_shared_now(shed: Town) -> None:
    await keep(shed, TIPS[0])
    mina = shed.as_("Mina")
    await mina.types("/curate drop")
    drop = await shed.hears("#workshop", "Worth knowing", "Oil the hinge", "Kept by Mina")
    assert drop.pings == ()
    await mina.hears_privately("Shared in #workshop")


async def test_every_snippet_comes_before_any_comes_again(hall: Town) -> None:
    await keep(hall, *TIPS)
    for _ in range(2):
        for _ in TIPS:
            day = "Tuesday 10:00" if len(await drops(hall)) % 2 == 0 else "Thursday 10:00"
            await hall.travels_to(day)
        assert len(await drops(hall)) % 4 == 0
    told = [one.text for one in await drops(hall)]
    for round_ in (told[:4], told[4:]):
        assert {tip for tip in TIPS if any(tip in text for text in round_)} == set(TIPS)
    assert told[3] != told[4]


async def test_a_new_one_takes_its_turn_in_the_round_that_goes_on(hall: Town) -> None:
    await keep(hall, *TIPS[:3])
    mina = hall.as_("Mina")
    for _ in range(4):
        await mina.types("/curate drop")
    await keep(hall, TIPS[3])
    for _ in range(3):
        await mina.types("/curate drop")
    told = [one.text for one in await drops(hall)]
    assert sum(TIPS[3] in text for text in told[4:]) == 1


async def test_a_new_one_between_two_rounds_comes_first(hall: Town) -> None:
    await keep(hall, *TIPS[:2])
    mina = hall.as_("Mina")
    await mina.types("/curate drop")
    await mina.types("/curate drop")
    await keep(hall, TIPS[3])
    await mina.types("/curate drop")
    assert TIPS[3] in (await drops(hall))[-1].text


async def test_only_curators_curate(shed: Town) -> None:
    priya = shed.as_("Priya")
    await priya.types("/curate add")
    await priya.hears_privately("That is for curators here")
    priya.is_asked_nothing()
    await priya.types(f"/curate add {TIPS[0]}")
    await priya.hears_privately("That is for curators here")
    await shed.as_("Jo").types("/curate list")
    await shed.as_("Jo").hears_privately("There are no snippets yet")


async def test_snippets_are_offered_while_one_is_named(hall: Town) -> None:
    await keep(hall, *TIPS)
    mina, priya = hall.as_("Mina"), hall.as_("Priya")
    (offered,) = await mina.completes("curate remove", "which", "chis")
    assert offered.startswith("2: A blunt chisel slips")
    assert len(await mina.completes("curate remove", "which")) == 4
    assert await priya.completes("curate remove", "which", "chis") == []


async def test_completion_offers_snippets_to_curators_alone(room: RoomTown) -> None:
    await keep(room, *TIPS)
    assert [one.value for one in await completes(room, "Mina", "chis")] == ["2"]
    assert [one.value for one in await completes(room, "Mina", "#3")] == ["3"]
    assert len(await completes(room, "Mina", "")) == 4
    for odd in ("²", "9" * 40, "%", "'", "𝟙"):
        assert await completes(room, "Mina", odd) == []
    assert await completes(room, "Priya", "") == []


async def completes(shed: RoomTown, who: str, typed: str) -> list[Option]:
    return list(
        await shed.core.complete(
            Completion(
                space=shed.space,
                actor=shed.platform.translator.actor(shed.as_(who).id),
                path=("curate", "remove"),
                option="which",
                typed=typed,
            )
        )
    )

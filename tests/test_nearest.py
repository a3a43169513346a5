"""What is suggested to somebody who misspelt a name, and when nothing is."""

from __future__ import annotations

import pytest

from bot.model.nearest import nearest

COMMANDS = ("shoutout", "kith help", "kith log", "kith me", "kith quiet", "kith why", "kith-mod pause")
ZONES = ("Europe/Rome", "Europe/Berlin", "America/New_York", "America/Argentina/Buenos_Aires")
VARIABLES = ("KITH_ZONE", "KITH_LOG_LEVEL", "KITH_DISCORD_TOKEN")


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("shotout", COMMANDS, "shoutout"),
        ("kith qiet", COMMANDS, "kith quiet"),
        ("kth log", COMMANDS, "kith log"),
        ("KITH LGO", COMMANDS, "kith log"),
        ("kithlog", COMMANDS, "kith log"),
        ("help", COMMANDS, "kith help"),
        ("kith mod pause", COMMANDS, "kith-mod pause"),
        ("europe/berln", ZONES, "Europe/Berlin"),
        ("America/New_Yrok", ZONES, "America/New_York"),
        ("America/Buenos_Aires", ZONES, "America/Argentina/Buenos_Aires"),
        ("KITH_LOG_LEVL", VARIABLES, "KITH_LOG_LEVEL"),
        ("KITH_DISCORDTOKEN", VARIABLES, "KITH_DISCORD_TOKEN"),
    ],
)
def test_a_slip_is_understood(word: str, known: tuple[str, ...], meant: str) -> None:
    assert nearest(word, known) == meant


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("kith bogus", COMMANDS),
        ("kith pizza", COMMANDS),
        ("kth bogus", COMMANDS),
        ("kith-mod bogus", COMMANDS),
        ("Europe/Foo", ZONES),
        ("KITH_FOO", VARIABLES),
        ("", COMMANDS),
        ("shotout", ()),
    ],
)
def test_something_else_is_not(word: str, known: tuple[str, ...]) -> None:
    assert nearest(word, known) is None

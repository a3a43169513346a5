"""`/kith why` finds the message in a link as each platform makes them, or by its bare id."""

from __future__ import annotations

import pytest

from bot.host.about import _linked


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://discord.com/channels/1/22/333", ("22", "333")),
        ("<https://ptb.discord.com/channels/@me/22/333>", ("22", "333")),
        ("https://w.slack.com/archives/C0AB/p1700000000123456", ("C0AB", "1700000000.123456")),
        (
            "https://w.slack.com/archives/C0AB/p1700000000123456?thread_ts=1700000000.000100&cid=C0AB",
            ("C0AB", "1700000000.123456"),
        ),
        ("1700000000.123456", ("", "1700000000.123456")),
        ("http://127.0.0.1:8137/#m12", ("", "m12")),
        ("12", ("", "12")),
        ("", ("", "")),
        ("???", ("", "")),
    ],
)
def test_what_a_link_leads_to(text: str, found: tuple[str, str]) -> None:
    assert _linked(text) == found

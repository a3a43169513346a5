"""The App Home: each person's page, where an answer to what is pressed there is shown too."""

from __future__ import annotations

from typing import Any, Final

from bot.platforms.slack.render import Block, plain

BACK: Final = "home|me"
"""The action of the button that leads to one's own page."""
_MOST: Final = 98
SHORTCUT: Final = "home|"
"""Begins the action of a button on the Home tab that is a command; its path follows."""


def home_view(blocks: list[Block], text: str) -> dict[str, Any]:
    """A Home tab that shows this, with the way to one's own page and to what one does most."""
    shown = list(blocks[:_MOST]) or [{"type": "section", "text": plain(text, 3_000)}]
    doors = (("My Kith", BACK), ("Give a shout-out", f"{SHORTCUT}shoutout"), ("Help", f"{SHORTCUT}kith help"))
    buttons = [{"type": "button", "text": plain(label, 75), "action_id": action} for label, action in doors]
    return {"type": "home", "blocks": [{"type": "actions", "elements": buttons}, *shown]}

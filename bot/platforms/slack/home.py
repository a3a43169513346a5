"""The App Home: each person's page, where an answer to what is pressed there is shown too."""

from __future__ import annotations

from typing import Any, Final

from bot.platforms.slack.render import Block, plain
from bot.platforms.slack.workspace import Recent

BACK: Final = "home|me"
"""The action of the button that leads to one's own page."""
MOST: Final = 99
"""Blocks below the buttons, of the hundred that a view may have."""
SHORTCUT: Final = "home|"
"""Begins the action of a button on the Home tab that is a command; its path follows."""


def home_view(blocks: list[Block], text: str) -> dict[str, Any]:
    """A Home tab that shows this, with the way to one's own page and to what one does most."""
    shown = list(blocks[:MOST]) or [{"type": "section", "text": plain(text, 3_000)}]
    doors = (("My Kith", BACK), ("Give a shout-out", f"{SHORTCUT}shoutout"), ("Help", f"{SHORTCUT}kith help"))
    buttons = [{"type": "button", "text": plain(label, 75), "action_id": action} for label, action in doors]
    return {"type": "home", "blocks": [{"type": "actions", "elements": buttons}, *shown]}


class Homes:
    """What stands on people's Home tabs: an answer of several parts as one, the newest answer on top."""

    def __init__(self) -> None:
        self._shown = Recent(256)

    def beside(self, person: str, nonce: str, blocks: list[Block]) -> list[Block] | None:
        """The blocks with those of the same answer before them; None where there is no place for them.

        That is where something newer stands already, or all together would be too much for a view.
        """
        newest, standing = self._shown.get(person, ("", []))
        if _time(newest) > _time(nonce):
            return None
        together = [*standing, *blocks] if newest == nonce else blocks
        return together if len(together) <= MOST else None

    def shown(self, person: str, nonce: str, blocks: list[Block]) -> None:
        """These stand there now."""
        self._shown.keep(person, (nonce, blocks))


def _time(nonce: str) -> float:
    try:
        return float(nonce)
    except ValueError:
        return 0.0

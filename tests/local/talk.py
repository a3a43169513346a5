"""What a message says, as plain words."""

from __future__ import annotations

from bot.platforms.local import views
from bot.platforms.local.state import Message


def text_of(message: Message) -> str:
    return views.words(message)

"""Emoji as characters and by Slack's names. Others travel by their name between colons."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "👋": "wave",
        "❤️": "heart",
        "💜": "purple_heart",
        "💛": "yellow_heart",
        "💚": "green_heart",
        "💙": "blue_heart",
        "🧡": "orange_heart",
        "🎉": "tada",
        "👍": "+1",
        "👎": "-1",
        "🙏": "pray",
        "🙌": "raised_hands",
        "👏": "clap",
        "👀": "eyes",
        "✨": "sparkles",
        "⭐": "star",
        "🌟": "star2",
        "✅": "white_check_mark",
        "❌": "x",
        "🔥": "fire",
        "🚀": "rocket",
        "😀": "grinning",
        "😄": "smile",
        "😂": "joy",
        "😊": "blush",
        "🤗": "hugging_face",
        "🥳": "partying_face",
        "💡": "bulb",
        "📌": "pushpin",
        "☕": "coffee",
        "🌻": "sunflower",
        "🌱": "seedling",
        "🍰": "cake",
        "🏡": "house_with_garden",
        "📚": "books",
        "🔖": "bookmark",
        "💬": "speech_balloon",
        "💯": "100",
        "1️⃣": "one",
        "2️⃣": "two",
        "3️⃣": "three",
    }
)
_CHARACTERS: Final[Mapping[str, str]] = MappingProxyType(
    {name: char for char, name in NAMES.items()} | {"thumbsup": "👍", "thumbsdown": "👎"}
)


def name(emoji: str) -> str | None:
    """Slack's name for an emoji; None where it isn't known."""
    if len(emoji) > 2 and emoji.startswith(":") and emoji.endswith(":"):
        return emoji.strip(":")
    return NAMES.get(emoji) or NAMES.get(f"{emoji}\ufe0f") or NAMES.get(emoji.removesuffix("\ufe0f"))


def character(name: str) -> str:
    """The emoji that Slack calls so, skin tones aside; a custom one as ``:name:``."""
    plain = name.partition("::")[0]
    return _CHARACTERS.get(plain, f":{plain}:")

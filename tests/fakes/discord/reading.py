"""Reading a message as a person would: its words, its buttons, its pickers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BUTTON, LINK_STYLE = 2, 5
SELECTS = frozenset({3, 5, 6, 7, 8})


def every_component(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each component at every depth, outermost first."""
    for component in components:
        yield component
        yield from every_component(component.get("components") or [])
        for key in ("accessory", "component"):
            if inner := component.get(key):
                yield from every_component([inner])


class Readable:
    """What a person reads and can press in a message."""

    __slots__ = ()
    content: str
    embeds: list[dict[str, Any]]
    components: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """All words of the message: content, text displays and embeds, one per line."""
        lines = [self.content] if self.content else []
        lines += [item["content"] for item in every_component(self.components) if item["type"] == 10]
        for embed in self.embeds:
            lines += [embed[key] for key in ("title", "description") if embed.get(key)]
            for field in embed.get("fields", ()):
                lines += [field["name"], field["value"]]
        return "\n".join(lines)

    @property
    def buttons(self) -> list[dict[str, Any]]:
        """Every button, in reading order."""
        return [item for item in every_component(self.components) if item["type"] == BUTTON]

    @property
    def selects(self) -> list[dict[str, Any]]:
        """Every select menu, in reading order."""
        return [item for item in every_component(self.components) if item["type"] in SELECTS]

    @property
    def labels(self) -> list[str]:
        """What the buttons say."""
        return [button.get("label") or button.get("emoji", {}).get("name", "") for button in self.buttons]

    @property
    def pictures(self) -> list[dict[str, Any]]:
        """Every picture: `url` and `description` (its alt text)."""
        found = []
        for item in every_component(self.components):
            if item["type"] == 12:
                found += [
                    {"url": entry["media"]["url"], "description": entry.get("description")}
                    for entry in item["items"]
                ]
            elif item["type"] == 11:
                found.append({"url": item["media"]["url"], "description": item.get("description")})
        return found

"""Block Kit pieces that tests put together."""

from typing import Any


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, **more}}


def text_input(label: str, action_id: str, **more: Any) -> dict[str, Any]:
    """An input block with a text field; `element` in `more` adds to the field."""
    element = {"type": "plain_text_input", "action_id": action_id, **more.pop("element", {})}
    block = {"type": "input", "block_id": f"{action_id}_block", "label": plain(label)}
    return {**block, "element": element, **more}


def modal(*blocks: dict[str, Any], title: str = "Shout-out", **more: Any) -> dict[str, Any]:
    """A modal with callback id "form"; without blocks it asks "Why"."""
    base = {"type": "modal", "callback_id": "form", "title": plain(title), "submit": plain("Send")}
    return {**base, "blocks": list(blocks) or [text_input("Why", "why")], **more}


def button(text: str, action_id: str, value: str = "1") -> dict[str, Any]:
    """An actions block with one button."""
    element = {"type": "button", "text": plain(text), "action_id": action_id, "value": value}
    return {"type": "actions", "elements": [element]}

"""Slack's text: escaping, mentions, who is pinged, and what a screen reader or an eye meets."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

CONTROL = re.compile(r"<([^<>\n]+)>")
_KNOWN = re.compile(
    r"<(?:@[UW][A-Z0-9]+(?:\|[^<>\n]*)?|#C[A-Z0-9]+(?:\|[^<>\n]*)?"
    r"|!(?:here|channel|everyone|group|subteam\^S[A-Z0-9]+|date\^\d+\^[^<>\n]+)(?:\|[^<>\n]*)?"
    r"|(?:https?|mailto|tel):[^<>\n]+)>"
)
_READ_FIRST = {"title": 0, "label": 1, "text": 2, "fields": 3, "elements": 4, "accessory": 5}
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)")
_BARE = re.compile(r"(?<![\w<!^@])@(here|channel|everyone|group)\b")
_HANDLE = re.compile(r"(?<![\w<!^@])@([a-z0-9][a-z0-9._-]*)")


def escape(text: str) -> str:
    """What Slack does to `& < >` that a person typed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Back to what was typed."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def stored(text: str) -> str:
    """How Slack keeps text that an app posted: known control sequences stay, other `& < >` are escaped."""
    kept: list[str] = []
    end = 0
    for match in _KNOWN.finditer(text):
        kept += [_loose(text[end : match.start()]), match.group()]
        end = match.end()
    kept.append(_loose(text[end:]))
    return "".join(kept)


def _loose(text: str) -> str:
    return _ENTITY.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def linked(text: str, handles: dict[str, str], channels: dict[str, str]) -> str:
    """`link_names` or `parse=full`: bare @names and #channels become real mentions."""
    text = _BARE.sub(lambda m: f"<!{m[1]}>", text)
    text = _HANDLE.sub(lambda m: f"<@{handles[m[1]]}>" if m[1] in handles else m[0], text)
    return re.sub(
        r"(?<![\w<&])#([\w-]+)", lambda m: f"<#{channels[m[1]]}|{m[1]}>" if m[1] in channels else m[0], text
    )


def pings(text: str) -> set[str]:
    """Who a text mentions so that it rings: "here", "channel", "everyone", user and group ids."""
    found: set[str] = set()
    for match in CONTROL.finditer(text):
        body = match[1].split("|")[0]
        if body.startswith("@"):
            found.add(body[1:])
        elif body.startswith("!subteam^"):
            found.add(body.removeprefix("!subteam^"))
        elif body in ("!here", "!channel", "!everyone", "!group"):
            found.add(body[1:].replace("group", "channel"))
    return found


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside blocks, outermost first."""
    if isinstance(value, dict):
        yield value
        for key in sorted(value, key=lambda key: _READ_FIRST.get(key, len(_READ_FIRST))):
            yield from nodes(value[key])
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def block_pings(blocks: Iterable[Any]) -> set[str]:
    """Who blocks mention so that it rings: mrkdwn and markdown texts and rich text elements."""
    found: set[str] = set()
    for node in nodes(list(blocks)):
        kind = node.get("type")
        if kind in ("mrkdwn", "markdown"):
            found |= pings(str(node.get("text", "")))
        elif kind == "user" and "user_id" in node:
            found.add(node["user_id"])
        elif kind == "usergroup" and "usergroup_id" in node:
            found.add(node["usergroup_id"])
        elif kind == "broadcast":
            found.add(str(node.get("range")))
    return found


def unguarded(blocks: Iterable[Any]) -> set[str]:
    """Bare `@here` and its kin in mrkdwn that is not `verbatim`: Slack parses "certain mentions" there."""
    return {
        match
        for node in nodes(list(blocks))
        if node.get("type") == "mrkdwn" and not node.get("verbatim")
        for match in _BARE.findall(str(node.get("text", "")))
    }


def seen(blocks: Iterable[Any]) -> str:
    """The words that an eye meets in blocks, one piece a line, escapes undone."""
    lines: list[str] = []
    for block in blocks:
        if not isinstance(block, dict):
            continue
        if block.get("type") == "rich_text":
            lines += [_rich(part) for part in block.get("elements", [])]
            continue
        for node in nodes(block):
            text = node.get("text")
            if isinstance(text, str) and node.get("type") in ("mrkdwn", "plain_text", "markdown", "raw_text"):
                lines.append(unescape(text) if node["type"] != "plain_text" else text)
            elif node.get("type") == "image" and node.get("alt_text"):
                lines.append(node["alt_text"])
            elif node.get("type") == "rich_text":
                lines += [_rich(part) for part in node.get("elements", [])]
    return "\n".join(lines)


def _rich(part: dict[str, Any]) -> str:
    words: list[str] = []
    for element in part.get("elements", []):
        match element.get("type"):
            case "text":
                words.append(element.get("text", ""))
            case "link":
                words.append(element.get("text") or element.get("url", ""))
            case "user":
                words.append(f"<@{element.get('user_id')}>")
            case "usergroup":
                words.append(f"<!subteam^{element.get('usergroup_id')}>")
            case "channel":
                words.append(f"<#{element.get('channel_id')}>")
            case "broadcast":
                words.append(f"@{element.get('range')}")
            case "emoji":
                words.append(f":{element.get('name')}:")
            case "date":
                words.append(str(element.get("fallback") or element.get("timestamp")))
            case "rich_text_section":
                words.append(_rich(element) + "\n")
            case _:
                words.append(_rich(element))
    return "".join(words)


def typed_blocks(elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rich text block that Slack's client sends along with what a person typed."""
    return [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}]

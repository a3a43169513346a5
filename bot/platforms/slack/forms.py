"""Forms as Slack's modals, and what comes back from them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from bot.model.content import Field, Form, Kind
from bot.model.events import Raw
from bot.model.ids import PlatformRole
from bot.platforms.fit import fit_form
from bot.platforms.slack.groups import WITHOUT, Groups
from bot.platforms.slack.limits import SLACK, measure
from bot.platforms.slack.render import Block, Renderer, plain
from bot.platforms.slack.workspace import Workspace

CALLBACK: Final = "form"
VALUE: Final = "v"
GROUP: Final = "group"
"""The action id of a field that asks for a user group."""
_YES_NO: Final = (("Yes", "yes"), ("No", "no"))
_GROUP_ID: Final = re.compile(r"\bS[A-Z0-9]{6,}\b")
_LINES: Final = frozenset({Kind.LONG_TEXT, Kind.TEXTS})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a modal keeps until it comes back. ``path`` is the command it asks for, if any."""

    action: str
    token: str
    channel: str = ""
    path: tuple[str, ...] = ()

    def dumps(self) -> str:
        """At most some 500 characters, of the 3,000 that a modal may keep."""
        return json.dumps([self.action, self.token, self.channel, list(self.path)], separators=(",", ":"))

    @classmethod
    def loads(cls, text: str) -> Asked:
        """Raises ValueError for what no modal of ours holds."""
        try:
            action, token, channel, path, *_ = json.loads(text)
            return cls(str(action), str(token), str(channel), tuple(map(str, path)))
        except (TypeError, ValueError) as error:
            raise ValueError("not a modal of Kith's") from error


def prefix(action: str) -> str:
    """Tells one form's blocks from another's, so that what was typed into one never shows in the other."""
    what = action.split("|")[
        :2
    ]  # its handler and what it is bound to; the rest changes each time it is sealed
    return hashlib.sha256("|".join(what).encode()).hexdigest()[:8]


def view(form: Form, asked: Asked, renderer: Renderer, groups: Groups) -> dict[str, Any]:
    """The modal for a form. Where it asks for a role, one of ``groups`` is chosen."""
    page = fit_form(form, SLACK, measure)[0]
    blocks: list[Block] = []
    if page.intro is not None and (intro := renderer.plain(page.intro).strip()):
        blocks.append({"type": "section", "text": plain(intro, 3_000)})
    at = prefix(form.action)
    blocks += [_input(item, at, bool(asked.path), groups) for item in page.fields]
    if not blocks:
        blocks.append({"type": "section", "text": plain(renderer.plain(page.title) or "Go on?", 3_000)})
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": asked.dumps(),
        "title": plain(renderer.plain(page.title).strip() or "Kith", 24),
        "submit": plain(form.submit.strip() or "Send", 24),
        "close": plain("Cancel", 24),
        "blocks": blocks,
    }


def errors(form: Form, sent: str) -> dict[str, str]:
    """The mistakes of a form that came back, by block; empty where another form is asked for."""
    at = prefix(form.action)
    if at != prefix(sent):
        return {}
    found = {}
    for item in form.fields:
        if item.problem:
            found[f"{at}|{item.name}"] = item.problem[:2_000]
        elif item.required and item.value in (None, "", ()):
            found[f"{at}|{item.name}"] = "This is needed."
    return found


def values(state: Mapping[str, Any], workspace: Workspace) -> dict[str, Raw]:
    """What was filled in, by field."""
    found: dict[str, Raw] = {}
    for block, held in state.items():
        name = block.partition("|")[2]
        raw = _group(held[GROUP], workspace) if GROUP in held else _value(held.get(VALUE) or {}, workspace)
        if raw is not None and raw != ():
            found[name] = raw
    return found


def offered(found: Sequence[PlatformRole]) -> list[Block]:
    """What a field that asks for a user group offers."""
    return [option(role.name, role.id) for role in found[: SLACK.options]]


def _group(state: Mapping[str, Any], workspace: Workspace) -> Raw | None:
    chosen = state.get("selected_option")
    return PlatformRole(workspace.space.key, chosen["value"]) if chosen else None


def _value(state: Mapping[str, Any], workspace: Workspace) -> Raw | None:
    match state.get("type"):
        case "users_select":
            user = state.get("selected_user")
            return workspace.member(user) if user else None
        case "multi_users_select":
            return tuple(map(workspace.member, state.get("selected_users") or ()))
        case "conversations_select":
            channel = state.get("selected_conversation")
            return workspace.channel(channel) if channel else None
        case "datepicker":
            return state.get("selected_date") or None
        case "static_select" | "radio_buttons" | "external_select":
            option = state.get("selected_option")
            return option["value"] if option else None
    return state.get("value") or None


def _input(item: Field, at: str, completes: bool, groups: Groups) -> Block:
    without = WITHOUT.get(groups.problem) if item.kind is Kind.ROLE else None
    hint = " ".join(part for part in (item.problem and f"⚠ {item.problem}", item.about, without) if part)
    block: Block = {
        "type": "input",
        "block_id": f"{at}|{item.name}"[:255],
        "label": plain(item.label.strip() or item.name, 150),
        "element": {"action_id": VALUE, **_element(item, completes, groups)},
        "optional": not item.required,
    }
    if hint:
        block["hint"] = plain(hint, 2_000)
    return block


def _element(item: Field, completes: bool, groups: Groups) -> Block:
    first = item.value if isinstance(item.value, str) else None
    several = item.value if isinstance(item.value, tuple) else ()
    match item.kind:
        case Kind.INTEGER:
            return _number(item, first)
        case Kind.YES_NO:
            options = [option(label, value) for label, value in _YES_NO]
            chosen = next((one for one in options if one["value"] == first), None)
            return {"type": "radio_buttons", "options": options} | _first("initial_option", chosen)
        case Kind.DATE:
            return {"type": "datepicker"} | _first("initial_date", _day(first))
        case Kind.MEMBER:
            return {"type": "users_select"} | _first("initial_user", first)
        case Kind.MEMBERS:
            more = {"max_selected_items": item.most} if item.most else {}
            return {"type": "multi_users_select", **more} | _first("initial_users", list(several))
        case Kind.CHANNEL:
            chosen = _first("initial_conversation", first)
            return {"type": "conversations_select", "filter": {"include": ["public", "private"]}} | chosen
        case Kind.CHOICE if item.options:
            options = [option(one.label, one.value, one.about) for one in item.options]
            chosen = next((one for one in options if one["value"] == first), None)
            return {"type": "static_select", "options": options} | _first("initial_option", chosen)
        case Kind.ROLE:
            block: Block = {"type": "external_select", "action_id": GROUP, "min_query_length": 0}
            return block | _first("initial_option", _known(first, groups))
        case Kind.REF if completes and item.completes:
            return {"type": "external_select", "min_query_length": 0}
    return _text(item, first if first is not None else "\n\n".join(several))


def _known(chosen: str | None, groups: Groups) -> Block | None:
    """The group that is chosen already, by its id or as somebody wrote it."""
    found = _GROUP_ID.search(chosen or "")
    return option(groups.name_of(found[0]) or found[0], found[0]) if found else None


def _text(item: Field, first: str) -> Block:
    most = item.most if item.kind in (Kind.TEXT, Kind.LONG_TEXT) and item.most else SLACK.field_text
    most = min(most, SLACK.field_text)
    block: Block = {"type": "plain_text_input", "max_length": max(1, most)}
    if item.kind in _LINES:
        block["multiline"] = True
    else:
        first = " ".join(first.split())
    return block | _first("initial_value", first[:most])


def _number(item: Field, first: str | None) -> Block:
    block: Block = {"type": "number_input", "is_decimal_allowed": False}
    if item.least is not None:
        block["min_value"] = str(item.least)
    if item.most is not None:
        block["max_value"] = str(item.most)
    try:
        number = int(first or "")
    except ValueError:
        return block
    within = (item.least is None or number >= item.least) and (item.most is None or number <= item.most)
    return block | _first("initial_value", str(number) if within else None)


def _day(text: str | None) -> str | None:
    try:
        return date.fromisoformat(text or "").isoformat()
    except ValueError:
        return None


def _first(name: str, value: Any) -> Block:
    return {name: value} if value else {}


def option(label: str, value: str, about: str = "") -> Block:
    shown: Block = {"text": plain(label.strip() or value or "…", 75), "value": (value or "-")[:150]}
    return shown | ({"description": plain(about, 75)} if about else {})

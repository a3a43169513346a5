"""Filling in what a person meets: finding elements, and values in Slack's shape."""

import datetime
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import markup
from .state import Channel, File
from .usergroups import UserGroup

if TYPE_CHECKING:
    from .people import Person

Block = dict[str, Any]


class NotOnScreen(AssertionError):
    """The script asks for something that the person could not do in Slack's client."""


def elements(blocks: list[Block]) -> Iterator[tuple[Block, Block]]:
    """(block, element) of everything that a person can press or fill in."""
    for block in blocks:
        found = [*(block.get("elements") or []), block.get("accessory"), block.get("element")]
        found += [action for inner in block.get("elements") or [] for action in inner.get("actions") or []]
        found += block.get("actions") or []
        for element in found:
            if isinstance(element, dict) and "action_id" in element:
                yield block, element
        for inner in block.get("child_blocks") or []:
            yield from elements([inner])


def label(block: Block, element: Block) -> str:
    """The words by which a person finds an element."""
    for holder in (element.get("text"), block.get("label"), element.get("placeholder")):
        if isinstance(holder, dict):
            return str(holder.get("text", ""))
    return ""


def find(blocks: list[Block], which: str) -> tuple[Block, Block]:
    """The element with this action id, block id or label. NotOnScreen if there is not exactly one."""
    exact = [pair for pair in elements(blocks) if pair[1]["action_id"] == which]
    found = exact or [pair for pair in elements(blocks) if which in (pair[0].get("block_id"), label(*pair))]
    if len(found) != 1:
        seen = [f"{label(*pair)} ({pair[1]['action_id']})" for pair in elements(blocks)]
        raise NotOnScreen(f"{len(found)} elements are called {which!r}; there are {seen}")
    return found[0]


def _id(value: Any) -> str:
    return str(value if isinstance(value, str) else value.id)


def _options(element: Block) -> list[Block]:
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(option for group in groups for option in group["options"])]


def _option(element: Block, value: Any, offered: list[Block] | None = None) -> Block:
    options = offered if offered is not None else _options(element)
    for option in options:
        if value in (option.get("value"), option["text"]["text"]):
            return option
    raise NotOnScreen(f"no option {value!r} among {[option['text']['text'] for option in options]}")


def _many(element: Block, values: list[Any]) -> list[Any]:
    most = element.get("max_selected_items")
    if most is not None and len(values) > most:
        raise NotOnScreen(f"at most {most} can be picked")
    return values


def filled(element: Block, value: Any, offered: list[Block] | None = None) -> Block:
    """An element's state after a person put a Python value in; None empties it.

    People, channels and files are given as themselves or ids, options by value or text, dates as date or
    text. `offered` are the options that an external select showed.
    """
    kind = element["type"]
    state: Block = {"type": kind}
    match kind:
        case "plain_text_input" | "email_text_input" | "url_text_input" | "number_input":
            state["value"] = _typed(element, value)
        case "rich_text_input":
            blocks = value if isinstance(value, dict) or value is None else None
            if blocks is None and value is not None:
                blocks = markup.typed_blocks([{"type": "text", "text": str(value)}])[0]
            state["rich_text_value"] = blocks
        case "static_select" | "radio_buttons" | "external_select" | "overflow":
            state["selected_option"] = None if value is None else _option(element, value, offered)
        case "multi_static_select" | "checkboxes" | "multi_external_select":
            state["selected_options"] = [
                _option(element, one, offered) for one in _many(element, value or [])
            ]
        case "users_select" | "channels_select" | "conversations_select":
            state[f"selected_{kind.split('_')[0][:-1]}"] = None if value is None else _id(value)
        case "multi_users_select" | "multi_channels_select" | "multi_conversations_select":
            state[f"selected_{kind.split('_')[1]}"] = [_id(one) for one in _many(element, value or [])]
        case "datepicker":
            state["selected_date"] = value.isoformat() if isinstance(value, datetime.date) else value
        case "timepicker":
            state["selected_time"] = value.strftime("%H:%M") if isinstance(value, datetime.time) else value
        case "datetimepicker":
            state["selected_date_time"] = value
        case "file_input":
            state["files"] = [file.as_json() if isinstance(file, File) else file for file in value or []]
        case "button" | "workflow_button":
            state = {}
        case _:
            raise NotOnScreen(f"nobody can fill in a {kind}")
    return state


def _typed(element: Block, value: Any) -> str | None:
    if value is None or value == "":
        return None
    text = str(value)
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if element["type"] == "plain_text_input" and not least <= len(text) <= most:
        raise NotOnScreen(f"{len(text)} characters, where {least} to {most} fit")
    if element["type"] == "plain_text_input" and "\n" in text and not element.get("multiline"):
        raise NotOnScreen("a line break in a field of one line")
    if element["type"] == "number_input":
        number = float(text)
        if not element.get("is_decimal_allowed") and number != int(number):
            raise NotOnScreen(f"{text} is no whole number")
        low, high = (
            float(element.get(key, edge)) for key, edge in (("min_value", "-inf"), ("max_value", "inf"))
        )
        if not low <= number <= high:
            raise NotOnScreen(f"{text} is not between {low:g} and {high:g}")
    return text


def initial(element: Block) -> Block:
    """An element's state as the view shows it first."""
    state = filled(element, None)
    for key, first in element.items():
        if not key.startswith("initial_"):
            continue
        name = key.removeprefix("initial_")
        target = {"value": "value", "option": "selected_option", "options": "selected_options"}.get(name)
        if element["type"] == "rich_text_input":
            target = "rich_text_value"
        state[target or f"selected_{name}"] = first
    return state


def is_empty(state: Block) -> bool:
    return not any(value for key, value in state.items() if key != "type")


def state_of(blocks: list[Block], values: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """`state.values`: what was filled in over what the view showed first."""
    state: dict[str, dict[str, Any]] = {}
    for block, element in elements(blocks):
        if element["type"] in ("button", "overflow", "workflow_button"):
            continue
        given = values.get(block["block_id"], {}).get(element["action_id"])
        state.setdefault(block["block_id"], {})[element["action_id"]] = given or initial(element)
    return state


def missing(blocks: list[Block], state: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Labels of required fields that are empty: Slack's client does not let the form go then."""
    return [
        label(block, element)
        for block, element in elements(blocks)
        if block.get("type") == "input"
        and not block.get("optional")
        and is_empty(dict(state[block["block_id"]][element["action_id"]]))
    ]


def text_of(parts: tuple[Any, ...]) -> tuple[str, list[Block]]:
    """What a person typed: (text as Slack keeps it, rich text elements). Strings are escaped;
    people, channels and "here" (given as `HERE`) become real mentions."""
    words: list[str] = []
    rich: list[Block] = []
    for part in parts:
        if isinstance(part, str):
            words.append(markup.escape(part))
            rich.append({"type": "text", "text": part})
        elif isinstance(part, Channel):
            words.append(f"<#{part.id}|{part.name}>")
            rich.append({"type": "channel", "channel_id": part.id})
        elif isinstance(part, Broadcast):
            words.append(f"<!{part.range}>")
            rich.append({"type": "broadcast", "range": part.range})
        elif isinstance(part, UserGroup):
            words.append(f"<!subteam^{part.id}>")
            rich.append({"type": "usergroup", "usergroup_id": part.id})
        else:
            words.append(f"<@{part.id}>")
            rich.append({"type": "user", "user_id": part.id})
    return "".join(words), rich


def command_text(parts: tuple[Any, ...], escape: bool) -> str:
    """The text of a slash command: mentions carry names, or stay plain without `should_escape`."""
    words = []
    for part in parts:
        if isinstance(part, str):
            words.append(markup.escape(part))
        elif isinstance(part, Channel):
            words.append(f"<#{part.id}|{part.name}>" if escape else f"#{part.name}")
        elif isinstance(part, Broadcast):
            words.append(f"<!{part.range}>" if escape else f"@{part.range}")
        elif isinstance(part, UserGroup):
            words.append(f"<!subteam^{part.id}|@{part.handle}>" if escape else f"@{part.handle}")
        else:
            words.append(_person(part, escape))
    return "".join(words)


def _person(person: "Person", escape: bool) -> str:
    return f"<@{person.id}|{person.name}>" if escape else f"@{person.name}"


class Broadcast:
    """@here, @channel or @everyone, really meant."""

    def __init__(self, range: str) -> None:
        self.range = range


HERE, CHANNEL, EVERYONE = Broadcast("here"), Broadcast("channel"), Broadcast("everyone")

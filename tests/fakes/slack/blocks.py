"""The limits that Slack puts on messages, blocks and views, checked as Slack answers them."""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View as SdkView

from . import specs
from .markup import nodes

TEXT_MAX = 40_000
UPDATE_TEXT_MAX = 4_000
MARKDOWN_MAX = 12_000
MESSAGE_BLOCKS_MAX = 50
VIEW_BLOCKS_MAX = 100
BLOCKS_TEXT_MAX = 13_200
TABLE_TEXT_MAX = 10_000
VIEW_BYTES_MAX = 250_000

_MESSAGES_ONLY = frozenset({"markdown", "table", "context_actions", "plan", "task_card"})
_VIEW_KEYS_FROM_SLACK = (
    "id",
    "team_id",
    "state",
    "hash",
    "root_view_id",
    "previous_view_id",
    "app_id",
    "bot_id",
)

# type → (field, what is measured, least, most). "text" is a text object's text, "each" every item's text.
_Rule = tuple[str, str, int, int]
_PLACEHOLDER: _Rule = ("placeholder", "text", 1, 150)
_RULES: dict[str, tuple[_Rule, ...]] = {
    "section": (("text", "text", 1, 3000), ("fields", "items", 1, 10), ("fields", "each", 1, 2000)),
    "header": (("text", "text", 1, 150),),
    "actions": (("elements", "items", 1, 25),),
    "context": (("elements", "items", 1, 10),),
    "context_actions": (("elements", "items", 1, 5),),
    "image": (("image_url", "string", 1, 3000), ("alt_text", "string", 1, 2000), ("title", "text", 1, 2000)),
    "input": (("label", "text", 1, 2000), ("hint", "text", 1, 2000)),
    "markdown": (("text", "string", 1, MARKDOWN_MAX),),
    "mrkdwn": (("text", "string", 1, 3000),),
    "plain_text": (("text", "string", 1, 3000),),
    "table": (("rows", "items", 1, 100), ("rows", "row", 1, 20)),
    "carousel": (("elements", "items", 1, 10),),
    "button": (
        ("text", "text", 1, 75),
        ("value", "string", 0, 2000),
        ("url", "string", 1, 3000),
        ("accessibility_label", "string", 1, 75),
    ),
    "static_select": (("options", "items", 1, 100), ("option_groups", "items", 1, 100), _PLACEHOLDER),
    "multi_static_select": (("options", "items", 1, 100), ("option_groups", "items", 1, 100), _PLACEHOLDER),
    "overflow": (("options", "items", 1, 5),),
    "checkboxes": (("options", "items", 1, 10),),
    "radio_buttons": (("options", "items", 1, 10),),
    "plain_text_input": (("initial_value", "string", 0, 3000), _PLACEHOLDER),
    **{
        f"{many}{kind}_select": (_PLACEHOLDER,)
        for many in ("", "multi_")
        for kind in ("users", "channels", "conversations", "external")
    },
    **dict.fromkeys(
        ("number_input", "email_text_input", "url_text_input", "datepicker", "timepicker"), (_PLACEHOLDER,)
    ),
}
_CONFIRM: tuple[_Rule, ...] = (
    ("title", "text", 1, 100),
    ("text", "text", 1, 300),
    ("confirm", "text", 1, 30),
    ("deny", "text", 1, 30),
)
_OPTION: tuple[_Rule, ...] = (
    ("text", "text", 1, 75),
    ("value", "string", 1, 150),
    ("description", "text", 1, 75),
    ("url", "string", 1, 3000),
)
_VIEW: tuple[_Rule, ...] = (
    ("title", "text", 1, 24),
    ("submit", "text", 1, 24),
    ("close", "text", 1, 24),
    ("callback_id", "string", 0, 255),
    ("external_id", "string", 0, 255),
    ("private_metadata", "string", 0, 3000),
    ("blocks", "items", 1, VIEW_BLOCKS_MAX),
)


def _size(value: Any, measure: str) -> Iterator[tuple[str, int, str]]:
    """(pointer below the field, size, unit) of what a rule measures."""
    match measure, value:
        case ("string", str()):
            yield "", len(value), "characters"
        case ("text", {"text": str(text)}):
            yield "/text", len(text), "characters"
        case ("items", list()):
            yield "", len(value), "items"
        case ("each", list()):
            for at, item in enumerate(value):
                for below, size, unit in _size(item, "text"):
                    yield f"/{at}{below}", size, unit
        case ("row", list()):
            for at, item in enumerate(value):
                yield f"/{at}", len(item), "items"


def _broken(node: dict[str, Any], rules: tuple[_Rule, ...], pointer: str) -> Iterator[str]:
    for field, measure, least, most in rules:
        for below, size, unit in _size(node.get(field), measure):
            where = f"[json-pointer:{pointer}/{field}{below}]"
            if size > most:
                verb = "must be less than" if unit == "characters" else "no more than"
                limit = f"{most + 1} {unit}" if unit == "characters" else f"{most} items allowed"
                yield f"{verb} {limit} {where}"
            elif size < least:
                verb = "must be more than" if unit == "characters" else "no fewer than"
                limit = f"{least - 1} {unit}" if unit == "characters" else f"{least} items allowed"
                yield f"{verb} {limit} {where}"


def _limits(value: Any, pointer: str) -> Iterator[str]:
    """Walk a block with its pointer and yield every limit it breaks."""
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from _limits(item, f"{pointer}/{at}")
        return
    if not isinstance(value, dict):
        return
    yield from _broken(value, _RULES.get(str(value.get("type")), ()), pointer)
    for name in ("block_id", "action_id"):
        if isinstance(value.get(name), str) and not 1 <= len(value[name]) <= 255:
            yield f"must be less than 256 characters [json-pointer:{pointer}/{name}]"
    if isinstance(value.get("confirm"), dict) and value["confirm"].get("type") is None:
        yield from _broken(value["confirm"], _CONFIRM, f"{pointer}/confirm")
    for at, option in enumerate(value.get("options") or []):
        if isinstance(option, dict):
            yield from _broken(option, _OPTION, f"{pointer}/options/{at}")
    for key, inner in value.items():
        yield from _limits(inner, f"{pointer}/{key}")


def _shape(block: dict[str, Any], pointer: str, surface: str) -> Iterator[str]:
    kind = block.get("type")
    if surface != "message" and kind in _MESSAGES_ONLY:
        yield f"unsupported type: {kind} [json-pointer:{pointer}/type]"
    if kind == "section" and not block.get("text") and not block.get("fields"):
        yield f"missing required field: text or fields [json-pointer:{pointer}]"
    if kind == "table":
        yield from _table(block.get("rows"), pointer)
    elements = block.get("elements") if kind in ("actions", "context_actions") else [block.get("accessory")]
    ids = Counter(e["action_id"] for e in elements or [] if isinstance(e, dict) and "action_id" in e)
    for action_id, times in ids.items():
        if times > 1:
            yield f"`action_id` {action_id} is already used in this block [json-pointer:{pointer}/elements]"


def _table(rows: Any, pointer: str) -> Iterator[str]:
    """What the schemas do not say of a table: rows of one length, no empty cell, so much text in all."""
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return
    if len({len(row) for row in rows}) > 1:
        yield f"all rows must have the same number of cells [json-pointer:{pointer}/rows]"
    total = 0
    for at, row in enumerate(rows):
        for place, cell in enumerate(row):
            texts = [node["text"] for node in nodes(cell) if isinstance(node.get("text"), str)]
            total += sum(map(len, texts))
            leaves = [node for node in nodes(cell) if "elements" not in node]
            if not any(node.get("text", "x") for node in leaves):
                yield f"missing required field: text [json-pointer:{pointer}/rows/{at}/{place}]"
    if total > TABLE_TEXT_MAX:
        yield f"table cells must be less than {TABLE_TEXT_MAX + 1} characters [json-pointer:{pointer}/rows]"


def _by_sdk(block: dict[str, Any], pointer: str) -> Iterator[str]:
    """slack_sdk's own limits, which know newer blocks better than our table."""
    try:
        parsed = Block.parse(copy.deepcopy(block))
        if parsed is not None:
            parsed.to_dict()
    except SlackObjectFormationError as error:
        yield f"{error} [json-pointer:{pointer}]"


def block_problems(blocks: Any, surface: str, pointer: str = "/blocks") -> list[str]:
    """All that Slack would refuse in a list of blocks on a "message", "modal" or "home"."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        return [f"must be an array of blocks [json-pointer:{pointer}]"]
    most = MESSAGE_BLOCKS_MAX if surface == "message" else VIEW_BLOCKS_MAX
    problems: list[str] = []
    if len(blocks) > most:
        problems.append(f"no more than {most} items allowed [json-pointer:{pointer}]")
    ids = Counter(block["block_id"] for block in blocks if block.get("block_id"))
    problems += [
        f"`block_id` {block_id} already exists [json-pointer:{pointer}]"
        for block_id, n in ids.items()
        if n > 1
    ]
    if sum(block.get("type") == "table" for block in blocks) > 1:
        problems.append(f"only one table is allowed [json-pointer:{pointer}]")
    markdown = sum(len(str(block.get("text", ""))) for block in blocks if block.get("type") == "markdown")
    if markdown > MARKDOWN_MAX:
        problems.append(
            f"markdown blocks must be less than {MARKDOWN_MAX + 1} characters [json-pointer:{pointer}]"
        )
    for at, block in enumerate(blocks):
        here = f"{pointer}/{at}"
        found = list(_shape(block, here, surface)) + list(_limits(block, here))
        found += specs.block_problems(block, here)
        problems += found or list(_by_sdk(block, here))
    return list(dict.fromkeys(problems))


def blocks_too_long(blocks: list[dict[str, Any]]) -> bool:
    """Whether all the texts together pass the undocumented total that ends in `msg_blocks_too_long`."""
    total = sum(len(node["text"]) for node in nodes(blocks) if isinstance(node.get("text"), str))
    return total > BLOCKS_TEXT_MAX


def view_problems(view: dict[str, Any]) -> list[str]:
    """All that Slack would refuse in a view."""
    kind = str(view.get("type"))
    sent = {key: value for key, value in view.items() if key not in _VIEW_KEYS_FROM_SLACK}
    problems = specs.view_problems(sent) + list(_broken(view, _VIEW, "/view"))
    blocks = view.get("blocks")
    problems += block_problems(blocks, kind, "/view/blocks")
    if isinstance(blocks, list) and kind == "modal":
        needs_submit = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
        if needs_submit and not view.get("submit"):
            problems.append("missing required field: submit, as there are input blocks [json-pointer:/view]")
    if not problems:
        try:
            SdkView(**copy.deepcopy(sent)).validate_json()
        except SlackObjectFormationError as error:
            problems.append(f"{error} [json-pointer:/view]")
    return list(dict.fromkeys(problems))


def view_too_large(view: dict[str, Any]) -> bool:
    return len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES_MAX

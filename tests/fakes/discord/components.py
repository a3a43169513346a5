"""Rules for message components that the OpenAPI document leaves out, and how Discord stores them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import FormErrors
from .reading import BUTTON, LINK_STYLE, SELECTS

Json = dict[str, Any]
Path = tuple[str | int, ...]

ROW, STRING_SELECT, SECTION, TEXT, THUMBNAIL, GALLERY, FILE, CONTAINER = 1, 3, 9, 10, 11, 12, 13, 17
PREMIUM_STYLE = 6
MAX_ROWS, MAX_COMPONENTS, MAX_TEXT = 5, 40, 4000
_ATTACHMENT = re.compile(r"attachment://(.+)")


def walk(components: list[Json], path: Path = ("components",)) -> Iterator[tuple[Path, Json]]:
    """Each component at every depth with its path in the body."""
    for index, component in enumerate(components):
        here = (*path, index)
        yield here, component
        yield from walk(component.get("components") or [], (*here, "components"))
        for key in ("accessory", "component"):
            if inner := component.get(key):
                yield (*here, key), inner


def check_message(
    components: list[Json], *, v2: bool, filenames: set[str], errors: FormErrors, root: Path = ()
) -> list[str]:
    """Note every mistake in a message's components. Returns the texts that they show."""
    path = (*root, "components")
    parts = list(walk(components, path))
    shown = [item["content"] for _, item in parts if item["type"] == TEXT]
    if not v2:
        _check_rows_only(components, path, errors)
    elif len(parts) > MAX_COMPONENTS:
        errors.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_COMPONENTS} in length.")
    if sum(map(len, shown)) > MAX_TEXT:
        errors.too_long(path, MAX_TEXT)
    check_unique(parts, errors)
    for where, component in parts:
        _check_one(component, where, filenames, errors)
    return shown


def _check_rows_only(components: list[Json], path: Path, errors: FormErrors) -> None:
    if len(components) > MAX_ROWS:
        errors.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_ROWS} in length.")
    for index, component in enumerate(components):
        if component["type"] != ROW:
            message = 'Value of field "type" must be one of (1,).'
            errors.add((*path, index, "type"), "UNION_TYPE_CHOICES", message)


def check_unique(parts: list[tuple[Path, Json]], errors: FormErrors) -> None:
    """Custom ids and numeric ids may stand only once in a message or modal, walked into `parts`."""
    seen: dict[str, set[Any]] = {"custom_id": set(), "id": set()}
    for where, component in parts:
        for key, used in seen.items():
            value = component.get(key)
            if not value:
                continue
            if value in used:
                code = "COMPONENT_CUSTOM_ID_DUPLICATED" if key == "custom_id" else "COMPONENT_ID_DUPLICATED"
                errors.add((*where, key), code, f"Component {key.replace('_', ' ')} cannot be duplicated")
            used.add(value)


def _check_one(component: Json, path: Path, filenames: set[str], errors: FormErrors) -> None:
    kind = component["type"]
    if kind == ROW:
        _check_row(component["components"], path, errors)
    elif kind == BUTTON:
        _check_button(component, path, errors)
    elif kind in SELECTS:
        check_select(component, path, errors)
    elif kind == TEXT and not component["content"].strip():
        errors.missing((*path, "content"))
    elif kind == THUMBNAIL:
        _check_media(component["media"], (*path, "media"), filenames, errors)
    elif kind == GALLERY:
        for index, item in enumerate(component["items"]):
            _check_media(item["media"], (*path, "items", index, "media"), filenames, errors)
    elif kind == FILE:
        _check_media(component["file"], (*path, "file"), filenames, errors)


def _check_row(items: list[Json], path: Path, errors: FormErrors) -> None:
    if any(item["type"] in SELECTS for item in items) and len(items) > 1:
        message = "A select menu needs an action row of its own"
        errors.add((*path, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)


def _check_button(button: Json, path: Path, errors: FormErrors) -> None:
    style = button["style"]
    label, emoji = button.get("label"), button.get("emoji")
    if style == LINK_STYLE:
        if not button.get("url"):
            errors.missing((*path, "url"))
        if button.get("custom_id"):
            message = "A custom id and url cannot both be specified"
            errors.add((*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)
        _check_url(button.get("url") or "https://", (*path, "url"), ("http", "https", "discord"), errors)
    elif style != PREMIUM_STYLE:
        if not button.get("custom_id"):
            errors.add((*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", "A custom id is required")
        if button.get("url"):
            errors.add((*path, "url"), "BUTTON_COMPONENT_INVALID_STYLE", "Only link buttons have a url")
    if style != PREMIUM_STYLE and not (label and label.strip()) and not emoji:
        message = "A button needs a label or an emoji"
        errors.add(path, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", message)
    if emoji:
        check_emoji(emoji, (*path, "emoji"), errors)


def check_emoji(emoji: Json, path: Path, errors: FormErrors) -> None:
    """An emoji is a custom one by id or a character, not a word."""
    name = emoji.get("name")
    if not emoji.get("id") and not is_emoji(name or ""):
        errors.add((*path, "name"), "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")


def is_emoji(text: str) -> bool:
    """Whether `text` could be one emoji: short, and no letters, spaces or punctuation."""
    if not text or len(text) > 16:
        return False
    keycap = text[-1] == "\u20e3"
    return any(ord(char) >= 0x203C for char in text) and all(
        ord(char) >= 0x203C or char in "\u00a9\u00ae\u200d\ufe0f" or (keycap and char in "0123456789#*")
        for char in text
    )


def check_select(select: Json, path: Path, errors: FormErrors) -> None:
    """A select's bounds, and unique values among its options."""
    low, high = select.get("min_values"), select.get("max_values")
    low, high = (1 if low is None else low), (1 if high is None else high)
    if low > high:
        message = "The minimum number of values must not exceed the maximum"
        errors.add((*path, "min_values"), "SELECT_COMPONENT_MIN_VALUES_GREATER_THAN_MAX", message)
    if select["type"] != STRING_SELECT:
        if len(select.get("default_values") or []) > high:
            message = "There are more default values than may be chosen"
            errors.add((*path, "default_values"), "SELECT_COMPONENT_TOO_MANY_DEFAULTS", message)
        return
    options = select["options"]
    if high > len(options):
        message = f"Must be {len(options)} or fewer"
        errors.add((*path, "max_values"), "SELECT_COMPONENT_MAX_VALUES_EXCEEDS_OPTIONS", message)
    check_options(options, (*path, "options"), high, errors)


def check_options(options: list[Json], path: Path, most: int, errors: FormErrors) -> None:
    """Option values stand once, and no more are preset than may be chosen."""
    values: set[str] = set()
    for index, option in enumerate(options):
        if option["value"] in values:
            message = "The specified option value is already used"
            errors.add((*path, index, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
        values.add(option["value"])
        if not option["label"].strip():
            errors.missing((*path, index, "label"))
        if option.get("emoji"):
            check_emoji(option["emoji"], (*path, index, "emoji"), errors)
    if sum(bool(option.get("default")) for option in options) > most:
        message = "There are more default values than may be chosen"
        errors.add(path, "SELECT_COMPONENT_TOO_MANY_DEFAULTS", message)


def _check_media(media: Json, path: Path, filenames: set[str], errors: FormErrors) -> None:
    url = media["url"]
    if named := _ATTACHMENT.fullmatch(url):
        if named[1] not in filenames:
            code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
            errors.add((*path, "url"), code, "The referenced attachment was not found")
        return
    _check_url(url, (*path, "url"), ("http", "https"), errors)


def _check_url(url: str, path: Path, schemes: tuple[str, ...], errors: FormErrors) -> None:
    if url.partition("://")[0] not in schemes or " " in url:
        message = f'Scheme "{url.partition(":")[0]}" is not supported. Scheme must be one of {schemes}.'
        errors.add(path, "URL_TYPE_INVALID_SCHEME", message)


def stored(components: list[Json], files: Mapping[str, Json] | None) -> list[Json]:
    """The components as Discord keeps them: numbered, without empty keys, media resolved.

    `files` are the message's attachments as JSON, by filename; None for a modal, which alone keeps
    whether its selects are required.
    """
    taken = {item["id"] for _, item in walk(components) if item.get("id")}
    numbers = (number for number in range(1, 1 + len(taken) + 256) if number not in taken)
    return [_stored(item, numbers, files) for item in components]


def _stored(component: Json, numbers: Iterator[int], files: Mapping[str, Json] | None) -> Json:
    kept = {key: value for key, value in component.items() if value is not None}
    if files is not None and kept.get("type") in SELECTS:
        kept.pop("required", None)
    if "type" in kept:
        kept["id"] = kept.get("id") or next(numbers)
    for key in ("components", "items", "options"):
        if key in kept:
            kept[key] = [_stored(item, numbers, files) for item in kept[key]]
    for key in ("accessory", "component"):
        if key in kept:
            kept[key] = _stored(kept[key], numbers, files)
    for key in ("media", "file"):
        if key in kept:
            kept[key] = _resolved(kept[key]["url"], files or {})
    if files is not None:
        for key, value in _told(kept).items():
            kept.setdefault(key, value)
    return kept


def _told(component: Json) -> Json:
    """What Discord tells of a component though nobody gave it."""
    if component.get("type") == CONTAINER:
        return {"accent_color": None, "spoiler": False}
    if component.get("type") in SELECTS:
        return {"min_values": 1, "max_values": 1}
    if "media" in component:
        return {"description": None, "spoiler": False}
    return {}


def _resolved(url: str, files: Mapping[str, Json]) -> Json:
    if named := _ATTACHMENT.fullmatch(url):
        file = files[named[1]]
        return {
            "id": file["id"],
            "url": file["url"],
            "proxy_url": file["proxy_url"],
            "content_type": file["content_type"],
            "attachment_id": file["id"],
        }
    return {"id": "0", "url": url, "proxy_url": url}

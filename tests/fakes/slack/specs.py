"""Slack's published schemas and samples: blocks, views, events and the app manifest."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "specs" / "slack"
MISSING = "Slack's schemas (../shared/specs/slack) are not beside this checkout"
# Blocks that the schemas do not know yet, though Slack accepts them.
_NEWER_BLOCKS = frozenset({"call", "data_visualization"})
# Keys of messages on the wire that the sample of their own subtype leaves out.
_MESSAGE_EXTRAS = {
    "app_id": "",
    "user_team": "",
    "source_team": "",
    "team": "",
    "metadata": {},
    "hidden": True,
    "is_locked": True,
    "reply_users": [""],
    "reactions": [{"name": "", "users": [""], "count": 0}],
}
# Parts of a view that the blanked samples lost.
_VIEW_EXTRAS: dict[str, Any] = {"blocks": [], "state": {"values": {}}}
# Required by the published types, though the wire leaves them out: nobody invited, no client sent it, the
# sample has none.
_OPTIONAL_ON_WIRE = frozenset({"inviter", "client_msg_id", "is_frozen"})
_OPAQUE = frozenset(
    {"blocks", "attachments", "files", "file", "metadata", "values", "profile", "enterprise_user"}
)


def available() -> bool:
    """Whether the schemas are at hand; without them only sizes are checked."""
    return FOLDER.is_dir()


def _load(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@functools.cache
def _definitions(name: str) -> dict[str, Any]:
    definitions: dict[str, Any] = _load(f"blockkit-from-slack-types.{name}.schema.json")["definitions"]
    return definitions


@functools.cache
def _definition_names(schema: str) -> dict[tuple[str, str | None], str]:
    """(type, subtype) of a block or event → the name of its definition."""
    names: dict[tuple[str, str | None], str] = {}
    for name, definition in _definitions(schema).items():
        for variant in definition.get("anyOf", [definition]):
            properties = variant.get("properties", {})
            kind = properties.get("type", {}).get("const")
            if kind is not None and "type" in variant.get("required", []):
                names.setdefault((kind, properties.get("subtype", {}).get("const")), name)
    return names


@functools.cache
def _validator(schema: str, name: str) -> Draft7Validator:
    definitions = _definitions(schema)
    if schema in ("Modal", "Home") and name.endswith("View"):
        # Blocks are checked one by one, which names the culprit better than a union of twenty.
        view = definitions[name]
        view = {**view, "properties": {**view["properties"], "blocks": {"type": "array"}}}
        definitions = {**definitions, name: view}
    return Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})


def _pointer(prefix: str, error: ValidationError) -> str:
    return "/".join([prefix, *(str(step) for step in error.absolute_path)])


def _tell(error: ValidationError) -> str:
    if error.validator == "required":
        missing = error.message.split("'")[1]
        return f"missing required field: {missing}"
    if error.validator == "additionalProperties":
        return f"invalid additional property: {error.message.split(chr(39))[1]}"
    if error.validator in ("anyOf", "oneOf"):
        return "failed to match all allowed schemas"
    if error.validator == "type":
        return f"must provide a {error.validator_value}"
    return str(error.message)[:200]


def block_problems(block: dict[str, Any], pointer: str) -> list[str]:
    """Where a block's structure differs from Slack's, as Slack's own `[json-pointer:…]` messages."""
    if not available():
        return []
    kind = block.get("type")
    name = _definition_names("Blocks").get((str(kind), None))
    if name is None:
        return [] if kind in _NEWER_BLOCKS else [f"unsupported type: {kind} [json-pointer:{pointer}/type]"]
    error = best_match(_validator("Blocks", name).iter_errors(block))
    return [f"{_tell(error)} [json-pointer:{_pointer(pointer, error)}]"] if error else []


def view_problems(view: dict[str, Any]) -> list[str]:
    """The same for a view, its blocks apart."""
    if not available():
        return []
    schema = {"modal": "Modal", "home": "Home"}.get(str(view.get("type")))
    if schema is None:
        return [f"unsupported type: {view.get('type')} [json-pointer:/view/type]"]
    error = best_match(_validator(schema, f"{schema}View").iter_errors(view))
    return [f"{_tell(error)} [json-pointer:{_pointer('/view', error)}]"] if error else []


@functools.cache
def _samples() -> dict[str, dict[str, Any]]:
    """Sample per event type; those of messages merged, since their keys differ by subtype at random."""
    merged: dict[str, dict[str, Any]] = {}
    for path in sorted((FOLDER / "samples" / "events").glob("*.json")):
        payload = json.loads(path.read_text(encoding="utf-8"))
        kind = payload.get("event", {}).get("type")
        if kind:
            merged[kind] = _merge(merged.get(kind, {}), payload)
    message = merged["message"]["event"]
    message.update({k: v for k, v in _MESSAGE_EXTRAS.items() if k not in message})
    for part in ("message", "previous_message", "root"):
        message[part] = _merge(message.get(part, {}), {k: v for k, v in message.items() if k != part})
    merged["app_home_opened"]["event"]["view"] |= _VIEW_EXTRAS
    outer = {k: v for payload in merged.values() for k, v in payload.items() if k != "event"}
    return {kind: {**outer, "event": payload["event"]} for kind, payload in merged.items()}


def _merge(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    both = {**one, **two}
    for key in one.keys() & two.keys():
        if isinstance(one[key], dict) and isinstance(two[key], dict):
            both[key] = _merge(one[key], two[key])
    return both


def _unlike(value: Any, sample: Any, pointer: str) -> Iterator[str]:
    if value is None or sample is None or pointer.rsplit("/", 1)[-1] in _OPAQUE:
        return
    if isinstance(sample, dict):
        if not isinstance(value, dict):
            yield f"{pointer}: {type(value).__name__}, where the sample has an object"
            return
        for key, inner in value.items():
            if key in sample:
                yield from _unlike(inner, sample[key], f"{pointer}/{key}")
            elif sample:
                yield f"{pointer}/{key}: not in the sample"
    elif isinstance(sample, list):
        if not isinstance(value, list):
            yield f"{pointer}: {type(value).__name__}, where the sample has a list"
        elif sample:
            for at, inner in enumerate(value):
                yield from _unlike(inner, sample[0], f"{pointer}/{at}")
    elif isinstance(sample, bool) is not isinstance(value, bool) or (
        isinstance(sample, str) is not isinstance(value, str)
    ):
        yield f"{pointer}: {value!r}, where the sample has {type(sample).__name__}"


def event_problems(payload: dict[str, Any]) -> list[str]:
    """Where an Events API payload differs from Slack's sample and schema; none if Slack publishes neither."""
    if not available():
        return []
    event = payload["event"]
    names = _definition_names("Event")
    name = names.get((event["type"], event.get("subtype"))) or names.get((event["type"], None))
    sample = _samples().get(event["type"])
    problems: list[str] = []
    if sample:
        # What the published types know is fine, even where the sample leaves it out.
        typed = dict.fromkeys(_definitions("Event")[name].get("properties", {})) if name else {}
        problems += _unlike(payload, {**sample, "event": {**typed, **sample["event"]}}, "")
    if name is not None:
        # The types lag behind the wire: a key that a sample shows is fine, a missing or mistyped one is not.
        problems += [
            f"{_pointer('/event', error)}: {_tell(error)}"
            for error in _validator("Event", name).iter_errors(event)
            if error.validator in ("required", "type", "enum", "const") and not _tolerated(error)
        ]
    return problems


def _tolerated(error: ValidationError) -> bool:
    if error.validator == "required" and error.message.split("'")[1] in _OPTIONAL_ON_WIRE:
        return True
    return any(step in _OPAQUE for step in error.absolute_path)


def payload_problems(payload: dict[str, Any]) -> list[str]:
    """The same for interactive payloads and slash commands."""
    if not available():
        return []
    name = {
        "block_actions": "interactive-components/BlockActionPayload",
        "message_action": "interactive-components/MessageShortcutPayload",
        "view_submission": "views/ViewSubmissionPayload",
        "view_closed": "views/ViewClosedPayload",
        None: "slash-commands/SlashCommandPayload",
    }.get(payload.get("type"))
    if name is None:
        return []
    return list(_unlike(payload, _payload_sample(name), ""))


@functools.cache
def _payload_sample(name: str) -> Any:
    sample = _load(f"samples/app-backend/{name}.json")
    if name.startswith("slash-commands/"):
        sample["is_enterprise_install"] = ""  # a form has no booleans
    if name.startswith("views/"):
        sample |= {"response_urls": [], "api_app_id": ""}
        sample["view"] |= _VIEW_EXTRAS
    if name.endswith("BlockActionPayload"):
        action = sample["actions"][0]
        for key in ("options", "users", "channels", "conversations"):
            action[f"selected_{key}"] = []
        action |= {"selected_date_time": 0}
        action["selected_option"] |= {"description": action["selected_option"]["text"]}
        view = _load("samples/app-backend/views/ViewSubmissionPayload.json")["view"]
        sample["view"] = {**view, **_VIEW_EXTRAS}
        sample["message"] |= {"reply_users": [""]}
    if name.endswith("MessageShortcutPayload"):
        sample["user"] |= {"username": ""}
    return sample


@functools.cache
def _manifest_validator() -> Draft7Validator:
    registry: Registry[Any] = Registry()
    for path in (FOLDER / "manifest-schema").glob("manifest.schema.*.json"):
        address = f"https://raw.githubusercontent.com/slackapi/manifest-schema/v0.5.0/schemas/{path.name}"
        content = json.loads(path.read_text(encoding="utf-8"))
        registry = registry.with_resource(address, Resource(contents=content, specification=DRAFT7))
    return Draft7Validator(_load("manifest-schema/manifest.schema.json"), registry=registry)


def validate_manifest(manifest: dict[str, Any]) -> list[str]:
    """What Slack's official manifest schema finds wrong, as "path: message" lines; empty if it is valid.

    Raises LookupError where the schemas are absent.
    """
    if not available():
        raise LookupError(MISSING)
    problems: list[str] = []
    for error in _manifest_validator().iter_errors(manifest):
        leaves = [error]
        while any(leaf.context for leaf in leaves):
            leaves = [inner for leaf in leaves for inner in (leaf.context or [leaf])]
        relevant = [
            leaf
            for leaf in leaves
            if "_metadata" not in leaf.absolute_path and "_metadata" not in leaf.message
        ]
        problems += [f"{_pointer('', leaf)}: {leaf.message}" for leaf in relevant or leaves]
    return sorted(set(problems))

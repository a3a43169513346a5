"""Discord's own documents as judges: the OpenAPI document of requests, the schemas of dispatches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft7Validator, Draft202012Validator, ValidationError, validators  # type: ignore[import-untyped]

from .errors import FormErrors

Json = dict[str, Any]
SPECS = Path(__file__).resolve().parents[4] / "shared" / "specs" / "discord"
MISSING = "Discord's schemas (../shared/specs/discord) are not beside this checkout"
_SAMPLE = 3

_TOLERATED = {
    "MessageEditRequestPartial": {"tts": {"type": "boolean"}, "nonce": {}, "enforce_nonce": {}},
    "IncomingWebhookUpdateRequestPartial": {"tts": {"type": "boolean"}},
    "IncomingWebhookUpdateForInteractionCallbackRequestPartial": {"tts": {"type": "boolean"}},
    "BaseCreateMessageCreateRequest": {"tts": {"type": "boolean"}},
    "CreateForumThreadRequest": {"type": {"type": ["integer", "null"]}},
    "RichEmbed": {"flags": {"type": "integer"}},
    "MessageAttachmentRequest": {"spoiler": {"type": "boolean"}},
    "CreatedThreadResponse": {"message": {"$ref": "#/components/schemas/MessageResponse"}},
    "ApplicationCommandCreateRequest": {"nsfw": {"type": "boolean"}},
    "ApplicationCommandPatchRequestPartial": {"nsfw": {"type": "boolean"}},
    "ApplicationCommandUpdateRequest": {"nsfw": {"type": "boolean"}},
}
"""Keys that discord.py sends and Discord takes, passes over or answers, though the document lacks them."""

_TOLERATED_QUERY: dict[tuple[str, str], list[Json]] = {
    ("PUT", "/guilds/{guild_id}/bans/{user_id}"): [
        {"name": "delete_message_seconds", "in": "query", "schema": {"type": "integer"}}
    ],
    ("POST", "/channels/{channel_id}/threads"): [
        {"name": "use_nested_fields", "in": "query", "schema": {"type": "integer"}}
    ],
}
"""The same for parameters."""


def found() -> bool:
    """Whether the documents are there."""
    return SPECS.is_dir()


class Document:
    """A JSON document whose `$ref`s stay inside it, compiled to validators when first needed.

    A union of objects is decided by their `type` where that tells them apart: that is quicker, and the
    mistakes are then those of the one alternative that was meant.
    """

    def __init__(self, document: Json, dialect: Any) -> None:
        self._document = document
        self._targets: dict[str, Json] = {}
        self._unions: dict[int, dict[Any, list[Json]]] = {}
        self._constants: dict[int, frozenset[Any] | None] = {}
        self._validator = validators.extend(
            dialect, {"$ref": self._ref, "oneOf": self._union, "anyOf": self._union}
        )

    def target(self, ref: str) -> Json:
        """What a `#/…` reference points at."""
        if (known := self._targets.get(ref)) is not None:
            return known
        node: Any = self._document
        for part in ref.removeprefix("#/").split("/"):
            node = node[unquote(part).replace("~1", "/").replace("~0", "~")]
        self._targets[ref] = node
        return node  # type: ignore[no-any-return]

    def errors(self, schema: Json, instance: Any) -> Iterator[ValidationError]:
        """Everything in `instance` that `schema` refuses."""
        yield from self._validator(schema).iter_errors(instance)

    def _ref(self, validator: Any, ref: str, instance: Any, _: Json) -> Iterator[ValidationError]:
        yield from validator.descend(instance, self.target(ref))

    def _union(
        self, validator: Any, branches: list[Json], instance: Any, _: Json
    ) -> Iterator[ValidationError]:
        allowed = self._constant_values(branches)
        if allowed is not None:
            if not isinstance(instance, dict | list) and instance not in allowed:
                yield ValidationError(
                    f"{instance!r} is not one of {sorted(map(str, allowed))}", validator="enum"
                )
            return
        candidates = self._by_type(branches, instance)
        if len(candidates) == 1:
            yield from validator.descend(instance, candidates[0])
            return
        failures = []
        for branch in candidates:
            mistakes = list(validator.descend(instance, branch))
            if not mistakes:
                return
            failures.append(mistakes)
        if failures:
            yield from min(failures, key=lambda mistakes: (mistakes[0].validator == "type", len(mistakes)))
        else:
            yield ValidationError("is of no known type", validator="enum", path=["type"])

    def _constant_values(self, branches: list[Json]) -> frozenset[Any] | None:
        key = id(branches)
        if key not in self._constants:
            only = all("const" in branch for branch in branches)
            self._constants[key] = frozenset(branch["const"] for branch in branches) if only else None
        return self._constants[key]

    def _by_type(self, branches: list[Json], instance: Any) -> list[Json]:
        if instance is None:
            return [branch for branch in branches if _allows_null(branch)] or branches
        if not isinstance(instance, dict):
            return [branch for branch in branches if branch.get("type") != "null"]
        table = self._unions.get(id(branches))
        if table is None:
            table = {}
            for branch in branches:
                if branch.get("type") == "null":
                    continue
                for value in self._types_of(branch):
                    table.setdefault(value, []).append(branch)
            self._unions[id(branches)] = table
        return table.get(instance.get("type"), []) + table.get(None, [])

    def _types_of(self, branch: Json) -> list[Any]:
        while "$ref" in branch:
            branch = self.target(branch["$ref"])
        for key in ("anyOf", "oneOf"):
            if key in branch and "properties" not in branch:
                return [value for inner in branch[key] for value in self._types_of(inner)]
        tag = branch.get("properties", {}).get("type", {})
        if "const" in tag:
            return [tag["const"]]
        return list(tag.get("enum") or [None])


def _allows_null(branch: Json) -> bool:
    kind = branch.get("type")
    return kind == "null" or (isinstance(kind, list) and "null" in kind)


class OpenApi:
    """Judges requests. Unknown keys are mistakes here, though Discord only passes over them."""

    def __init__(self, document: Json) -> None:
        schemas = document["components"]["schemas"]
        for name, extra in _TOLERATED.items():
            schemas[name]["properties"].update(extra)
        _close(document)
        schemas["SnowflakeType"] = {
            "anyOf": [{"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}, {"type": "integer", "minimum": 0}]
        }
        self._paths: Json = document["paths"]
        self._document = Document(document, Draft202012Validator)
        self._queries: dict[tuple[str, str], dict[str, Json]] = {}

    def knows(self, method: str, path: str) -> bool:
        """Whether Discord has this endpoint."""
        return method.lower() in self._paths.get(path, {})

    def check_body(self, method: str, path: str, body: Any, errors: FormErrors) -> None:
        """Note every mistake in a request's JSON body."""
        request = self._paths[path][method.lower()].get("requestBody")
        if request is None:
            if body not in (None, {}):
                errors.add((), "BODY_NOT_ALLOWED", "This endpoint takes no body")
            return
        schema = request["content"]["application/json"]["schema"]
        for mistake in self._document.errors(schema, {} if body is None else body):
            _note(mistake, errors)

    def check_query(self, method: str, path: str, query: dict[str, str], errors: FormErrors) -> None:
        """Note every mistake in a request's query."""
        known = self._query_schemas(method, path)
        for name, text in query.items():
            if name not in known:
                errors.add((name,), "UNKNOWN_KEY", "There is no such parameter")
                continue
            for mistake in self._document.errors(known[name], _from_query(text, known[name])):
                _note(mistake, errors, (name,))

    def check_answer(self, method: str, path: str, status: int, answer: Any) -> None:
        """Raise unless the fake's own answer is one that the document describes."""
        responses = self._paths[path][method.lower()]["responses"]
        content = responses.get(str(status), {}).get("content")
        if str(status) not in responses:
            raise ValueError(f"{method} {path} never answers {status}")
        if content is None:
            if answer is not None:
                raise ValueError(f"{method} {path} answers {status} without a body")
            return
        if isinstance(answer, list):
            answer = answer[:_SAMPLE]
        for mistake in self._document.errors(content["application/json"]["schema"], answer):
            where = "/".join(str(part) for part in mistake.absolute_path)
            raise ValueError(f"{method} {path} would answer wrongly: {where}: {mistake.message[:300]}")

    def _query_schemas(self, method: str, path: str) -> dict[str, Json]:
        key = (method, path)
        if key not in self._queries:
            item = self._paths[path]
            parameters = [
                *_TOLERATED_QUERY.get((method, path), ()),
                *item.get("parameters", ()),
                *item[method.lower()].get("parameters", ()),
            ]
            self._queries[key] = {p["name"]: p["schema"] for p in parameters if p["in"] == "query"}
        return self._queries[key]


def _close(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            node.setdefault("additionalProperties", False)
        for value in node.values():
            _close(value)
    elif isinstance(node, list):
        for value in node:
            _close(value)


def _from_query(text: str, schema: Json) -> Any:
    kind = schema.get("type")
    if kind == "integer" and text.lstrip("-").isdigit():
        return int(text)
    if kind == "boolean" and text.lower() in ("true", "false", "1", "0"):
        return text.lower() in ("true", "1")
    return text


_CODES = {
    "maxLength": "BASE_TYPE_MAX_LENGTH",
    "minLength": "BASE_TYPE_MIN_LENGTH",
    "maxItems": "BASE_TYPE_BAD_LENGTH",
    "minItems": "BASE_TYPE_BAD_LENGTH",
    "maximum": "NUMBER_TYPE_MAX",
    "minimum": "NUMBER_TYPE_MIN",
    "enum": "BASE_TYPE_CHOICES",
    "const": "BASE_TYPE_CHOICES",
    "pattern": "STRING_TYPE_REGEX",
    "type": "BASE_TYPE_CONVERT",
    "uniqueItems": "SET_TYPE_ALREADY_CONTAINS_VALUE",
}


def _note(mistake: ValidationError, errors: FormErrors, root: tuple[str | int, ...] = ()) -> None:
    path = (*root, *mistake.absolute_path)
    if mistake.validator == "required":
        for key in mistake.validator_value:
            if key not in mistake.instance:
                errors.missing((*path, key))
    elif mistake.validator == "additionalProperties":
        for key in mistake.instance.keys() - mistake.schema["properties"].keys():
            errors.add((*path, key), "UNKNOWN_KEY", "Discord knows no such key here")
    elif mistake.validator == "maxLength":
        errors.too_long(path, mistake.validator_value)
    else:
        errors.add(path, _CODES.get(str(mistake.validator), "BASE_TYPE_INVALID"), mistake.message[:200])


class GatewaySchemas:
    """Judges what the fake itself sends.

    The document was generated from enumerations, so it knows flags only one by one, never none or several;
    and it lacks the ids of media, which the OpenAPI document wants.
    """

    def __init__(self, document: Json) -> None:
        for name in document["definitions"]:
            if name.endswith("Flags"):
                document["definitions"][name] = {"type": "integer", "minimum": 0}
        document["definitions"]["APIUnfurledMediaItem"]["properties"]["id"] = {"type": "string"}
        self._document = Document(document, Draft7Validator)
        self._events: dict[str, Json] = {}
        for definition in document["definitions"].values():
            properties = definition.get("properties", {})
            if "t" in properties and "d" in properties:
                tag = properties["t"]
                for name in [tag["const"]] if "const" in tag else tag.get("enum", ()):
                    self._events[name] = properties["d"]
        self._events["RESUMED"] = {"type": "object"}

    def check(self, event: str, data: Json) -> None:
        """Raise unless `data` is what Discord sends as `event`. Of long member lists a few are read."""
        if len(data.get("members") or ()) > _SAMPLE:
            data = data | {"members": data["members"][:_SAMPLE]}
        mistakes = list(self._document.errors(self._events[event], data))
        if mistakes:
            first = mistakes[0]
            where = "/".join(str(part) for part in first.absolute_path)
            raise ValueError(f"the fake would send an invalid {event}: {where}: {first.message[:300]}")


@cache
def _read(name: str) -> str:
    return (SPECS / name).read_text(encoding="utf-8")


@cache
def open_api() -> OpenApi:
    """The judge of requests, read once per process."""
    return OpenApi(json.loads(_read("openapi.json")))


@cache
def gateway() -> GatewaySchemas:
    """The judge of dispatches, read once per process."""
    return GatewaySchemas(json.loads(_read("gateway/discord-api-types.Dispatch.schema.json")))

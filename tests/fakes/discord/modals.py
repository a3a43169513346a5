"""Modals: the rules that the OpenAPI document leaves out, and the form as a person sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .components import Json, Path, check_options, check_select, check_unique, stored, walk
from .errors import FormErrors
from .reading import SELECTS

ROW, TEXT_INPUT, TEXT, LABEL = 1, 4, 10, 18
FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 19, 21, 22, 23
MAX_PARTS = 5


def check_modal(data: Json, errors: FormErrors) -> None:
    """Note every mistake in a modal."""
    path: Path = ("data", "components")
    components = data["components"]
    if len(components) > MAX_PARTS:
        errors.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_PARTS} in length.")
    if not data["title"].strip():
        errors.missing(("data", "title"))
    parts = list(walk(components, path))
    check_unique(parts, errors)
    for where, component in parts:
        _check_part(component, where, errors)


def _check_part(component: Json, path: Path, errors: FormErrors) -> None:
    kind = component["type"]
    if kind == ROW:
        items = component["components"]
        if len(items) != 1 or items[0]["type"] != TEXT_INPUT:
            message = "An action row in a modal holds one text input"
            errors.add((*path, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)
        elif not items[0].get("label"):
            errors.missing((*path, "components", 0, "label"))
    elif kind == LABEL:
        if not component["label"].strip():
            errors.missing((*path, "label"))
        if component["component"].get("label"):
            message = "The label stands around the text input, not in it"
            errors.add((*path, "component", "label"), "TEXT_INPUT_LABEL_IN_LABEL", message)
    elif kind == TEXT and not component["content"].strip():
        errors.missing((*path, "content"))
    elif kind == TEXT_INPUT:
        _check_text_input(component, path, errors)
    elif kind in SELECTS:
        check_select(component, path, errors)
        _check_required(component, path, errors)
    elif kind == RADIO:
        check_options(component["options"], (*path, "options"), 1, errors)
    elif kind == CHECKBOXES:
        options = component["options"]
        check_options(options, (*path, "options"), component.get("max_values") or len(options), errors)
        _check_bounds(component, path, len(options), errors)
        _check_required(component, path, errors)
    elif kind == FILE_UPLOAD:
        _check_bounds(component, path, 1, errors)
        _check_required(component, path, errors)


def _check_required(component: Json, path: Path, errors: FormErrors) -> None:
    if component.get("required", True) and component.get("min_values") == 0:
        message = "min_values must be at least 1 when the component is required"
        errors.add((*path, "min_values"), "COMPONENT_REQUIRED_WITHOUT_MIN_VALUES", message)


def _check_bounds(component: Json, path: Path, default_most: int, errors: FormErrors) -> None:
    most = component.get("max_values")
    if (component.get("min_values") or 0) > (default_most if most is None else most):
        message = "The minimum number of values must not exceed the maximum"
        errors.add((*path, "min_values"), "COMPONENT_MIN_VALUES_GREATER_THAN_MAX", message)
    if component["type"] == CHECKBOXES and (most or 0) > len(component["options"]):
        message = f"Must be {len(component['options'])} or fewer"
        errors.add((*path, "max_values"), "COMPONENT_MAX_VALUES_EXCEEDS_OPTIONS", message)


def _check_text_input(component: Json, path: Path, errors: FormErrors) -> None:
    low, high = component.get("min_length") or 0, component.get("max_length") or 4000
    if low > high:
        message = "The minimum length must not exceed the maximum"
        errors.add((*path, "min_length"), "TEXT_INPUT_MIN_LENGTH_GREATER_THAN_MAX", message)
    if len(component.get("value") or "") > high:
        errors.too_long((*path, "value"), high)


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a modal."""

    label: str
    description: str | None
    component: Json

    @property
    def custom_id(self) -> str:
        return str(self.component["custom_id"])

    @property
    def kind(self) -> int:
        return int(self.component["type"])

    @property
    def required(self) -> bool:
        return bool(self.component.get("required", True))


class Modal:
    """A form on someone's screen."""

    def __init__(self, data: Json, opened_by: Any) -> None:
        self.custom_id: str = data["custom_id"]
        self.title: str = data["title"]
        self.components: list[Json] = stored(data["components"], None)
        self.opened_by = opened_by
        self.submitted = False

    @property
    def fields(self) -> list[Field]:
        """The questions, in order."""
        found = []
        for part in self.components:
            if part["type"] == LABEL:
                found.append(Field(part["label"], part.get("description"), part["component"]))
            elif part["type"] == ROW:
                found += [Field(item["label"], None, item) for item in part["components"]]
        return found

    @property
    def labels(self) -> list[str]:
        """What the questions are called, in order."""
        return [field.label for field in self.fields]

    @property
    def text(self) -> str:
        """Everything there is to read: title, texts, labels and descriptions."""
        lines = [self.title]
        for part in self.components:
            if part["type"] == TEXT:
                lines.append(part["content"])
            elif part["type"] == LABEL:
                lines += [part["label"], *([part["description"]] if part.get("description") else [])]
        return "\n".join(lines)

    def field(self, name: str) -> Field:
        """The question with this label or custom id."""
        for field in self.fields:
            if name in (field.label, field.custom_id):
                return field
        raise LookupError(f"no field {name!r} in the modal {self.title!r}; there are {self.labels}")

    def __repr__(self) -> str:
        return f"<Modal {self.title!r} {self.labels}>"

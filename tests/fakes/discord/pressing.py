"""How a person's clicks, picks and forms reach the bot, with the checks of Discord's own client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .interactions import COMPONENT, MODAL_SUBMIT, Interaction
from .modals import CHECKBOX, CHECKBOXES, FILE_UPLOAD, LABEL, RADIO, ROW, TEXT, TEXT_INPUT, Field, Modal
from .model import Channel, Member, Message
from .options import ClientRefused, Resolved, option_value, select_values
from .permissions import P
from .reading import BUTTON, LINK_STYLE
from .scripting import interaction_by, need, send

Json = dict[str, Any]


def _touch(member: Member, message: Message) -> None:
    if message.deleted:
        raise ClientRefused(f"{message!r} is gone")
    if message.visible_to not in (None, member.id):
        raise ClientRefused(f"{member.name} can't see {message!r}")
    if message.visible_to is None:
        need(member, message.channel, P.VIEW_CHANNEL)


def _one(found: list[Json], wanted: str, message: Message) -> Json:
    if len(found) != 1:
        offered = [item.get("label") or item.get("placeholder") or item.get("custom_id") for item in found]
        raise ClientRefused(
            f"{wanted} fits {len(found)} components {offered} of {message!r} {message.labels}"
        )
    if found[0].get("disabled"):
        raise ClientRefused(f"{wanted} is disabled")
    return found[0]


def click(member: Member, message: Message, label: str | None, custom_id: str | None) -> Interaction:
    """Press a button."""
    _touch(member, message)
    found = [
        button
        for button in message.buttons
        if (label is None or label in (button.get("label"), button.get("emoji", {}).get("name")))
        and (custom_id is None or button.get("custom_id") == custom_id)
    ]
    button = _one(found, f"the button {label or custom_id or ''!r}", message)
    if button["style"] == LINK_STYLE:
        raise ClientRefused(f"{label!r} is a link")
    data = {"component_type": BUTTON, "custom_id": button["custom_id"]}
    return send(interaction_by(member, COMPONENT, message.channel, data, message))


def forge(member: Member, message: Message, custom_id: str) -> Interaction:
    """Press a button that the message does not have, as a tampered client tries to."""
    data = {"component_type": BUTTON, "custom_id": custom_id}
    return send(interaction_by(member, COMPONENT, message.channel, data, message))


def select(
    member: Member,
    message: Message,
    values: tuple[object, ...],
    placeholder: str | None,
    custom_id: str | None,
) -> Interaction:
    """Choose in a select menu."""
    _touch(member, message)
    found = [
        menu
        for menu in message.selects
        if (placeholder is None or menu.get("placeholder") == placeholder)
        and (custom_id is None or menu["custom_id"] == custom_id)
    ]
    chosen = _one(found, f"the menu {placeholder or custom_id or ''!r}", message)
    resolved = Resolved(member.guild.world, message.channel)
    data: Json = {
        "component_type": chosen["type"],
        "custom_id": chosen["custom_id"],
        "values": select_values(chosen, values, resolved),
    }
    if chosen["type"] != 3:
        data["resolved"] = resolved.json
    return send(interaction_by(member, COMPONENT, message.channel, data, message))


def submit(member: Member, modal: Modal, values: Mapping[str, object]) -> Interaction:
    """Send a form."""
    opened: Interaction = modal.opened_by
    if opened.user is not member.user:
        raise ClientRefused(f"{modal!r} is on {opened.user.name}'s screen")
    if modal.submitted:
        raise ClientRefused(f"{modal!r} was sent already")
    given = {modal.field(name).custom_id: value for name, value in values.items()}
    resolved = Resolved(member.guild.world, opened.channel)
    answers = {
        field.custom_id: _field_answer(field, given.get(field.custom_id), resolved) for field in modal.fields
    }
    data: Json = {"custom_id": modal.custom_id, "components": _submitted(modal, answers)}
    if resolved.json:
        data["resolved"] = resolved.json
    modal.submitted = True
    interaction = interaction_by(member, MODAL_SUBMIT, opened.channel, data, opened.message)
    interaction.triggered_by = opened
    return send(interaction)


def forge_form(member: Member, channel: Channel, custom_id: str, values: Mapping[str, str]) -> Interaction:
    """Send a form that was never opened, as a tampered client tries to."""
    inputs = [
        {"type": LABEL, "id": number, "component": {"type": TEXT_INPUT, "custom_id": name, "value": text}}
        for number, (name, text) in enumerate(values.items(), 1)
    ]
    data: Json = {"custom_id": custom_id, "components": inputs}
    return send(interaction_by(member, MODAL_SUBMIT, channel, data))


def _submitted(modal: Modal, answers: dict[str, Json]) -> list[Json]:
    parts = []
    for part in modal.components:
        if part["type"] == LABEL:
            answer = answers[part["component"]["custom_id"]]
            parts.append({"type": LABEL, "id": part["id"], "component": answer})
        elif part["type"] == ROW:
            inputs = [answers[item["custom_id"]] for item in part["components"]]
            parts.append({"type": ROW, "id": part["id"], "components": inputs})
        elif part["type"] == TEXT:
            parts.append({"type": TEXT, "id": part["id"]})
    return parts


def _field_answer(field: Field, given: object, resolved: Resolved) -> Json:
    try:
        return _filled_in(field, given, resolved)
    except ClientRefused as refused:
        raise ClientRefused(f"{field.label!r}: {refused}") from None


def _filled_in(field: Field, given: object, resolved: Resolved) -> Json:
    component = field.component
    answer: Json = {"type": field.kind, "custom_id": field.custom_id, "id": component["id"]}
    if field.kind == TEXT_INPUT:
        answer["value"] = _typed(field, component.get("value") or "" if given is None else given)
    elif field.kind == CHECKBOX:
        answer["value"] = bool(component.get("default") if given is None else given)
    elif field.kind == RADIO:
        answer["value"] = _radio(field, given)
    else:
        answer["values"] = _several(field, given, resolved)
    return answer


def _typed(field: Field, value: object) -> str:
    if not isinstance(value, str):
        raise ClientRefused(f"wants text, not {value!r}")
    low = field.component.get("min_length") or 0
    high = field.component.get("max_length") or 4000
    if not value and not field.required:
        return value
    if not value or not low <= len(value) <= high:
        raise ClientRefused(f"wants {max(low, 1)} to {high} characters, not {len(value)}")
    return value


def _presets(field: Field) -> list[object]:
    if "options" in field.component:
        return [option["value"] for option in field.component["options"] if option.get("default")]
    world_ids = field.component.get("default_values") or []
    return [int(item["id"]) for item in world_ids]


def _radio(field: Field, given: object) -> str | None:
    chosen = next(iter(_presets(field)), None) if given is None else given
    if chosen is None:
        if field.required:
            raise ClientRefused("wants a choice")
        return None
    return option_value(field.component["options"], chosen)


def _several(field: Field, given: object, resolved: Resolved) -> list[str]:
    picked = _presets(field) if given is None else given
    things = list(picked) if isinstance(picked, list | tuple | set) else [picked]
    if not things and not field.required:
        return []
    if field.kind in (CHECKBOXES, FILE_UPLOAD):
        most = field.component.get("max_values") or len(field.component.get("options") or [1])
        bounded = {**field.component, "max_values": most}
        return select_values(bounded, tuple(things), resolved)
    return select_values(field.component, tuple(_looked_up(things, resolved)), resolved)


def _looked_up(things: list[object], resolved: Resolved) -> list[object]:
    return [resolved.by_id(thing) if isinstance(thing, int) else thing for thing in things]

"""How a person's acts become messages and interactions, with the checks of Discord's own client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .commands import MESSAGE_MENU, SLASH, USER_MENU, Command
from .drafting import Draft, Upload
from .interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction
from .mentions import notified
from .modals import CHECKBOX, CHECKBOXES, FILE_UPLOAD, LABEL, RADIO, ROW, TEXT, TEXT_INPUT, Field, Modal
from .model import DM, TEXTUAL, Attachment, Channel, Member, Message, User
from .options import ClientRefused, Resolved, command_options, option_value, select_values
from .permissions import IN_DM, P
from .reading import BUTTON, LINK_STYLE
from .wire import message as message_json

Json = dict[str, Any]
PRIVATE_THREAD, PUBLIC_THREAD = 12, 11


def permissions_in(member: Member, channel: Channel) -> int:
    """What a member may do in a channel of the guild or in the direct messages."""
    return IN_DM if channel.kind == DM else member.permissions(channel)


def _need(member: Member, channel: Channel, wanted: P) -> None:
    if not member.present and channel.kind != DM:
        raise ClientRefused(f"{member.name} is not in {member.guild.name}")
    missing = int(wanted) & ~permissions_in(member, channel)
    if missing:
        raise ClientRefused(f"{member.name} lacks {P(missing)!r} in {channel!r}")


def say(
    member: Member,
    channel: Channel,
    text: str,
    reply_to: Message | None,
    files: tuple[Upload, ...],
    ping: bool,
) -> Message:
    """Write a message."""
    world = member.guild.world
    _need(
        member, channel, P.VIEW_CHANNEL | (P.SEND_MESSAGES_IN_THREADS if channel.thread else P.SEND_MESSAGES)
    )
    bits = permissions_in(member, channel)
    allowed = {"parse": ["everyone", "roles", "users"], "replied_user": ping}
    mentions = notified(text, allowed, channel, bits, world, reply_to=reply_to)
    attachments = [
        Attachment(world.snowflakes.next(), file.filename, file.data, file.content_type) for file in files
    ]
    draft = Draft(content=text, attachments=attachments, mentions=mentions)
    draft.reply_to = reply_to.id if reply_to else None
    return world.posts.add(channel, member.user, draft)


def edit(member: Member, message: Message, text: str) -> None:
    """Change one's own message."""
    if message.author is not member.user:
        raise ClientRefused(f"{member.name} did not write {message!r}")
    message.content = text
    member.world.posts.edited(message)


def start_thread(member: Member, place: Channel | Message, name: str) -> Channel:
    """Start a thread in a channel or on a message."""
    world = member.guild.world
    if isinstance(place, Message):
        return world.posts.start_thread(place.channel, name, member.user, message=place)
    return world.posts.start_thread(place, name, member.user, kind=PUBLIC_THREAD)


# Commands.


async def _find(member: Member, name: str, kind: int, channel: Channel, within: float) -> Command:
    world = member.guild.world
    guild = channel.guild
    command = await world.until(
        lambda: world.commands.named(name, kind, guild), within, f"the command {name!r} to be registered"
    )
    if command is None:
        raise LookupError(name)
    _check_access(member, command, channel)
    return command


def _check_access(member: Member, command: Command, channel: Channel) -> None:
    contexts = command.body.get("contexts")
    here = 0 if channel.guild else 1
    in_dm = command.body.get("dm_permission") is not False and command.guild_id is None
    if (contexts is not None and here not in contexts) or (contexts is None and here == 1 and not in_dm):
        raise ClientRefused(f"/{command.name} is not offered here")
    if channel.guild is None:
        return
    _need(member, channel, P.VIEW_CHANNEL | P.USE_APPLICATION_COMMANDS)
    access = channel.guild.command_access
    for who in (member.id, *member.roles, channel.guild.id):
        if (allowed := access.get((command.name, who))) is not None:
            if allowed:
                return
            raise ClientRefused(f"an admin took /{command.name} away from {member.name}")
    default = command.body.get("default_member_permissions")
    bits = member.permissions(channel)
    if default is None or bits & P.ADMINISTRATOR:
        return
    if not int(default) or int(default) & ~bits:
        raise ClientRefused(f"{member.name} is not shown /{command.name}")


def _place(member: Member, channel: Channel | None) -> Channel:
    if channel is not None:
        return channel
    for candidate in member.guild.channels.values():
        if candidate.kind in TEXTUAL and member.permissions(candidate) & P.VIEW_CHANNEL:
            return candidate
    raise ClientRefused(f"{member.guild.name} has no text channel for {member.name}")


def _send(interaction: Interaction) -> Interaction:
    world = interaction._world
    world.interactions[interaction.token] = interaction
    world.gateway.dispatch("INTERACTION_CREATE", interaction.payload(), interaction.channel.guild)
    world.changed()
    return interaction


def _interaction(
    member: Member,
    kind: int,
    channel: Channel,
    data: Json,
    message: Message | None = None,
    locale: str = "en-US",
) -> Interaction:
    inside = member if channel.guild is not None else None
    return Interaction(
        member.guild.world, kind, member.user, inside, channel, data, message=message, locale=locale
    )


def _command_data(command: Command, path: list[str], options: list[Json], resolved: Resolved) -> Json:
    for depth, name in reversed(list(enumerate(path))):
        group = depth == 0 and len(path) == 2
        options = [{"name": name, "type": 2 if group else 1, "options": options}]
    data: Json = {"id": str(command.id), "name": command.name, "type": command.kind}
    if options:
        data["options"] = options
    if resolved.json:
        data["resolved"] = resolved.json
    if command.guild_id is not None:
        data["guild_id"] = str(command.guild_id)
    return data


async def slash(
    member: Member,
    words: str,
    given: Mapping[str, object],
    channel: Channel | None,
    locale: str,
    within: float,
) -> Interaction:
    """Send a slash command."""
    name, *path = words.removeprefix("/").split()
    place = _place(member, channel)
    command = await _find(member, name, SLASH, place, within)
    declared = _declared(command, path)
    resolved = Resolved(member.guild.world, place)
    options = command_options(declared, given, resolved)
    data = _command_data(command, path, options, resolved)
    return _send(_interaction(member, COMMAND, place, data, locale=locale))


def _declared(command: Command, path: list[str]) -> list[Json]:
    try:
        declared, _ = command.find(path)
    except LookupError as missing:
        raise ClientRefused(str(missing)) from None
    if any(option["type"] in (1, 2) for option in declared):
        raise ClientRefused(f"/{command.name} wants one of {[option['name'] for option in declared]}")
    return declared


async def complete(
    member: Member,
    words: str,
    option: str,
    typed: str | float,
    others: Mapping[str, object],
    channel: Channel | None,
    within: float,
) -> Interaction:
    """Type in an option with autocomplete."""
    name, *path = words.removeprefix("/").split()
    place = _place(member, channel)
    command = await _find(member, name, SLASH, place, within)
    declared = _declared(command, path)
    if not any(item["name"] == option and item.get("autocomplete") for item in declared):
        raise ClientRefused(f"/{words} does not complete {option!r}")
    resolved = Resolved(member.guild.world, place)
    options = command_options(declared, {**others, option: str(typed)}, resolved, focused=option)
    data = _command_data(command, path, options, resolved)
    return _send(_interaction(member, AUTOCOMPLETE, place, data))


async def menu(
    member: Member, name: str, on: Message | Member | User, channel: Channel | None, within: float
) -> Interaction:
    """Choose an app command from the menu of a message or person."""
    place = on.channel if isinstance(on, Message) else _place(member, channel)
    kind = MESSAGE_MENU if isinstance(on, Message) else USER_MENU
    command = await _find(member, name, kind, place, within)
    resolved = Resolved(member.guild.world, place)
    data = _command_data(command, [], [], resolved)
    data["target_id"] = str(on.id)
    if isinstance(on, Message):
        data["resolved"] = {"messages": {str(on.id): message_json(on, member.guild.world)}}
    else:
        resolved.add(on)
        data["resolved"] = resolved.json
    return _send(_interaction(member, COMMAND, place, data))


# Components and forms.


def _touch(member: Member, message: Message) -> None:
    if message.deleted:
        raise ClientRefused(f"{message!r} is gone")
    if message.visible_to not in (None, member.id):
        raise ClientRefused(f"{member.name} can't see {message!r}")
    if message.visible_to is None:
        _need(member, message.channel, P.VIEW_CHANNEL)


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
    return _send(_interaction(member, COMPONENT, message.channel, data, message))


def forge(member: Member, message: Message, custom_id: str) -> Interaction:
    """Press a button that the message does not have, as a tampered client tries to."""
    data = {"component_type": BUTTON, "custom_id": custom_id}
    return _send(_interaction(member, COMPONENT, message.channel, data, message))


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
    return _send(_interaction(member, COMPONENT, message.channel, data, message))


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
    interaction = _interaction(member, MODAL_SUBMIT, opened.channel, data, opened.message)
    interaction.triggered_by = opened
    return _send(interaction)


def _submitted(modal: Modal, answers: dict[str, Json]) -> list[Json]:
    parts = []
    for part in modal.components:
        if part["type"] == LABEL:
            inner = answers[part["component"]["custom_id"]]
            parts.append({"type": LABEL, "id": part["id"], "component": inner})
        elif part["type"] == ROW:
            inner = [answers[item["custom_id"]] for item in part["components"]]
            parts.append({"type": ROW, "id": part["id"], "components": inner})
        elif part["type"] == TEXT:
            parts.append({"type": TEXT, "id": part["id"]})
    return parts


def _field_answer(field: Field, given: object, resolved: Resolved) -> Json:
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
        raise ClientRefused(f"{field.label!r} wants text, not {value!r}")
    low = field.component.get("min_length") or 0
    high = field.component.get("max_length") or 4000
    if not value and not field.required:
        return value
    if not value or not low <= len(value) <= high:
        raise ClientRefused(f"{field.label!r} wants {max(low, 1)} to {high} characters, not {len(value)}")
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
            raise ClientRefused(f"{field.label!r} wants a choice")
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

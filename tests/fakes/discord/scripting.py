"""How a person's words and commands reach the bot, with the checks of Discord's own client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .commands import MESSAGE_MENU, SLASH, USER_MENU, Command
from .drafting import Draft, Upload
from .interactions import AUTOCOMPLETE, COMMAND, Interaction
from .mentions import notified
from .model import DM, TEXTUAL, Attachment, Channel, Member, Message, User
from .options import ClientRefused, Resolved, command_options
from .permissions import IN_DM, P, names
from .wire import message as message_json

Json = dict[str, Any]
PRIVATE_THREAD, PUBLIC_THREAD = 12, 11


def permissions_in(member: Member, channel: Channel) -> int:
    """What a member may do in a channel of the guild or in the direct messages."""
    return IN_DM if channel.kind == DM else member.permissions(channel)


def need(member: Member, channel: Channel, wanted: int) -> None:
    """Raise ClientRefused unless the member is here and has these permissions."""
    if not member.present and channel.kind != DM:
        raise ClientRefused(f"{member.name} is not in {member.guild.name}")
    missing = wanted & ~permissions_in(member, channel)
    if missing:
        raise ClientRefused(f"{member.name} lacks {names(missing)} in {channel!r}")


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
    need(
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
    need(member, channel, P.VIEW_CHANNEL | P.USE_APPLICATION_COMMANDS)
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


def send(interaction: Interaction) -> Interaction:
    """Tell the bot of an interaction."""
    world = interaction._world
    world.interactions[interaction.token] = interaction
    world.gateway.dispatch("INTERACTION_CREATE", interaction.payload(), interaction.channel.guild)
    world.changed()
    return interaction


def interaction_by(
    member: Member,
    kind: int,
    channel: Channel,
    data: Json,
    message: Message | None = None,
    locale: str = "en-US",
) -> Interaction:
    """An interaction that the bot has not heard of yet."""
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
    return send(interaction_by(member, COMMAND, place, data, locale=locale))


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
    return send(interaction_by(member, AUTOCOMPLETE, place, data))


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
    return send(interaction_by(member, COMMAND, place, data))

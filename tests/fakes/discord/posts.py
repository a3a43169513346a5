"""Messages, reactions, pins and threads: each change is dispatched to the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import wire
from .model import PUBLIC_THREAD, SUPPRESS_NOTIFICATIONS, Channel, Message, User
from .permissions import P

if TYPE_CHECKING:
    from .drafting import Draft
    from .interactions import Interaction
    from .world import World

Json = dict[str, Any]
REPLY = 19


def _notify(message: Message) -> None:
    if message.flags & SUPPRESS_NOTIFICATIONS:
        return
    message.pinged.update(account.id for account in message.mentioned)
    message.pinged.update(message.mentioned_roles)
    if message.mentions_everyone:
        message.pinged.add("everyone")


class Posts:
    """What is said in a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.private: dict[int, Message] = {}

    def add(
        self,
        channel: Channel,
        author: User,
        draft: Draft,
        *,
        kind: int = 0,
        nonce: str | int | None = None,
        interaction: Interaction | None = None,
        visible_to: int | None = None,
    ) -> Message:
        """Put a message into a channel; one `visible_to` a single person is kept apart."""
        mentions = draft.mentions
        message = Message(
            self._world.snowflakes.next(),
            channel,
            author,
            draft.content,
            draft.embeds,
            draft.components,
            draft.attachments,
            draft.flags,
            REPLY if draft.reply_to and not kind else kind,
            mentions.users,
            mentions.roles,
            mentions.everyone,
            draft.reply_to,
            nonce=nonce,
            interaction=interaction,
            visible_to=visible_to,
        )
        _notify(message)
        if visible_to is not None:
            self.private[message.id] = message
        else:
            channel.by_id[message.id] = message
            if channel.archived:
                channel.archived = False
                self._world.channel_updated(channel)
            self._dispatch_message("MESSAGE_CREATE", message)
        self._world.changed()
        return message

    def edit(self, message: Message, draft: Draft, *, first: bool = False) -> None:
        """Change the parts of a message that `draft` names; `first` where it stood for "is thinking"."""
        for part in ("content", "embeds", "components"):
            if part in draft.given:
                setattr(message, part, getattr(draft, part))
        message.attachments = draft.attachments
        message.flags = draft.flags
        if draft.given & {"content", "components"}:
            message.mentioned = draft.mentions.users
            message.mentioned_roles = draft.mentions.roles
            message.mentions_everyone = draft.mentions.everyone
        if first:
            _notify(message)
        self.edited(message)

    def edited(self, message: Message) -> None:
        """Note an edit and tell the bot."""
        message.edited_ms = self._world.clock.now_ms()
        message.edits += 1
        if message.visible_to is None:
            self._dispatch_message("MESSAGE_UPDATE", message)
        self._world.changed()

    def delete(self, message: Message) -> None:
        """Remove a message."""
        message.deleted = True
        if message.visible_to is not None:
            self.private.pop(message.id, None)
        else:
            channel = message.channel
            channel.by_id.pop(message.id, None)
            body = {"id": str(message.id), "channel_id": str(channel.id)}
            self._dispatch_in(channel, "MESSAGE_DELETE", body)
        self._world.changed()

    def bulk_delete(self, channel: Channel, messages: list[Message]) -> None:
        """Remove several messages with one event."""
        for message in messages:
            message.deleted = True
            channel.by_id.pop(message.id, None)
        body = {"ids": [str(message.id) for message in messages], "channel_id": str(channel.id)}
        self._dispatch_in(channel, "MESSAGE_DELETE_BULK", body)
        self._world.changed()

    def _heard(self, channel: Channel) -> bool:
        return bool(self._world.bot_permissions(channel) & P.VIEW_CHANNEL)

    def _dispatch_message(self, event: str, message: Message) -> None:
        if self._heard(message.channel):
            self._world.gateway.dispatch_message(event, message)

    def _dispatch_in(self, channel: Channel, event: str, body: Json) -> None:
        if not self._heard(channel):
            return
        if channel.guild is not None:
            body["guild_id"] = str(channel.guild.id)
        self._world.gateway.dispatch(event, body, channel.guild)

    def pin(self, message: Message, pinned: bool) -> None:
        """Pin or unpin a message."""
        message.pinned = pinned
        self._dispatch_in(message.channel, "CHANNEL_PINS_UPDATE", {"channel_id": str(message.channel.id)})
        self._world.changed()

    def react(self, message: Message, user: User, key: str) -> None:
        """Add a reaction; a second time changes nothing."""
        users = message.reactions.setdefault(key, set())
        if user.id in users:
            return
        users.add(user.id)
        body = self._reaction_body(message, user, key)
        guild = message.channel.guild
        if guild is not None and (member := guild.members.get(user.id)):
            body["member"] = wire.member(member)
        body["message_author_id"] = str(message.author.id)
        self._dispatch_in(message.channel, "MESSAGE_REACTION_ADD", body)
        self._world.changed()

    def unreact(self, message: Message, user: User, key: str) -> None:
        """Take a reaction back; nothing happens where there is none."""
        users = message.reactions.get(key)
        if not users or user.id not in users:
            return
        users.discard(user.id)
        if not users:
            del message.reactions[key]
        body = self._reaction_body(message, user, key)
        self._dispatch_in(message.channel, "MESSAGE_REACTION_REMOVE", body)
        self._world.changed()

    def clear_reactions(self, message: Message, key: str | None = None) -> None:
        """Remove all reactions, or all with one emoji."""
        body: Json = {"channel_id": str(message.channel.id), "message_id": str(message.id)}
        if key is None:
            message.reactions.clear()
            self._dispatch_in(message.channel, "MESSAGE_REACTION_REMOVE_ALL", body)
        else:
            message.reactions.pop(key, None)
            body["emoji"] = wire.emoji(key)
            self._dispatch_in(message.channel, "MESSAGE_REACTION_REMOVE_EMOJI", body)
        self._world.changed()

    def _reaction_body(self, message: Message, user: User, key: str) -> Json:
        return {
            "user_id": str(user.id),
            "channel_id": str(message.channel.id),
            "message_id": str(message.id),
            "emoji": wire.emoji(key),
            "burst": False,
            "type": 0,
        }

    def start_thread(
        self,
        parent: Channel,
        name: str,
        creator: User,
        *,
        kind: int = PUBLIC_THREAD,
        message: Message | None = None,
        auto_archive_minutes: int = 1440,
    ) -> Channel:
        """A thread under `parent`; one on a message has the message's id."""
        thread = Channel(
            self._world,
            message.id if message else self._world.snowflakes.next(),
            kind,
            name,
            parent.guild,
            parent,
            owner_id=creator.id,
            auto_archive_minutes=auto_archive_minutes,
        )
        if message is not None:
            message.thread = thread
        thread.thread_members[creator.id] = self._world.clock.now_ms()
        self._world.channels[thread.id] = thread
        if parent.guild is not None:
            parent.guild.threads[thread.id] = thread
        body = wire.channel(thread) | {"newly_created": True}
        if self._world.bot.id in thread.thread_members:
            body["member"] = wire.thread_member(thread, self._world.bot.id)
        self._world.gateway.dispatch("THREAD_CREATE", body, parent.guild)
        self._world.changed()
        return thread

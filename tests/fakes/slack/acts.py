"""What can happen in a workspace, whoever does it: state changes, then the events that tell of them."""

from typing import TYPE_CHECKING, Any

from .state import Channel, Message

if TYPE_CHECKING:
    from .people import Person
    from .server import FakeSlack
    from .workspace import Workspace


class Acts:
    """State changes with their events; rights are checked by whoever calls."""

    def __init__(self, slack: "FakeSlack") -> None:
        self._slack = slack

    # -- messages ------------------------------------------------------------------------------------------

    def post(
        self,
        channel: Channel,
        author: "Person",
        text: str,
        blocks: list[dict[str, Any]] | None = None,
        **more: Any,
    ) -> Message:
        """Put a message into a conversation; `more` are fields of Message."""
        slack = self._slack
        ts = slack.new_ts()
        visible_at = slack.clock.now() + slack.history_lag
        message = Message(ts, channel, author, text, list(blocks or []), visible_at=visible_at, **more)
        message.notify()
        channel.keep(message)
        slack.changes.touch()
        slack.events.message(message)
        self._tell_files(message)
        return message

    def whisper(
        self,
        channel: Channel,
        author: "Person",
        person: "Person",
        text: str,
        blocks: list[dict[str, Any]],
        **more: Any,
    ) -> Message:
        """Show a message to one person only; it is in no history and makes no event."""
        message = Message(
            self._slack.new_ts(), channel, author, text, blocks, only_for=person, by_app=True, **more
        )
        message.notify()
        channel.ephemerals.append(message)
        self._slack.changes.touch()
        return message

    def edit(
        self, message: Message, editor: "Person", text: str, blocks: list[dict[str, Any]], **more: Any
    ) -> None:
        before = message.as_json()
        message.versions.append((message.text, message.blocks))
        message.text, message.blocks = text, blocks
        for name, value in more.items():
            setattr(message, name, value)
        if not message.ephemeral:
            message.edited = {"user": editor.id, "ts": self._slack.new_ts()}
        message.notify()
        self._slack.changes.touch()
        if not message.ephemeral:
            self._slack.events.changed(message, before)

    def delete(self, message: Message) -> None:
        if message.deleted:
            return
        before = message.as_json()
        message.deleted = True
        parent = message.channel.messages.get(message.thread_ts or "")
        if parent is not None and message in parent.replies:
            parent.replies.remove(message)
        self._slack.changes.touch()
        if message.replies:
            self._slack.events.changed(message, before)  # a thread keeps its root as a tombstone
        elif not message.ephemeral:
            self._slack.events.deleted(message)

    def react(self, message: Message, person: "Person", name: str) -> bool:
        """Add a reaction; False if it is already there."""
        users = message.reactions.setdefault(name, [])
        if person.id in users:
            return False
        users.append(person.id)
        self._tell_reaction("reaction_added", message, person, name)
        return True

    def unreact(self, message: Message, person: "Person", name: str) -> bool:
        users = message.reactions.get(name, [])
        if person.id not in users:
            return False
        users.remove(person.id)
        if not users:
            del message.reactions[name]
        self._tell_reaction("reaction_removed", message, person, name)
        return True

    def _tell_reaction(self, kind: str, message: Message, person: "Person", name: str) -> None:
        self._slack.changes.touch()
        self._slack.events.in_channel(
            message.channel,
            {
                "type": kind,
                "user": person.id,
                "reaction": name,
                "item": {"type": "message", "channel": message.channel.id, "ts": message.ts},
                "item_user": message.author.id,
            },
        )

    def _tell_files(self, message: Message) -> None:
        for file in message.files:
            file.complete = True
            file.channels.append(message.channel.id)
            self._slack.events.in_channel(
                message.channel,
                {
                    "type": "file_shared",
                    "channel_id": message.channel.id,
                    "file_id": file.id,
                    "user_id": message.author.id,
                    "file": {"id": file.id},
                },
            )

    # -- membership ----------------------------------------------------------------------------------------

    def enter(
        self, channel: Channel, person: "Person", inviter: "Person | None" = None, *, quiet: bool = False
    ) -> None:
        """Make someone a member of a conversation, with join message and event unless `quiet`."""
        if channel.holds(person):
            return
        channel.members[person.id] = person
        self._slack.changes.touch()
        if quiet or channel.kind in ("im", "mpim"):
            return
        event = {
            "type": "member_joined_channel",
            "user": person.id,
            "channel": channel.id,
            "channel_type": "C" if channel.kind == "channel" else "G",
            "team": person.workspace.id,
        }
        if inviter is not None:
            event["inviter"] = inviter.id
        self._slack.events.in_channel(channel, event)
        text = f"<@{person.id}> has joined the channel"
        self.post(channel, person, text, subtype="channel_join", inviter=inviter.id if inviter else None)

    def exit(self, channel: Channel, person: "Person", by: "Person | None" = None) -> None:
        """End a membership, on one's own or by someone else."""
        if channel.members.pop(person.id, None) is None:
            return
        self._slack.changes.touch()
        event = {
            "type": "member_left_channel",
            "user": person.id,
            "channel": channel.id,
            "channel_type": "C" if channel.kind == "channel" else "G",
            "team": person.workspace.id,
        }
        self._slack.events.in_channel(channel, event)
        install = self._slack.app.installations.get(channel.workspace.id)
        if install is not None and person is install.bot and channel.kind == "channel":
            left = {"type": "channel_left", "channel": channel.id, "actor_id": (by or person).id}
            self._slack.events.in_channel(channel, left)

    def open_im(self, workspace: "Workspace", one: "Person", two: "Person") -> Channel:
        """The direct conversation of two, made if need be."""
        return self.open_group_im(workspace, [one, two])

    def open_group_im(self, workspace: "Workspace", people: list["Person"]) -> Channel:
        wanted = {person.id for person in people}
        kind = "im" if len(wanted) <= 2 else "mpim"
        key = frozenset(wanted)
        if key not in workspace.direct:
            channel = Channel(
                self._slack.new_id("D" if kind == "im" else "G"),
                workspace,
                "" if kind == "im" else "mpdm-" + "--".join(person.name for person in people) + "-1",
                kind,
                int(self._slack.clock.now()),
            )
            channel.members = {person.id: person for person in people}
            self._slack.channels[channel.id] = channel
            workspace.direct[key] = channel
        return workspace.direct[key]

    # -- the app comes and goes ----------------------------------------------------------------------------

    def revoke(self, workspace: "Workspace", *, bot: bool = True) -> None:
        """Revoke tokens and tell so, as when an admin does it."""
        install = self._slack.app.installations[workspace.id]
        kinds = ("bot", "user") if bot else ("user",)
        gone = [token for token in install.tokens if token.kind in kinds and token.dead is None]
        for token in gone:
            token.dead = "token_revoked"
        install.refresh_tokens.clear()
        tokens = {
            "oauth": [token.user.id for token in gone if token.kind == "user" and token.user],
            "bot": [install.bot.id] if any(token.kind == "bot" for token in gone) else [],
        }
        self._slack.changes.touch()
        self._slack.events.about_app(install, {"type": "tokens_revoked", "tokens": tokens})

    def uninstall(
        self, workspace: "Workspace", order: tuple[str, ...] = ("tokens_revoked", "app_uninstalled")
    ) -> None:
        """Remove the app from a workspace; Slack promises no order of the two events."""
        install = self._slack.app.installations[workspace.id]
        for token in install.tokens:
            token.dead = "account_inactive"
        install.active = False
        install.refresh_tokens.clear()
        for channel in self._slack.channels.values():
            channel.members.pop(install.bot.id, None)
        install.bot.deleted = True
        self._slack.changes.touch()
        events: dict[str, dict[str, Any]] = {
            "tokens_revoked": {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [install.bot.id]}},
            "app_uninstalled": {"type": "app_uninstalled"},
        }
        for kind in order:
            self._slack.events.about_app(install, events[kind])

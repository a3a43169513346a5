"""What a person can do in Discord: talk, react, use commands, press buttons, fill in forms, leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import pressing, scripting
from .model import GUEST, Channel, Member, Message, Role, User

if TYPE_CHECKING:
    from .drafting import Upload
    from .interactions import Interaction
    from .modals import Modal


class Person(Member):
    """A member with a will. Methods that reach the bot return what came of it or raise ClientRefused."""

    __slots__ = ()

    # Being here.

    def leave(self) -> None:
        """Leave the server."""
        self.world.leave(self)

    def rejoin(self, *, pending: bool = False) -> None:
        """Come back after leaving."""
        self.world.join(self.guild, self, pending=pending)

    def join_event_again(self, after_ms: int = 400) -> None:
        """Discord repeats GUILD_MEMBER_ADD, with a `joined_at` a little later."""
        self.joined_ms += after_ms
        self.world.announce_join(self)

    def pass_screening(self) -> None:
        """Accept the server's rules."""
        self.pending = False
        self.world.member_updated(self)

    def become_member(self) -> None:
        """A guest of a voice channel is taken in."""
        self.flags &= ~GUEST
        self.joined_ms = self.world.clock.now_ms()
        self.world.member_updated(self)

    def rename(self, nick: str | None) -> None:
        """Take another name in this server."""
        self.nick = nick
        self.world.member_updated(self)

    def give(self, *roles: Role) -> None:
        """An admin gives this person roles."""
        self.roles.update(role.id for role in roles)
        self.world.member_updated(self)

    def take(self, *roles: Role) -> None:
        """An admin takes roles from this person."""
        self.roles.difference_update(role.id for role in roles)
        self.world.member_updated(self)

    def kick(self) -> None:
        """An admin removes this person."""
        self.world.leave(self)

    def ban(self, reason: str | None = None) -> None:
        """An admin bans this person."""
        self.world.ban(self.guild, self.user, reason)

    # Talking.

    @property
    def dm(self) -> Channel:
        """The direct messages between this person and the bot."""
        return self.world.dm(self.user)

    async def say(
        self,
        channel: Channel,
        text: str,
        *,
        reply_to: Message | None = None,
        files: tuple[Upload, ...] = (),
        ping: bool = True,
    ) -> Message:
        """Write a message; `ping` tells whether a reply notifies its author."""
        return scripting.say(self, channel, text, reply_to, files, ping)

    async def edit(self, message: Message, text: str) -> None:
        """Change one's own message."""
        scripting.edit(self, message, text)

    async def delete(self, message: Message) -> None:
        """Delete a message."""
        self.world.posts.delete(message)

    async def react(self, message: Message, emoji: str) -> None:
        """React with an emoji, or a custom one as `name:id`."""
        self.world.posts.react(message, self.user, emoji)

    async def unreact(self, message: Message, emoji: str) -> None:
        """Take a reaction back."""
        self.world.posts.unreact(message, self.user, emoji)

    def thread(self, place: Channel | Message, name: str) -> Channel:
        """Start a thread in a channel or on a message."""
        return scripting.start_thread(self, place, name)

    def sees(self, channel: Channel) -> list[Message]:
        """What stands in the channel for this person, private answers included, oldest first."""
        private = [
            message
            for message in self.world.posts.private.values()
            if message.channel is channel and message.visible_to == self.user.id
        ]
        return sorted([*channel.messages, *private], key=lambda message: message.id)

    # Using the bot.

    async def slash(
        self,
        command: str,
        options: Mapping[str, object] | None = None,
        *,
        channel: Channel | None = None,
        locale: str = "en-US",
        within: float = 5.0,
        **more: object,
    ) -> Interaction:
        """Send a slash command: "shoutout", or "snippet suggest" for a subcommand.

        Options are given by name; people as members, channels, roles and `Upload`s as such.
        `channel` is the guild's first text channel by default. Waits until the command is registered.
        """
        given = {**(options or {}), **more}
        return await scripting.slash(self, command, given, channel, locale, within)

    async def complete(
        self,
        command: str,
        option: str,
        typed: str | float = "",
        *,
        channel: Channel | None = None,
        within: float = 5.0,
        **others: object,
    ) -> list[dict[str, Any]]:
        """Type in an option with autocomplete; returns the choices that the bot offered."""
        interaction = await self.typing_option(
            command, option, typed, channel=channel, within=within, **others
        )
        await interaction.answered(within)
        return interaction.choices or []

    async def typing_option(
        self,
        command: str,
        option: str,
        typed: str | float = "",
        *,
        channel: Channel | None = None,
        within: float = 5.0,
        **others: object,
    ) -> Interaction:
        """As `complete`, without waiting for the bot."""
        return await scripting.complete(self, command, option, typed, others, channel, within)

    async def menu(
        self,
        command: str,
        on: Message | Member | User,
        *,
        channel: Channel | None = None,
        within: float = 5.0,
    ) -> Interaction:
        """Choose an app command from the menu of a message or of a person."""
        return await scripting.menu(self, command, on, channel, within)

    async def click(
        self, message: Message, label: str | None = None, *, custom_id: str | None = None
    ) -> Interaction:
        """Press a button by its label or custom id; the only button if neither is given."""
        return pressing.click(self, message, label, custom_id)

    async def forge_click(self, message: Message, custom_id: str) -> Interaction:
        """Press a button that the message does not have, as a tampered client tries to."""
        return pressing.forge(self, message, custom_id)

    async def select(
        self, message: Message, *values: object, placeholder: str | None = None, custom_id: str | None = None
    ) -> Interaction:
        """Choose in a select menu: options by label or value; people, roles and channels as such."""
        return pressing.select(self, message, values, placeholder, custom_id)

    async def submit(self, modal: Modal, values: Mapping[str, object] | None = None) -> Interaction:
        """Send a form. `values` by label or custom id; what is not named keeps its preset value."""
        return pressing.submit(self, modal, values or {})

    async def forge_form(
        self, channel: Channel, custom_id: str, values: Mapping[str, str] | None = None
    ) -> Interaction:
        """Send a form that was never opened, as a tampered client tries to."""
        return pressing.forge_form(self, channel, custom_id, values or {})

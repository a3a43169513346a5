"""The people of the script, and what they do in Slack's client."""

from typing import TYPE_CHECKING, Any

from . import forms, markup
from .answer import Answer
from .forms import NotOnScreen
from .interactions import Interactions
from .state import Channel, File, Message, View

if TYPE_CHECKING:
    from .workspace import Workspace


class Person(Interactions):
    """A member, guest, bot or stranger. Methods are what the person does.

    Each returns once it is done, not once the app has reacted: wait for that with `sees`, an Answer's
    `message` and `view`, or `slack.until`.
    """

    def __init__(self, workspace: "Workspace", user_id: str, name: str, **traits: Any) -> None:
        self.workspace = workspace
        self.id = user_id
        self.real_name = name
        self.name: str = (
            traits.pop("handle", None) or "".join(c for c in name.lower() if c.isalnum()) or "someone"
        )
        self.display_name: str = traits.pop("display_name", name)
        self.email: str = traits.pop("email", None) or f"{self.name}@example.com"
        self.is_bot: bool = traits.pop("bot", False)
        self.bot_id: str | None = traits.pop("bot_id", None)
        self.app_id: str | None = traits.pop("app_id", None)
        self.is_admin: bool = traits.pop("admin", False)
        self.is_owner: bool = traits.pop("owner", False)
        self.guest: str | None = traits.pop("guest", None)
        self.tz: str = traits.pop("tz", "Europe/London")
        self.locale: str = traits.pop("locale", "en-GB")
        self.invited: bool = traits.pop("invited", False)
        self.teams: list[str] = traits.pop("teams", [])
        self.deleted = False
        self.modals: list[View] = []
        self.home: View | None = None
        self.updated = int(workspace.slack.clock.now())
        if traits:
            raise TypeError(f"unknown traits {sorted(traits)}")

    def __repr__(self) -> str:
        return f"<{self.real_name} {self.id}>"

    # -- as the API tells it -------------------------------------------------------------------------------

    def profile(self, *, email: bool) -> dict[str, Any]:
        first, _, last = self.real_name.partition(" ")
        data: dict[str, Any] = {
            "title": "",
            "phone": "",
            "skype": "",
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.display_name,
            "display_name_normalized": self.display_name,
            "fields": None,
            "status_text": "",
            "status_text_canonical": "",
            "status_emoji": "",
            "status_emoji_display_info": [],
            "status_expiration": 0,
            "avatar_hash": "g0",
            "first_name": first,
            "last_name": last,
            **{f"image_{size}": f"{self.workspace.url}a_{size}.png" for size in (24, 32, 48, 72, 192, 512)},
            "team": self.workspace.id,
        }
        if email and not self.is_bot:
            data["email"] = self.email
        if self.bot_id:
            data |= {"bot_id": self.bot_id, "api_app_id": self.app_id or "", "always_active": True}
        return data

    def as_json(self, *, email: bool = False, stranger: bool = False, locale: bool = False) -> dict[str, Any]:
        return {
            "id": self.id,
            "team_id": self.teams[0] if self.teams else self.workspace.id,
            "name": self.name,
            "deleted": self.deleted,
            "color": "9f69e7",
            "real_name": self.real_name,
            "tz": self.tz,
            "tz_label": self.tz,
            "tz_offset": 0,
            "profile": self.profile(email=email and not stranger),
            "is_admin": self.is_admin,
            "is_owner": self.is_owner,
            "is_primary_owner": False,
            "is_restricted": self.guest is not None,
            "is_ultra_restricted": self.guest == "single",
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": self.updated,
            "is_email_confirmed": not self.is_bot,
            "who_can_share_contact_card": "EVERYONE",
            **({"is_stranger": True} if stranger else {}),
            **({"is_invited_user": True} if self.invited else {}),
            **({"enterprise_user": self._enterprise()} if self.teams else {}),
            **({"locale": self.locale} if locale else {}),
        }

    def _enterprise(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "enterprise_id": "E00000001",
            "enterprise_name": "Organisation",
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "teams": self.teams,
        }

    def bot_profile(self) -> dict[str, Any]:
        return {
            "id": self.bot_id,
            "deleted": self.deleted,
            "name": self.real_name,
            "updated": self.updated,
            "app_id": self.app_id or "A0OTHER00",
            "icons": {"image_36": "", "image_48": "", "image_72": ""},
            "team_id": self.workspace.id,
        }

    # -- talking -------------------------------------------------------------------------------------------

    async def say(
        self,
        channel: Channel,
        *parts: Any,
        thread: Message | None = None,
        broadcast: bool = False,
        files: tuple[File, ...] = (),
    ) -> Message:
        """Write into a conversation. Parts are text (typed, so escaped), Person, Channel, HERE and so on."""
        if not channel.holds(self):
            raise NotOnScreen(f"{self.name} is not in #{channel.name}")
        if channel.archived:
            raise NotOnScreen(f"#{channel.name} is archived")
        text, rich = forms.text_of(parts)
        parent = thread.channel.messages.get(thread.thread_ts or thread.ts) if thread else None
        subtype = "file_share" if files else ("thread_broadcast" if broadcast else None)
        if self.bot_id and not files:
            subtype = "bot_message"
        message: Message = self.slack.acts.post(
            channel,
            self,
            text,
            [{**markup.typed_blocks(rich)[0], "block_id": self.slack.block_id()}]
            if rich and not self.is_bot
            else [],
            thread_ts=parent.ts if parent else None,
            broadcast=broadcast,
            subtype=subtype,
            files=list(files),
            client_msg_id=None if self.is_bot else self.slack.client_msg_id(),
        )
        return message

    async def dm(self, *parts: Any) -> Message:
        """Write to the bot directly."""
        if not self.slack.app.messages_tab:
            raise NotOnScreen("sending messages to this app has been turned off")
        return await self.say(self.dm_channel, *parts)

    @property
    def dm_channel(self) -> Channel:
        """The direct conversation with the bot."""
        channel: Channel = self.slack.acts.open_im(self.workspace, self.workspace.bot, self)
        return channel

    async def edit(self, message: Message, *parts: Any) -> None:
        if message.author is not self:
            raise NotOnScreen("one can only edit one's own messages")
        text, rich = forms.text_of(parts)
        self.slack.acts.edit(message, self, text, markup.typed_blocks(rich))

    async def delete(self, message: Message) -> None:
        if message.author is not self and not self.is_admin:
            raise NotOnScreen("one can only delete one's own messages")
        self.slack.acts.delete(message)

    async def react(self, message: Message, name: str) -> None:
        self.slack.acts.react(message, self, name.strip(":"))

    async def unreact(self, message: Message, name: str) -> None:
        self.slack.acts.unreact(message, self, name.strip(":"))

    def upload(self, name: str, content: bytes, title: str | None = None) -> File:
        """A file of this person's, to be sent with `say` or put into a form."""
        file: File = self.slack.uploads.add(self, name, content, title or name)
        return file

    # -- coming and going ----------------------------------------------------------------------------------

    async def join(self, channel: Channel) -> None:
        if channel.kind != "channel":
            raise NotOnScreen("one must be invited into a private channel")
        self.slack.acts.enter(channel, self)

    async def leave(self, channel: Channel) -> None:
        self.slack.acts.exit(channel, self)

    async def invite(self, channel: Channel, person: "Person | None" = None) -> None:
        """Invite someone, or without a person the bot."""
        self.slack.acts.enter(channel, person or channel.workspace.bot, self)

    async def kick(self, channel: Channel, person: "Person | None" = None) -> None:
        self.slack.acts.exit(channel, person or channel.workspace.bot, self)

    async def create_channel(self, name: str, *, private: bool = False, bot: bool = True) -> Channel:
        """Make a channel, with the creator and (if `bot`) the bot in it, as the events tell: both "join"."""
        channel = self.workspace.channel(name, private=private, bot=False, quiet=False, creator=self)
        if bot:
            self.slack.acts.enter(channel, self.workspace.bot, self)
        self.slack.acts.enter(channel, self)
        return channel

    # -- seeing --------------------------------------------------------------------------------------------

    @property
    def ephemerals(self) -> list[Message]:
        """What only this person was shown, oldest first."""
        return [
            message
            for channel in self.slack.channels.values()
            for message in channel.ephemerals
            if message.only_for is self and not message.deleted
        ]

    def visible(self) -> list[Message]:
        """All messages on this person's screen, in all conversations, oldest first."""
        found = [
            message
            for channel in self.slack.channels.values()
            if channel.holds(self)
            for message in channel.live
        ]
        return sorted([*found, *self.ephemerals], key=lambda message: message.ts)

    async def sees(self, fragment: str, channel: Channel | None = None, *, within: float = 5.0) -> Message:
        """The newest message with these words, spoken or shown; waits for it."""

        def look() -> Message | None:
            for message in reversed(self.visible()):
                if channel is not None and message.channel is not channel:
                    continue
                if fragment in message.spoken or fragment in message.shown:
                    return message
            return None

        found: Message = await self.slack.until(look, within, f"{self.real_name} does not see {fragment!r}")
        return found

    def sees_now(self, fragment: str) -> bool:
        """Whether these words are on the screen already."""
        return any(fragment in message.spoken or fragment in message.shown for message in self.visible())

    async def modal(self, within: float = 5.0) -> View:
        """The modal on top; waits for one."""
        view: View = await self.slack.until(lambda: self.modals and self.modals[-1], within)
        return view

    def install(self, url: str, *, allow: bool = True) -> str:
        """Answer Slack's authorize page at this address; the address that Slack sends the browser back to."""
        query = self.slack.query_of(url)
        back: str = self.slack.app.grant(query, self.workspace, self) if allow else self.slack.app.deny(query)
        return back


__all__ = ["Answer", "Person"]

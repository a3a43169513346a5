"""A workspace and the scripting of what exists and happens in it."""

from typing import TYPE_CHECKING, Any

from .app import Installation
from .people import Person
from .state import Channel
from .usergroups import UserGroups

if TYPE_CHECKING:
    from .server import FakeSlack


class Workspace:
    """One Slack workspace. Has #general from the start; the app is installed unless told otherwise."""

    def __init__(self, slack: "FakeSlack", team_id: str, name: str) -> None:
        self.slack = slack
        self.id = team_id
        self.name = name
        self.domain = "".join(c for c in name.lower() if c.isalnum()) or "workspace"
        self.people: dict[str, Person] = {}
        self.direct: dict[frozenset[str], Channel] = {}
        self.emoji: dict[str, str] = {}
        self.groups = UserGroups(self)
        self.general = self.channel("general", bot=False)
        self.general.general = True

    def __repr__(self) -> str:
        return f"<{self.name} {self.id}>"

    @property
    def url(self) -> str:
        return f"https://{self.domain}.slack.com/"

    # -- the app -------------------------------------------------------------------------------------------

    def install(
        self, *, scopes: list[str] | None = None, installer: Person | None = None, issue: bool = True
    ) -> Installation:
        """Install the app, again if it was removed; with `issue` a bot token is made right away."""
        app = self.slack.app
        install = app.installations.get(self.id)
        wanted = list(app.wanted_scopes if scopes is None else scopes)
        if install is None or not install.active:
            bot = install.bot if install else self._bot_user()
            bot.deleted = False
            install = Installation(self, bot, wanted, installer)
            app.installations[self.id] = install
            self.slack.acts.enter(self.general, bot, quiet=True)
        else:
            install.scopes = sorted({*install.scopes, *wanted})
            install.installer = installer or install.installer
        if issue:
            app.issue("bot", install.scopes, install)
        self.slack.changes.touch()
        return install

    def _bot_user(self) -> Person:
        app, slack = self.slack.app, self.slack
        return self._add(app.name, bot=True, bot_id=slack.new_id("B"), app_id=app.id)

    @property
    def installation(self) -> Installation:
        return self.slack.app.installations[self.id]

    @property
    def bot(self) -> Person:
        """The app's bot user here."""
        return self.installation.bot

    @property
    def bot_token(self) -> str:
        return self.installation.bot_token

    def revoke(self) -> None:
        """Revoke the app's tokens."""
        self.slack.acts.revoke(self)

    def uninstall(self, order: tuple[str, ...] = ("tokens_revoked", "app_uninstalled")) -> None:
        """Remove the app; the events come in this order."""
        self.slack.acts.uninstall(self, order)

    def set_scopes(self, *scopes: str) -> None:
        """Grant exactly these bot scopes, as if the app had been installed with fewer."""
        self.installation.scopes[:] = scopes
        for token in self.installation.tokens:
            if token.kind == "bot":
                token.scopes[:] = scopes

    # -- people --------------------------------------------------------------------------------------------

    def _add(self, name: str, **traits: Any) -> Person:
        person = Person(self, self.slack.new_id("U"), name, **traits)
        taken = {other.name for other in self.people.values()}
        if person.name in taken:
            person.name += str(len(taken))
        self.people[person.id] = person
        self.slack.people[person.id] = person
        return person

    def member(self, name: str, **traits: Any) -> Person:
        """Someone who has been here all along: in #general, no events.

        Traits: handle, display_name, email, admin, owner, guest ("single" or "multi"), bot, tz, locale,
        invited (and not there yet), teams (the organisation's workspaces they are in, their home first).
        """
        if traits.get("bot"):
            traits.setdefault("bot_id", self.slack.new_id("B"))
        person = self._add(name, **traits)
        if person.guest is None:
            self.slack.acts.enter(self.general, person, quiet=True)
        self.slack.changes.touch()
        return person

    def join(self, name: str, **traits: Any) -> Person:
        """Someone new: team_join, then member_joined_channel for #general. Traits as for `member`."""
        if traits.get("bot"):
            traits.setdefault("bot_id", self.slack.new_id("B"))
        person = self._add(name, **traits)
        self._tell("team_join", person)
        if person.guest is None:
            self.slack.acts.enter(self.general, person)
        self.slack.changes.touch()
        return person

    def deactivate(self, person: Person) -> None:
        """End an account: user_change, and gone from every channel without a word."""
        person.deleted = True
        for channel in self.slack.channels.values():
            if channel.kind in ("channel", "group"):
                channel.members.pop(person.id, None)
        self.change(person)

    def reactivate(self, person: Person) -> None:
        """Let someone back in: user_change, and #general again."""
        person.deleted = False
        self.change(person)
        self.slack.acts.enter(self.general, person)

    def change(self, person: Person, **traits: Any) -> None:
        """Change someone's traits (attributes of Person); tells user_change."""
        for name, value in traits.items():
            if not hasattr(person, name):
                raise AttributeError(name)
            setattr(person, name, value)
        person.updated = int(self.slack.clock.now())
        self.slack.changes.touch()
        self._tell("user_change", person)

    def _tell(self, kind: str, person: Person) -> None:
        data = person.as_json(email=self._emails, locale=True)
        self.slack.events.in_workspace(self, {"type": kind, "user": data, "cache_ts": person.updated})

    @property
    def _emails(self) -> bool:
        install = self.slack.app.installations.get(self.id)
        return install is not None and "users:read.email" in install.scopes

    def knows(self, person: Person) -> bool:
        """Whether someone of another workspace shares a channel with this one."""
        return any(
            channel.holds(person) and (channel.workspace is self or self.id in channel.connected)
            for channel in self.slack.channels.values()
            if channel.shared
        )

    # -- channels ------------------------------------------------------------------------------------------

    @property
    def channels(self) -> list[Channel]:
        return [channel for channel in self.slack.channels.values() if channel.workspace is self]

    def named(self, name: str) -> Channel | None:
        return next((channel for channel in self.channels if name and channel.name == name), None)

    def channel(
        self,
        name: str,
        *people: Person,
        private: bool = False,
        bot: bool = True,
        quiet: bool = True,
        creator: Person | None = None,
    ) -> Channel:
        """A channel with these people (and the bot) in it; the one of this name if there is one already."""
        channel = self.named(name)
        if channel is None:
            channel = Channel(
                self.slack.new_id("C"),
                self,
                name,
                "group" if private else "channel",
                int(self.slack.clock.now()),
                creator,
            )
            self.slack.channels[channel.id] = channel
            if not quiet:
                self._tell_created(channel)
        install = self.slack.app.installations.get(self.id)
        for person in [*people, *([install.bot] if bot and install is not None else [])]:
            self.slack.acts.enter(channel, person, quiet=quiet)
        self.slack.changes.touch()
        return channel

    def _tell_created(self, channel: Channel) -> None:
        if channel.kind != "channel":
            return
        keys = [
            "id",
            "is_channel",
            "name",
            "name_normalized",
            "created",
            "creator",
            "is_shared",
            "is_org_shared",
            "context_team_id",
            "is_archived",
            "is_general",
            "is_group",
            "is_private",
            "is_ext_shared",
            "is_im",
            "is_mpim",
            "is_pending_ext_shared",
        ]
        data = channel.as_json(channel.creator or Person(self, "U", "nobody"))
        event = {"type": "channel_created", "channel": {key: data[key] for key in keys}}
        self.slack.events.in_channel(channel, event)

    def rename(self, channel: Channel, name: str) -> None:
        channel.previous_names.append(channel.name)
        channel.name = name
        data = {"id": channel.id, "name": name, "name_normalized": name, "created": channel.created}
        data |= {"is_channel": channel.kind == "channel", "is_mpim": False}
        self.slack.changes.touch()
        self.slack.events.in_channel(channel, {"type": "channel_rename", "channel": data})

    def archive(self, channel: Channel, by: Person | None = None) -> None:
        channel.archived = True
        self._tell_state("channel_archive", channel, by)

    def unarchive(self, channel: Channel, by: Person | None = None) -> None:
        channel.archived = False
        self._tell_state("channel_unarchive", channel, by)

    def _tell_state(self, kind: str, channel: Channel, by: Person | None) -> None:
        self.slack.changes.touch()
        user = by.id if by else next(iter(channel.members), "")
        self.slack.events.in_channel(channel, {"type": kind, "channel": channel.id, "user": user})

    def delete_channel(self, channel: Channel) -> None:
        channel.deleted = True
        self.slack.changes.touch()
        self.slack.events.in_channel(channel, {"type": "channel_deleted", "channel": channel.id})

    def connect(self, channel: Channel, other: "Workspace") -> None:
        """Share a channel with another workspace (Slack Connect); then its people can be `admit`ted."""
        channel.connected[other.id] = other
        self.slack.changes.touch()

    def admit(self, channel: Channel, person: Person, inviter: Person | None = None) -> None:
        """Let anyone, a stranger from a connected workspace too, into a channel, with the event."""
        if person.workspace is not self and person.workspace.id not in channel.connected:
            raise ValueError(f"{channel.name} is not shared with {person.workspace.name}")
        self.slack.acts.enter(channel, person, inviter)

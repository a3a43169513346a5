"""An interaction's life: one first answer within 3 s, follow-ups for 15 minutes, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import wire
from .drafting import Draft, Upload, draft
from .errors import ApiError, FormErrors, refusal
from .modals import Modal, check_modal
from .model import COMPONENTS_V2, EPHEMERAL, LOADING, SUPPRESS_NOTIFICATIONS, Channel, Member, Message, User
from .permissions import ALL

if TYPE_CHECKING:
    from .world import World

Json = dict[str, Any]

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, OPEN_MODAL = 4, 5, 6, 7, 8, 9
FIRST_ANSWER_SECONDS, TOKEN_SECONDS = 3.0, 15 * 60.0
MAX_CHOICES = 25
_SLASH_MESSAGE, _MENU_MESSAGE, _PLAIN = 20, 23, 0
_ON_DEFER = EPHEMERAL | COMPONENTS_V2 | SUPPRESS_NOTIFICATIONS | 1 << 2


class Interaction:
    """Something a person did with the bot, and what the bot answered.

    `callback` is the type of the first answer, `response` the message it made or changed (None while
    it is only deferred), `modal`, `choices` and `followups` what else came of it.
    """

    def __init__(
        self,
        world: World,
        kind: int,
        user: User,
        member: Member | None,
        channel: Channel,
        data: Json,
        *,
        message: Message | None = None,
        locale: str = "en-US",
    ) -> None:
        self._world = world
        self.id = world.snowflakes.next()
        self.token = f"interaction.{wire.fingerprint(str(self.id))}"
        self.kind = kind
        self.user = user
        self.member = member
        self.channel = channel
        self.data = data
        self.message = message
        self.locale = locale
        self.triggered_by: Interaction | None = None
        self.callback: int | None = None
        self.original: Message | None = None
        self.modal: Modal | None = None
        self.choices: list[Json] | None = None
        self.followups: list[Message] = []
        self._born = world.clock.deadline_time()

    # What a test asks.

    @property
    def age(self) -> float:
        """Seconds on the fake's stopwatch."""
        return self._world.clock.deadline_time() - self._born

    @property
    def acknowledged(self) -> bool:
        """Whether the bot gave its first answer."""
        return self.callback is not None

    @property
    def failed(self) -> bool:
        """Whether the person saw "This interaction failed"."""
        return not self.acknowledged and self.age > FIRST_ANSWER_SECONDS

    @property
    def thinking(self) -> bool:
        """Whether the person still sees "… is thinking"."""
        return self.original is not None and bool(self.original.flags & LOADING)

    @property
    def final(self) -> bool:
        """Whether the person got something: a message, a changed message, a form or choices."""
        return self.acknowledged and not self.thinking

    @property
    def response(self) -> Message | None:
        """The answer's message, or the changed message; None while there is none."""
        return None if self.thinking else self.original

    @property
    def text(self) -> str:
        """The words of the answer, "" where it has none."""
        return self.response.text if self.response else ""

    async def answered(self, within: float = 5.0) -> Interaction:
        """Wait until `final`. Raises AssertionError after `within` seconds."""
        await self._world.until(lambda: self.final, within, f"the bot to answer {self!r}")
        return self

    async def deferred(self, within: float = 5.0) -> Interaction:
        """Wait for the first answer of any kind."""
        await self._world.until(lambda: self.acknowledged, within, f"the bot to acknowledge {self!r}")
        return self

    def __repr__(self) -> str:
        what = self.data.get("name") or self.data.get("custom_id")
        return f"<Interaction {what!r} by {self.user.name}, callback {self.callback}>"

    # The API's side.

    def payload(self) -> Json:
        """INTERACTION_CREATE."""
        world, guild = self._world, self.channel.guild
        body: Json = {
            "id": str(self.id),
            "application_id": str(world.application_id),
            "type": self.kind,
            "token": self.token,
            "version": 1,
            "data": self.data,
            "channel_id": str(self.channel.id),
            "channel": wire.channel(self.channel),
            "locale": self.locale,
            "entitlements": [],
            "attachment_size_limit": 10 * 1024 * 1024,
            "app_permissions": str(world.bot_permissions(self.channel)),
            "authorizing_integration_owners": {"0": str(guild.id) if guild else "0"},
            "context": 0 if guild else 1,
        }
        if guild is not None and self.member is not None:
            body["guild_id"] = str(guild.id)
            body["guild"] = wire.partial_guild(guild)
            body["guild_locale"] = guild.locale
            permissions = self.member.permissions(self.channel)
            body["member"] = wire.member(self.member) | {"permissions": str(permissions & ALL)}
        else:
            body["user"] = wire.user(self.user)
        if self.message is not None:
            body["message"] = wire.message(self.message, world)
        return body

    def marks(self) -> Json:
        """What a message that answers this interaction tells of it."""
        marks: Json = {
            "application_id": str(self._world.application_id),
            "webhook_id": str(self._world.application_id),
            "interaction_metadata": self._metadata(),
        }
        if self.kind == COMMAND:
            marks["interaction"] = {
                "id": str(self.id),
                "type": self.kind,
                "name": self.data["name"],
                "user": wire.user(self.user),
            }
        return marks

    def _metadata(self) -> Json:
        guild = self.channel.guild
        body: Json = {
            "id": str(self.id),
            "type": self.kind,
            "user": wire.user(self.user),
            "authorizing_integration_owners": {"0": str(guild.id) if guild else "0"},
        }
        if self.kind == COMPONENT and self.message is not None:
            body["interacted_message_id"] = str(self.message.id)
        if self.kind == MODAL_SUBMIT and self.triggered_by is not None:
            body["triggering_interaction_metadata"] = self.triggered_by._metadata()
        return body

    def answer(self, body: Json, files: dict[int, Upload]) -> None:
        """The first answer. Raises what Discord answers to a wrong, late or second one."""
        if self.age > FIRST_ANSWER_SECONDS:
            raise refusal(10062)
        if self.acknowledged:
            raise refusal(40060)
        kind, data = body["type"], body.get("data") or {}
        if kind not in self._allowed_callbacks():
            errors = FormErrors()
            allowed = tuple(sorted(self._allowed_callbacks()))
            errors.add(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")
            errors.check()
        if kind == MESSAGE:
            self.original = self._post(data, files, ("data",))
        elif kind == DEFER:
            self._defer(data)
        elif kind == UPDATE:
            self.original = self._change(self._clicked(), data, files, ("data",))
        elif kind == DEFER_UPDATE:
            self.original = self._clicked()
        elif kind == CHOICES:
            self.choices = _checked_choices(data)
        elif kind == OPEN_MODAL:
            errors = FormErrors()
            check_modal(data, errors)
            errors.check()
            self.modal = Modal(data, self)
        self.callback = kind
        self._world.changed()

    def _allowed_callbacks(self) -> set[int]:
        if self.kind == AUTOCOMPLETE:
            return {CHOICES}
        allowed = {MESSAGE, DEFER}
        if self.message is not None:
            allowed |= {DEFER_UPDATE, UPDATE}
        if self.kind != MODAL_SUBMIT:
            allowed.add(OPEN_MODAL)
        return allowed

    def _clicked(self) -> Message:
        if self.message is None or self.message.deleted:
            raise refusal(10008)
        return self.message

    def _message_kind(self) -> int:
        if self.kind != COMMAND:
            return _PLAIN
        return _SLASH_MESSAGE if self.data["type"] == 1 else _MENU_MESSAGE

    def _draft(
        self, data: Json, files: dict[int, Upload], root: tuple[str | int, ...], before: Message | None = None
    ) -> Draft:
        permissions = self._world.bot_permissions(self.channel)
        return draft(
            self._world,
            self.channel,
            data,
            files,
            permissions=permissions,
            before=before,
            interaction=True,
            root=root,
        )

    def _post(self, data: Json, files: dict[int, Upload], root: tuple[str | int, ...] = ()) -> Message:
        made = self._draft(data, files, root)
        return self._put(made, self._message_kind())

    def _put(self, made: Draft, kind: int) -> Message:
        private = bool(made.flags & EPHEMERAL)
        return self._world.posts.add(
            self.channel,
            self._world.bot,
            made,
            kind=kind,
            interaction=self,
            visible_to=self.user.id if private else None,
        )

    def _defer(self, data: Json) -> None:
        flags = data.get("flags") or 0
        if flags & ~_ON_DEFER:
            errors = FormErrors()
            errors.add(
                ("data", "flags"), "MESSAGE_FLAGS_INVALID", "These flags cannot be set by an application"
            )
            errors.check()
        self.original = self._put(Draft(flags=flags | LOADING), self._message_kind())

    def _change(
        self,
        message: Message,
        data: Json,
        files: dict[int, Upload],
        root: tuple[str | int, ...] = (),
    ) -> Message:
        was_loading = message.flags & LOADING
        if was_loading:
            message.flags &= ~LOADING
        try:
            made = self._draft(data, files, root, before=message)
            if was_loading and not (made.content or made.embeds or made.components or made.attachments):
                raise refusal(50006)
        except ApiError:
            message.flags |= was_loading
            raise
        self._world.posts.edit(message, made, first=bool(was_loading))
        return message

    # Follow-ups, by token.

    def check_token(self) -> None:
        """Raise unless the token still works."""
        if not self.acknowledged:
            raise refusal(10015)
        if self.age > TOKEN_SECONDS:
            raise refusal(50027)

    def follow_up(self, body: Json, files: dict[int, Upload]) -> Message:
        """A further message. After a deferral the first one takes the place of "is thinking"."""
        self.check_token()
        if self.kind == AUTOCOMPLETE:
            raise refusal(10015)
        if self.thinking and self.original is not None:
            private = {"flags": (body.get("flags") or 0) & ~EPHEMERAL}
            return self._change(self.original, body | private, files)
        message = self._post(body, files)
        self.followups.append(message)
        self._world.changed()
        return message

    def message_of(self, which: str) -> Message:
        """`@original` or one of the follow-ups, by id."""
        self.check_token()
        if which == "@original":
            found = self.original
        else:
            candidates = [self.original, *self.followups]
            found = next((item for item in candidates if item and str(item.id) == which), None)
        if found is None or found.deleted:
            raise refusal(10008)
        return found

    def edit(self, which: str, body: Json, files: dict[int, Upload]) -> Message:
        """Change one of this interaction's messages."""
        return self._change(self.message_of(which), body, files)

    def callback_json(self) -> Json:
        """What the callback answers where it was asked `with_response`."""
        body: Json = {
            "interaction": {
                "id": str(self.id),
                "type": self.kind,
                "channel_id": str(self.channel.id),
                "response_message_loading": self.thinking,
                "response_message_ephemeral": bool(self.original and self.original.ephemeral),
            }
        }
        if self.channel.guild:
            body["interaction"]["guild_id"] = str(self.channel.guild.id)
        if self.callback in (MESSAGE, DEFER, UPDATE, DEFER_UPDATE) and self.original is not None:
            body["interaction"]["response_message_id"] = str(self.original.id)
            if self.callback in (MESSAGE, UPDATE):
                message = wire.message(self.original, self._world)
                body["resource"] = {"type": self.callback, "message": message}
        return body


def _checked_choices(data: Json) -> list[Json]:
    choices = data.get("choices") or []
    errors = FormErrors()
    if len(choices) > MAX_CHOICES:
        message = f"Must be between 0 and {MAX_CHOICES} in length."
        errors.add(("data", "choices"), "BASE_TYPE_BAD_LENGTH", message)
    for index, choice in enumerate(choices):
        for key in ("name", "value"):
            text = choice[key]
            if isinstance(text, str) and not 1 <= len(text) <= 100:
                message = "Must be between 1 and 100 in length."
                errors.add(("data", "choices", index, key), "BASE_TYPE_BAD_LENGTH", message)
    errors.check()
    return list(choices)

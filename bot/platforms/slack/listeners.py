"""What Bolt hands over: each request becomes an event, and is acknowledged once that is stored."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.model.content import Catalog, Form, Kind
from bot.model.events import (
    CommandUsed,
    Completion,
    ControlUsed,
    FormSent,
    Interaction,
    MenuUsed,
    SpaceSeen,
)
from bot.model.outgoing import Answer, Post
from bot.model.text import T
from bot.platforms.background import Background
from bot.platforms.base import DeliveryError, Sink
from bot.platforms.slack import forms
from bot.platforms.slack.answers import Token, Way
from bot.platforms.slack.api import quiet_logger
from bot.platforms.slack.client import Refused
from bot.platforms.slack.forms import Asked
from bot.platforms.slack.home import SHORTCUT
from bot.platforms.slack.names import Names
from bot.platforms.slack.parse import Parser, Unknown, channels_named, groups_named, words
from bot.platforms.slack.render import LINK, Renderer
from bot.platforms.slack.sender import Sender
from bot.platforms.slack.text import typed
from bot.platforms.slack.workspace import Workspace

Json = Mapping[str, Any]
GLOBAL: Final = "command|"
"""Begins the callback id of a global shortcut; the command's path follows."""
MINUTE: Final = 60.0
"""Seconds that Slack counts events in."""
SLOW: Final = T("That took me too long, so Slack would not open the form. Please try once more.")

log = structlog.get_logger(__name__)


class Listeners(AsyncMiddleware):
    """Turns requests into events for the sink. Each reader returns what the acknowledgement says."""

    def __init__(
        self,
        *,
        sink: Sink,
        catalog: Catalog,
        names: Names,
        parser: Parser,
        sender: Sender,
        workspace_of: Callable[[str], Workspace | None],
        renderer_of: Callable[[Workspace], Renderer],
        now: Callable[[], int],
    ) -> None:
        self._sink = sink
        self._catalog = catalog
        self._specs = {spec.path: spec for spec in catalog.commands}
        self._names = names
        self._parser = parser
        self._sender = sender
        self._workspace_of = workspace_of
        self._renderer_of = renderer_of
        self._now = now
        self._unknown: set[str] = set()
        self._work = Background()
        self._readers: Mapping[str, Callable[[Json], Awaitable[Json | None]]] = {
            "event_callback": self.event,
            "app_rate_limited": self.dropped,
            "command": self.command,
            "shortcut": self.shortcut,
            "message_action": self.shortcut,
            "block_actions": self.action,
            "view_submission": self.submission,
            "block_suggestion": self.options,
        }

    def app(self, signing_secret: str) -> AsyncApp:
        """The Bolt app. Without a signing secret it is good for Socket Mode alone."""
        return _Bolt(
            name="kith",
            logger=quiet_logger(),
            client=AsyncWebClient(retry_handlers=[], logger=quiet_logger()),
            signing_secret=signing_secret,
            before_authorize=self,
            authorize=_authorize,
            process_before_response=True,
        )

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        """Take a request that Bolt has verified; what could not be stored is not acknowledged.

        Whose request it is, is looked at here: Bolt's authorisation would ask Slack about each one.
        """
        body: Json = req.body
        kind = str(body.get("type") or ("command" if "command" in body else ""))
        reader = self._readers.get(kind)
        if reader is None:
            if kind in ("url_verification", ""):
                return await next()
            self._tell_unknown(kind, "{name}(self, body: Json) -> Json | None")
            return BoltResponse(status=200, body="")
        try:
            answer = await reader(body)
        except Exception as error:
            log.error("slack_not_taken", kind=kind, error=f"{type(error).__name__}: {error}")
            return BoltResponse(status=500, body="")
        return BoltResponse(status=200, body="" if answer is None else dict(answer))

    async def idle(self) -> None:
        """Return once every form that was asked for is open."""
        await self._work.idle()

    async def close(self) -> None:
        await self._work.close()

    # -- events --------------------------------------------------------------------------------------------

    async def event(self, body: Json) -> Json | None:
        """An event of the Events API."""
        workspace = self._of(body)
        event = body.get("event") or {}
        if workspace is None:
            return None
        try:
            happened = await self._parser.event(workspace, event)
        except Unknown as unknown:
            self._tell_unknown(
                str(unknown), "_{name}(self, workspace: Workspace, event: Json) -> Event | None"
            )
            return None
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            log.error(
                "slack_event_unreadable", type=event.get("type"), error=f"{type(error).__name__}: {error}"
            )
            return None
        if happened is not None:
            await self._sink.accept(happened)
        self._parser.stored(workspace, event, happened)
        return None

    def _tell_unknown(self, kind: str, shape: str) -> None:
        """Log a handler to paste, once for each kind. ``shape``: what it takes and gives."""
        if kind in self._unknown:
            return
        self._unknown.add(kind)
        taken = shape.format(name=re.sub(r"\W", "_", kind))
        method = taken.partition("(")[0]
        log.warning(
            "slack_event_unknown",
            type=kind,
            handler=f'"{kind}": self.{method},\n\nasync def {taken}:\n    return None',
        )

    async def dropped(self, body: Json) -> Json | None:
        """There were more events in a minute than Slack delivers, so some never come."""
        workspace = self._of(body)
        if workspace is not None:
            began = int(body["minute_rate_limited"])
            log.warning("slack_events_dropped", workspace=workspace.team, minute=began)
            self._work.start(self._looked_up(workspace, began))
        return None

    async def _looked_up(self, workspace: Workspace, began: int) -> None:
        """Once that minute is over, have the host compare who is there, and the groups read again."""
        left = (began + MINUTE) - self._now() / 1_000
        await asyncio.sleep(min(max(left, 0.0), MINUTE))
        workspace.groups.doubt()
        ident = self._id(workspace, "dropped", str(began))
        await self._sink.accept(SpaceSeen(id=ident, space=workspace.space, at=self._now()))

    # -- commands ------------------------------------------------------------------------------------------

    async def command(self, body: Json) -> Json | None:
        """A slash command."""
        workspace = self._of(body)
        if workspace is None:
            return {"text": "Kith isn't set up for this workspace."}
        path, text = self._names.resolve(
            body["command"], typed(body.get("text") or ""), self._catalog.commands
        )
        spec = self._specs.get(path)
        asked = {item.kind for item in spec.fields} if spec is not None else set()
        if Kind.ROLE not in asked:
            text = groups_named(workspace, text)
        if Kind.CHANNEL not in asked:
            text = channels_named(text)
        used = CommandUsed(
            id=self._id(workspace, "command", body["trigger_id"]),
            space=workspace.space,
            at=self._now(),
            actor=await workspace.actor(body["user_id"]),
            token=str(Token(Way.URL, url=body["response_url"])),
            channel=workspace.channel(body["channel_id"]),
            path=path,
            text=text,
        )
        return await self._take(workspace, used, body["trigger_id"], path)

    async def shortcut(self, body: Json) -> Json | None:
        """A shortcut on a message, or a global one."""
        workspace = self._of(body)
        if workspace is None:
            return None
        actor = await workspace.actor(body["user"]["id"])
        ident = self._id(workspace, "shortcut", body["trigger_id"])
        callback = str(body["callback_id"])
        if callback.startswith(GLOBAL):
            path = tuple(callback.removeprefix(GLOBAL).split(" "))
            command = CommandUsed(
                id=ident,
                space=workspace.space,
                at=self._now(),
                actor=actor,
                token=str(Token(Way.DIRECT, str(body.get("action_ts", "")))),
                path=path,
            )
            return await self._take(workspace, command, body["trigger_id"], path)
        message, channel = body["message"], str(body["channel"]["id"])
        thread = message.get("thread_ts") or ""
        author = message.get("user")
        menu = MenuUsed(
            id=ident,
            space=workspace.space,
            at=self._now(),
            actor=actor,
            token=str(Token(Way.URL, thread=thread, url=body["response_url"])),
            channel=workspace.channel(channel),
            action=callback,
            member=workspace.member(author) if author else None,
            message=workspace.message(channel, str(message["ts"]), thread or None),
            text=words(workspace, str(message.get("text") or "")),
        )
        return await self._take(workspace, menu, body["trigger_id"], ())

    # -- buttons and selects -------------------------------------------------------------------------------

    async def action(self, body: Json) -> Json | None:
        """A button was pressed or something was chosen."""
        workspace = self._of(body)
        action = body["actions"][0]
        place, _, sealed = str(action["action_id"]).partition("|")
        if workspace is None or place == LINK:
            return None
        actor = await workspace.actor(body["user"]["id"])
        nonce = str(action.get("action_ts", ""))
        ident = self._id(workspace, "action", body.get("trigger_id") or nonce)
        if f"{place}|" == SHORTCUT:
            path = ("kith", "me") if sealed == "me" else tuple(sealed.split(" "))
            command = CommandUsed(
                id=ident,
                space=workspace.space,
                at=self._now(),
                actor=actor,
                token=str(Token(Way.HOME, nonce)),
                path=path,
            )
            return await self._take(workspace, command, body.get("trigger_id", ""), path)
        container = body.get("container") or {}
        thread = str(container.get("thread_ts") or "")
        channel = (body.get("channel") or {}).get("id")
        ts = container.get("message_ts")
        url = body.get("response_url")
        token = Token(Way.URL, thread=thread, url=url) if url else Token(Way.HOME, nonce)
        used = ControlUsed(
            id=ident,
            space=workspace.space,
            at=self._now(),
            actor=actor,
            token=str(token),
            channel=workspace.channel(channel) if channel else None,
            action=sealed,
            message=workspace.message(channel, ts, thread or None)
            if channel and ts and not container.get("is_ephemeral")
            else None,
            chosen=_chosen(action),
        )
        return await self._take(workspace, used, body.get("trigger_id", ""), ())

    # -- forms ---------------------------------------------------------------------------------------------

    async def submission(self, body: Json) -> Json | None:
        """A modal was sent: its mistakes are shown in it, a next form takes its place."""
        workspace, view = self._of(body), body["view"]
        try:
            asked = Asked.loads(view.get("private_metadata") or "")
        except ValueError:
            asked = None
        if workspace is None or asked is None:
            return None
        sent = FormSent(
            # a view whose mistakes were shown comes again as it was: only what sent it tells the two apart
            id=self._id(workspace, "form", view["id"], body.get("trigger_id") or view.get("hash", "")),
            space=workspace.space,
            at=self._now(),
            actor=await workspace.actor(body["user"]["id"]),
            token=asked.token,
            channel=workspace.channel(asked.channel) if asked.channel else None,
            action=asked.action,
            values=forms.values(view["state"]["values"], workspace),
        )
        form = await self._sink.accept(sent)
        if form is None:
            return None
        known = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
        mistakes = {at: words for at, words in forms.errors(form, asked.action).items() if at in known}
        if mistakes:
            return {"response_action": "errors", "errors": mistakes}
        next_view = self._view(workspace, form, asked.token, asked.channel, asked.path)
        return {"response_action": "update", "view": next_view}

    async def options(self, body: Json) -> Json | None:
        """Somebody types into a list of user groups, or into one that a cog completes."""
        workspace = self._of(body)
        if workspace is not None and body.get("action_id") == forms.GROUP:
            await workspace.groups.freshen(workspace.client)
            return {"options": forms.offered(workspace.groups.roles(str(body.get("value") or "")))}
        try:
            asked = Asked.loads((body.get("view") or {}).get("private_metadata") or "")
        except ValueError:
            asked = None
        if workspace is None or asked is None or not asked.path:
            return {"options": []}
        found = await self._sink.complete(
            Completion(
                space=workspace.space,
                actor=await workspace.actor(body["user"]["id"]),
                path=asked.path,
                option=str(body["block_id"]).partition("|")[2],
                typed=str(body.get("value") or ""),
            )
        )
        return {"options": [forms.option(one.label, one.value, one.about) for one in found[:100]]}

    # -- common --------------------------------------------------------------------------------------------

    async def _take(
        self, workspace: Workspace, event: Interaction, trigger: str, path: tuple[str, ...]
    ) -> Json | None:
        form = await self._sink.accept(event)
        if form is not None:
            self._work.start(self._open(workspace, event, form, trigger, path))
        return None

    async def _open(
        self, workspace: Workspace, event: Interaction, form: Form, trigger: str, path: tuple[str, ...]
    ) -> None:
        channel = event.channel.id if event.channel is not None else ""
        view = self._view(workspace, form, event.token, channel, path)
        try:
            await workspace.client.call("views.open", trigger_id=trigger, view=view)
        except (Refused, DeliveryError) as error:
            log.warning("slack_form_not_shown", error=str(error))
            to = Answer(event.token, event.actor.member, event.channel)
            try:
                await self._sender.deliver(Post(f"{event.id}:slow", to, SLOW))
            except DeliveryError as failure:
                log.warning("slack_not_told", error=str(failure))

    def _view(
        self, workspace: Workspace, form: Form, token: str, channel: str, path: tuple[str, ...]
    ) -> dict[str, Any]:
        asked = Asked(form.action, token, channel, path)
        return forms.view(form, asked, self._renderer_of(workspace), workspace.groups)

    def _of(self, body: Json) -> Workspace | None:
        installed = body.get("authorizations") or ()
        candidates = [
            *(one.get("team_id") for one in installed),
            (body.get("view") or {}).get("app_installed_team_id"),
            (body.get("team") or {}).get("id"),
            body.get("team_id"),
        ]
        found = (self._workspace_of(team) for team in candidates if team)
        known = next((workspace for workspace in found if workspace is not None), None)
        if known is not None or installed:
            return known
        # a guest from another workspace pressed a button: whose it is, the message's author tells
        return self._workspace_of((body.get("message") or {}).get("user") or "")

    @staticmethod
    def _id(workspace: Workspace, *parts: str) -> str:
        return ":".join((workspace.space.key, *parts))


class _Bolt(AsyncApp):
    """Bolt without a client made for each request: Kith calls Slack by its own.

    Making one took as long as all else that Bolt does. Should Bolt rename this, it makes them again.
    """

    def _init_context(self, req: AsyncBoltRequest) -> None:
        req.context["client"] = self.client
        req.context["logger"] = self.logger


async def _authorize(team_id: str | None = None, **_: Any) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id=team_id)


def _chosen(action: Json) -> tuple[str, ...]:
    if option := action.get("selected_option"):
        return (str(option["value"]),)
    return tuple(str(option["value"]) for option in action.get("selected_options") or ())

"""What an interaction carries and allows: triggers, response URLs, modals and their stack."""

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from . import blocks as rules
from . import markup
from .app import Token
from .call import Refusal
from .methods.views import checked
from .state import Channel, Message, View

if TYPE_CHECKING:
    from .people import Person
    from .server import FakeSlack
    from .workspace import Workspace

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 1800.0
RESPONSE_USES = 5
STACK_MAX = 3


@dataclass(eq=False)
class Trigger:
    """A trigger_id: three seconds, one use. `led_to` are the views opened with it."""

    id: str
    person: "Person"
    issued: float
    view: View | None = None
    used: bool = False
    led_to: list[View] = field(default_factory=list)


@dataclass(eq=False)
class ResponseUrl:
    """A response_url: five uses in thirty minutes. `led_to` are the messages it made or changed."""

    url: str
    person: "Person"
    channel: Channel
    message: Message | None
    issued: float
    thread_ts: str | None = None
    uses: int = 0
    led_to: list[Message] = field(default_factory=list)


class Desk:
    """Keeps triggers, response URLs and views."""

    def __init__(self, slack: "FakeSlack") -> None:
        self._slack = slack
        self._triggers: dict[str, Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}
        self.views: dict[str, View] = {}

    # -- triggers ------------------------------------------------------------------------------------------

    def trigger(self, person: "Person", view: View | None = None) -> Trigger:
        number = len(self._triggers) + 1
        trigger_id = f"{number}.{person.workspace.id[1:].lstrip('0') or '0'}.{secrets.token_hex(8)}"
        trigger = Trigger(trigger_id, person, self._slack.clock.now(), view)
        self._triggers[trigger_id] = trigger
        return trigger

    def exchange(self, trigger_id: str, token: Token) -> Trigger:
        """Use a trigger up. Raises Refusal."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None or token.install is None or not self._belongs(trigger, token.install.workspace):
            raise Refusal("invalid_trigger_id")
        if trigger.used:
            raise Refusal("exchanged_trigger_id")
        if self._slack.clock.now() - trigger.issued > TRIGGER_SECONDS:
            raise Refusal("expired_trigger_id")
        trigger.used = True
        return trigger

    @staticmethod
    def _belongs(trigger: Trigger, workspace: "Workspace") -> bool:
        return trigger.person.workspace is workspace or workspace.knows(trigger.person)

    # -- views ---------------------------------------------------------------------------------------------

    def _new(self, person: "Person", content: dict[str, Any]) -> View:
        external_id = content.get("external_id")
        if external_id and self.find(person.workspace, "", external_id) is not None:
            raise Refusal("duplicate_external_id")
        view = View(self._slack.new_id("V"), person, self._identified(content), self._hash())
        self.views[view.id] = view
        return view

    def _identified(self, content: dict[str, Any]) -> dict[str, Any]:
        blocks = []
        for block in content.get("blocks") or []:
            block = {**block, "block_id": block.get("block_id") or self._slack.block_id()}
            if isinstance(block.get("element"), dict):
                element = block["element"]
                block["element"] = {
                    **element,
                    "action_id": element.get("action_id") or self._slack.block_id(),
                }
            blocks.append(block)
        return {**content, "blocks": blocks}

    def _hash(self) -> str:
        return f"{int(self._slack.clock.now())}.{secrets.token_hex(4)}"

    def find(self, workspace: "Workspace", view_id: str, external_id: str) -> View | None:
        for view in reversed(self.views.values()):
            same = view.id == view_id if view_id else view.content.get("external_id") == external_id
            if same and (view.person.workspace is workspace or workspace.knows(view.person)):
                return view if view.open else None
        return None

    def show(self, person: "Person", content: dict[str, Any], trigger: Trigger | None = None) -> View:
        """Open a modal; one that is already open gives way."""
        view = self._new(person, content)
        for other in person.modals:
            other.open = False
        person.modals[:] = [view]
        return self._shown(view, trigger)

    def push(self, person: "Person", content: dict[str, Any], trigger: Trigger | None = None) -> View:
        """Put a modal onto the stack. Raises Refusal above three."""
        if len(person.modals) >= STACK_MAX:
            raise Refusal("push_limit_reached")
        view = self._new(person, content)
        view.root_id = person.modals[0].id
        view.previous_id = person.modals[-1].id
        person.modals.append(view)
        return self._shown(view, trigger)

    def _shown(self, view: View, trigger: Trigger | None) -> View:
        if trigger is not None:
            trigger.led_to.append(view)
        self._slack.changes.touch()
        return view

    def replace(self, view: View, content: dict[str, Any]) -> None:
        """Change a view in place. What was typed stays in inputs that keep block and action id."""
        content = self._identified(content)
        view.versions.append(view.content)
        view.content, view.hash, view.errors = content, self._hash(), {}
        ids = {
            (block["block_id"], block["element"]["action_id"])
            for block in content["blocks"]
            if isinstance(block.get("element"), dict)
        }
        view.values = {
            block_id: kept
            for block_id, values in view.values.items()
            if (kept := {action: value for action, value in values.items() if (block_id, action) in ids})
        }
        self._slack.changes.touch()

    def publish(self, person: "Person", content: dict[str, Any]) -> View:
        if person.home is None:
            person.home = self._new(person, content)
            self._slack.changes.touch()
        else:
            self.replace(person.home, content)
        return person.home

    def close(self, view: View) -> None:
        """Take a modal off the screen."""
        view.open = False
        if view in view.person.modals:
            view.person.modals.remove(view)
        self._slack.changes.touch()

    def answer_submission(self, view: View, payload: Any) -> str | None:
        """Do what the app answered to view_submission; the error that the person sees, if any."""
        action = payload.get("response_action") if isinstance(payload, dict) else None
        person = view.person
        try:
            match action:
                case None if not payload:
                    if view.content.get("clear_on_close"):
                        self._clear(person)
                    self.close(view)
                case "clear":
                    self._clear(person)
                case "errors":
                    known = {block["block_id"] for block in view.blocks if block.get("type") == "input"}
                    errors = payload.get("errors")
                    if not isinstance(errors, dict) or not errors or not errors.keys() <= known:
                        return "invalid_response_errors"
                    view.errors = {str(key): str(value) for key, value in errors.items()}
                case "update":
                    self.replace(view, checked(self._slack, payload.get("view"), "modal"))
                case "push":
                    self.push(person, checked(self._slack, payload.get("view"), "modal"))
                case _:
                    return "invalid_response_action"
        except Refusal as refusal:
            self._slack.complain(f"answer to view_submission: {refusal.error} {refusal.extra or ''}")
            return refusal.error
        self._slack.changes.touch()
        return None

    def _clear(self, person: "Person") -> None:
        for view in list(person.modals):
            self.close(view)

    # -- response URLs -------------------------------------------------------------------------------------

    def response_url(
        self, person: "Person", channel: Channel, message: Message | None = None, thread_ts: str | None = None
    ) -> ResponseUrl:
        path = f"/actions/{channel.workspace.id}/{len(self._urls) + 1}/{secrets.token_hex(12)}"
        url = ResponseUrl(
            self._slack.url + path, person, channel, message, self._slack.clock.now(), thread_ts
        )
        self._urls[path] = url
        return url

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """POST to a response_url."""
        raw = await request.read()
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        planned = self._slack.faults.strike("response_url", body if isinstance(body, dict) else {})
        if planned is None:
            return self._respond(request.path, body)
        from .api import misbehave
        from .faults import Delay, RateLimit, Refuse

        match planned.fault:
            case Refuse(error):
                return _plain(404, error)
            case RateLimit(retry_after):
                return web.Response(
                    status=429, text="rate_limited", headers={"Retry-After": str(retry_after)}
                )
            case Delay():
                await planned.released.wait()
                return self._respond(request.path, body)
        if planned.fault.accept:
            self._respond(request.path, body)
        return await misbehave(self._slack, planned, request)

    def _respond(self, path: str, body: Any) -> web.Response:
        url = self._urls.get(path)
        if url is None:
            return _plain(404, "invalid_url")
        if self._slack.clock.now() - url.issued > RESPONSE_SECONDS:
            return _plain(404, "expired_url")
        if url.uses >= RESPONSE_USES:
            return _plain(404, "used_url")
        if not isinstance(body, dict):
            return _plain(400, "invalid_payload")
        url.uses += 1
        error = self.say(url, body)
        return _plain(400, error) if error else web.Response(text="ok")

    def say(self, url: ResponseUrl, body: dict[str, Any]) -> str | None:
        """Carry out a message answer: an acknowledgement's payload or a post to a response_url."""
        if body.get("delete_original"):
            if url.message is None:
                return "no_original"
            self._slack.acts.delete(url.message)
            return None
        text, blocks = str(body.get("text") or ""), body.get("blocks") or []
        if isinstance(blocks, str):
            try:
                blocks = json.loads(blocks)
            except ValueError:
                return "invalid_blocks_format"
        if len(text) > rules.TEXT_MAX:
            return "msg_too_long"
        if self._slack.validates and (problems := rules.block_problems(blocks, "message")):
            self._slack.complain(f"response to {url.person.name}: {problems}")
            return "invalid_blocks"
        if not text and not blocks:
            return "no_text"
        if blocks and not text:
            self._slack.complain("response: blocks without a top-level text")
        blocks = [{**block, "block_id": block.get("block_id") or self._slack.block_id()} for block in blocks]
        self._show(url, body, markup.stored(text), blocks)
        return None

    def _show(self, url: ResponseUrl, body: dict[str, Any], text: str, blocks: list[dict[str, Any]]) -> None:
        slack = self._slack
        bot = slack.bot_for(url.channel)
        if body.get("replace_original") and url.message is not None:
            slack.acts.edit(url.message, bot, text, blocks)
            url.led_to.append(url.message)
            return
        thread_ts = body.get("thread_ts") or url.thread_ts
        if body.get("response_type") == "in_channel":
            message = slack.acts.post(url.channel, bot, text, blocks, thread_ts=thread_ts, by_app=True)
        else:
            message = slack.acts.whisper(url.channel, bot, url.person, text, blocks, thread_ts=thread_ts)
        if url.message is None:
            url.message = message
        url.led_to.append(message)


def _plain(status: int, error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error}, status=status)

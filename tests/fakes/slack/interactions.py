"""Commands, clicks, forms and shortcuts: what a person does that the app must answer."""

from typing import TYPE_CHECKING, Any, cast

from . import forms
from .answer import Answer
from .delivery import Outcome
from .desk import ResponseUrl, Trigger
from .forms import NotOnScreen
from .state import Channel, Message, View

if TYPE_CHECKING:
    from .people import Person
    from .server import FakeSlack
    from .workspace import Workspace

Where = Message | View


class Interactions:
    """The part of a person that presses, fills in and commands."""

    id: str
    name: str
    workspace: "Workspace"
    modals: list[View]
    home: View | None

    @property
    def slack(self) -> "FakeSlack":
        return self.workspace.slack

    @property
    def _me(self) -> "Person":
        return cast("Person", self)

    # -- commands and shortcuts ----------------------------------------------------------------------------

    async def command(
        self, channel: Channel, name: str, *parts: Any, thread: Message | None = None
    ) -> Answer:
        """Type a slash command. In a thread Slack's client refuses by itself; so it does to unknown ones."""
        slack = self.slack
        known = slack.app.command(name)
        if thread is not None:
            return Answer(slack, error="not_supported_in_threads")
        if known is None or slack.install_for(channel) is None:
            return Answer(slack, error="unknown_command")
        if not channel.holds(self._me):
            raise NotOnScreen(f"{self.name} is not in #{channel.name}")
        trigger, response = slack.desk.trigger(self._me), slack.desk.response_url(self._me, channel)
        payload = {
            "token": slack.app.verification_token,
            "team_id": self.workspace.id,
            "team_domain": self.workspace.domain,
            "channel_id": channel.id,
            "channel_name": _channel_name(channel),
            "user_id": self.id,
            "user_name": self.name,
            "command": name,
            "text": forms.command_text(parts, bool(known.get("should_escape"))).strip(),
            "api_app_id": slack.app.id,
            "is_enterprise_install": "false",
            "response_url": response.url,
            "trigger_id": trigger.id,
        }
        outcome = await slack.delivery.interaction("slash_commands", payload)
        return self._answered(outcome, trigger, response)

    async def shortcut(self, name: str, message: Message | None = None) -> Answer:
        """Use a global shortcut, or one on a message, by its name or callback id."""
        slack = self.slack
        callback_id = slack.app.shortcut(name, "message" if message else "global")
        if callback_id is None:
            raise NotOnScreen(f"there is no {'message' if message else 'global'} shortcut {name!r}")
        trigger = slack.desk.trigger(self._me)
        payload = {
            **self._common("message_action" if message else "shortcut"),
            "action_ts": slack.new_ts(),
            "callback_id": callback_id,
            "trigger_id": trigger.id,
        }
        payload.pop("api_app_id")
        response = None
        if message is not None:
            response = slack.desk.response_url(self._me, message.channel, None, message.thread_ts)
            payload |= {
                "channel": {"id": message.channel.id, "name": _channel_name(message.channel)},
                "message": _passed(message),
                "message_ts": message.ts,
                "response_url": response.url,
            }
        outcome = await slack.delivery.interaction("interactive", payload)
        return self._answered(outcome, trigger, response)

    # -- clicks --------------------------------------------------------------------------------------------

    async def click(self, where: Where, which: str, value: Any = None) -> Answer:
        """Press a button, or pick `value` in a select, checkbox, date or overflow menu.

        `which` is a label, action id or block id. A deleted message can still be on a slow screen.
        """
        if isinstance(where, Message) and where.only_for not in (None, self):
            raise NotOnScreen(f"{self.name} cannot see that message")
        if isinstance(where, View) and (where.person is not self or not where.open):
            raise NotOnScreen(f"{self.name} does not have that view open")
        block, element = forms.find(where.blocks, which)
        state = forms.filled(element, value, self._offered(where, element))
        if isinstance(where, View) and state:
            where.values.setdefault(block["block_id"], {})[element["action_id"]] = state
        return await self._act(where, block, element, state)

    async def type(self, view: View, which: str, value: Any) -> Answer | None:
        """Fill in a field; only one with `dispatch_action` tells the app, and so gives an Answer."""
        block, element = forms.find(view.blocks, which)
        state = forms.filled(element, value, self._offered(view, element))
        view.values.setdefault(block["block_id"], {})[element["action_id"]] = state
        if block.get("type") == "input" and not block.get("dispatch_action"):
            return None
        return await self._act(view, block, element, state)

    async def _act(
        self, where: Where, block: dict[str, Any], element: dict[str, Any], state: dict[str, Any]
    ) -> Answer:
        slack = self.slack
        action: dict[str, Any] = {
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "type": element["type"],
            "action_ts": slack.new_ts(),
            **{
                key: element[key]
                for key in ("text", "value", "style", "confirm", "placeholder")
                if key in element
            },
            **{key: one for key, one in state.items() if key != "type"},
        }
        payload = {**self._common("block_actions"), "actions": [action]}
        view = where if isinstance(where, View) else None
        trigger = slack.desk.trigger(self._me, view if view and view.kind == "modal" else None)
        payload["trigger_id"] = trigger.id
        response = None
        if isinstance(where, View):
            where_json = {**where.as_json(), "state": {"values": forms.state_of(where.blocks, where.values)}}
            payload |= {"container": {"type": "view", "view_id": where.id}, "view": where_json}
        else:
            response = slack.desk.response_url(self._me, where.channel, where, where.thread_ts)
            payload |= self._from_message(where, response)
        outcome = await slack.delivery.interaction("interactive", payload)
        return self._answered(outcome, trigger, response)

    def _from_message(self, message: Message, response: ResponseUrl) -> dict[str, Any]:
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel.id,
            "is_ephemeral": message.ephemeral,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        data: dict[str, Any] = {
            "container": container,
            "channel": {"id": message.channel.id, "name": _channel_name(message.channel)},
            "state": {"values": forms.state_of(message.blocks, {})},
            "response_url": response.url,
        }
        if not message.ephemeral:
            data["message"] = _passed(message)
        return data

    async def options(self, where: Where, which: str, typed: str) -> list[dict[str, Any]]:
        """Type into an external select: the options that the app offers."""
        block, element = forms.find(where.blocks, which)
        if len(typed) < element.get("min_query_length", 3):
            raise NotOnScreen("too short to be looked up")
        payload = {
            **self._common("block_suggestion"),
            "block_id": block["block_id"],
            "action_id": element["action_id"],
            "value": typed,
        }
        if isinstance(where, View):
            payload |= {"container": {"type": "view", "view_id": where.id}, "view": where.as_json()}
        else:
            container = {"type": "message", "message_ts": where.ts, "channel_id": where.channel.id}
            payload |= {"container": container, "message": _passed(where)}
        outcome: Outcome = await self.slack.delivery.interaction("interactive", payload)
        if not outcome.ok:
            raise AssertionError(f"no options: {outcome.reason}")
        answer = outcome.answer or {}
        options: list[dict[str, Any]] = answer.get("options") or [
            option for group in answer.get("option_groups", []) for option in group["options"]
        ]
        for option in options:
            if not 1 <= len(option["text"]["text"]) <= 75 or not 1 <= len(option["value"]) <= 150:
                raise AssertionError(f"Slack would not show the option {option}")
        if len(options) > 100:
            raise AssertionError(f"{len(options)} options, where Slack shows 100")
        self.slack.offered[where, element["action_id"]] = options
        return options

    def _offered(self, where: Where, element: dict[str, Any]) -> list[dict[str, Any]] | None:
        if "external" not in element["type"]:
            return None
        offered: list[dict[str, Any]] | None = self.slack.offered.get((where, element["action_id"]), [])
        return offered

    # -- forms ---------------------------------------------------------------------------------------------

    async def submit(self, view: View, values: dict[str, Any] | None = None) -> Answer:
        """Fill in fields (by label, action id or block id) and press the modal's submit button."""
        if not view.open or not self.modals or self.modals[-1] is not view:
            raise NotOnScreen("that modal is not on top")
        if not view.content.get("submit"):
            raise NotOnScreen("that modal has no submit button")
        for which, value in (values or {}).items():
            block, element = forms.find(view.blocks, which)
            state = forms.filled(element, value, self._offered(view, element))
            view.values.setdefault(block["block_id"], {})[element["action_id"]] = state
        state_values = forms.state_of(view.blocks, view.values)
        if lacking := forms.missing(view.blocks, state_values):
            raise NotOnScreen(f"required and empty: {lacking}")
        return await self.resubmit(view, state_values)

    async def resubmit(self, view: View, values: dict[str, dict[str, Any]] | None = None) -> Answer:
        """Send view_submission, whatever the client would say: twice, late, or with these raw values."""
        slack = self.slack
        raw = values if values is not None else forms.state_of(view.blocks, view.values)
        view.errors = {}
        trigger = slack.desk.trigger(self._me, view)
        payload = {
            **self._common("view_submission"),
            "trigger_id": trigger.id,
            "view": {**view.as_json(), "state": {"values": raw}},
            "response_urls": [],
        }
        outcome = await slack.delivery.interaction("interactive", payload)
        error = slack.desk.answer_submission(view, outcome.answer) if outcome.ok and view.open else None
        answer = Answer(slack, outcome=outcome, error=error, trigger=trigger, view=view)
        answer.error = answer.error or error
        return answer

    async def close(self, view: View, *, clear: bool = False) -> Answer | None:
        """Press Cancel or the cross (`clear`: of the whole stack). Tells the app if the view asked for it."""
        closing = list(self.modals) if clear else [view]
        for one in closing:
            self.slack.desk.close(one)
        if not view.content.get("notify_on_close"):
            return None
        payload = {**self._common("view_closed"), "view": view.as_json(), "is_cleared": clear}
        outcome = await self.slack.delivery.interaction("interactive", payload)
        return Answer(self.slack, outcome=outcome, view=view)

    # -- the Home tab --------------------------------------------------------------------------------------

    async def open_home(self) -> None:
        """Look at the app's Home tab."""
        await self._open_tab("home")

    async def open_messages(self) -> None:
        """Look at the app's messages tab."""
        await self._open_tab("messages")

    async def _open_tab(self, tab: str) -> None:
        slack = self.slack
        bot = self.workspace.bot
        channel = slack.acts.open_im(self.workspace, bot, self._me)
        event: dict[str, Any] = {
            "type": "app_home_opened",
            "user": self.id,
            "channel": channel.id,
            "tab": tab,
        }
        if tab == "home" and self.home is not None:
            event["view"] = self.home.as_json()
        slack.events.in_workspace(self.workspace, event)

    # -- common --------------------------------------------------------------------------------------------

    def _common(self, kind: str) -> dict[str, Any]:
        slack = self.slack
        user = {"id": self.id, "username": self.name, "name": self.name, "team_id": self.workspace.id}
        return {
            "type": kind,
            "token": slack.app.verification_token,
            "api_app_id": slack.app.id,
            "team": {"id": self.workspace.id, "domain": self.workspace.domain},
            "user": user,
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _answered(self, outcome: Outcome, trigger: Trigger, response: ResponseUrl | None) -> Answer:
        """Show what the acknowledgement itself says."""
        answer = Answer(self.slack, outcome=outcome, trigger=trigger, response=response)
        if outcome.ok and response is not None and isinstance(outcome.answer, dict) and outcome.answer:
            answer.error = self.slack.desk.say(response, outcome.answer)
        return answer


def _channel_name(channel: Channel) -> str:
    return {"im": "directmessage", "mpim": channel.name, "group": "privategroup"}.get(
        channel.kind, channel.name
    )


def _passed(message: Message) -> dict[str, Any]:
    """A message as interactions carry it."""
    return message.as_json()

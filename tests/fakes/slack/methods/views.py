"""views.*: modals and the Home tab."""

from typing import Any

from .. import blocks as rules
from ..call import Call, Method, Refusal, invalid_arguments
from ..state import View


def checked(slack: Any, view: Any, kind: str) -> dict[str, Any]:
    """A view that Slack would take. Raises Refusal."""
    if not isinstance(view, dict):
        raise invalid_arguments("missing required field: view" if view is None else "must be an object")
    if view.get("type") != kind:
        raise invalid_arguments(f"invalid view type {view.get('type')} [json-pointer:/view/type]")
    if rules.view_too_large(view):
        raise Refusal("view_too_large")
    if slack.validates and (problems := rules.view_problems(view)):
        raise invalid_arguments(*problems)
    return view


def _view(call: Call, kind: str) -> dict[str, Any]:
    return checked(call.slack, call.json("view", "invalid_arguments"), kind)


def _opened(call: Call, view: View) -> dict[str, Any]:
    view.installed = call.workspace
    return {"view": view.as_json()}


def open_(call: Call) -> dict[str, Any]:
    view = _view(call, "modal")
    trigger = call.slack.desk.exchange(call.need("trigger_id"), call.token)
    return _opened(call, call.slack.desk.show(trigger.person, view, trigger))


def push(call: Call) -> dict[str, Any]:
    view = _view(call, "modal")
    trigger = call.slack.desk.exchange(call.need("trigger_id"), call.token)
    if trigger.view is None or not trigger.view.open:
        raise Refusal("not_found")
    return _opened(call, call.slack.desk.push(trigger.person, view, trigger))


def _existing(call: Call) -> View:
    view_id, external_id = call.text("view_id"), call.text("external_id")
    if not view_id and not external_id:
        raise invalid_arguments("missing required field: view_id or external_id")
    view: View | None = call.slack.desk.find(call.workspace, view_id, external_id)
    if view is None or not view.open:
        raise Refusal("not_found")
    return view


def update(call: Call) -> dict[str, Any]:
    content = call.json("view", "invalid_arguments")
    view = _existing(call)
    content = checked(call.slack, content, view.kind)
    if call.text("hash") and call.text("hash") != view.hash:
        raise Refusal("hash_conflict")
    call.slack.desk.replace(view, content)
    return {"view": view.as_json()}


def publish(call: Call) -> dict[str, Any]:
    content = _view(call, "home")
    if not call.slack.app.home_tab:
        raise Refusal("not_enabled")
    person = call.known_user(call.need("user_id"), "invalid_arguments")
    home = person.home
    if call.text("hash") and (home is None or call.text("hash") != home.hash):
        raise Refusal("hash_conflict")
    return {"view": call.slack.desk.publish(person, content).as_json()}


METHODS = {
    "views.open": Method(open_, "trigger_id view interactivity_pointer", tier=4, json=True),
    "views.push": Method(push, "trigger_id view interactivity_pointer", tier=4, json=True),
    "views.update": Method(update, "view view_id external_id hash", tier=4, json=True),
    "views.publish": Method(publish, "user_id view hash", tier=4, json=True),
}

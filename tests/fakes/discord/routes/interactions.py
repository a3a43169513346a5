"""The first answer to an interaction, and its messages by token."""

from __future__ import annotations

from typing import Any

from .. import wire
from ..errors import refusal
from ..interactions import Interaction
from ..routing import Answer, Call, Route

Json = dict[str, Any]


def callback(call: Call) -> Json | None:
    """The first answer."""
    interaction = call.world.interactions.get(call.params["interaction_token"])
    if interaction is None or interaction.id != call.number("interaction_id"):
        raise refusal(10062)
    interaction.answer(call.body, call.files)
    if call.query.get("with_response", "false").lower() in ("true", "1"):
        return interaction.callback_json()
    return None


def _interaction(call: Call) -> Interaction:
    interaction = call.world.interactions.get(call.params["webhook_token"])
    if call.number("webhook_id") != call.world.application_id or interaction is None:
        raise refusal(10015)
    return interaction


def follow_up(call: Call) -> Json:
    """A further message."""
    message = _interaction(call).follow_up(call.body or {}, call.files)
    return wire.message(message, call.world)


def one(call: Call) -> Json:
    """One of the interaction's messages."""
    return wire.message(_interaction(call).message_of(call.params.get("message_id", "@original")), call.world)


def edit(call: Call) -> Json:
    """Change one of the interaction's messages."""
    which = call.params.get("message_id", "@original")
    message = _interaction(call).edit(which, call.body or {}, call.files)
    return wire.message(message, call.world)


def delete(call: Call) -> Answer:
    """Delete one of the interaction's messages."""
    message = _interaction(call).message_of(call.params.get("message_id", "@original"))
    call.world.posts.delete(message)
    return Answer(204, None)


_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
ROUTES: list[Route] = [
    ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", callback),
    ("POST", _WEBHOOK, follow_up),
    *(
        route
        for which in ("@original", "{message_id}")
        for route in (
            ("GET", f"{_WEBHOOK}/messages/{which}", one),
            ("PATCH", f"{_WEBHOOK}/messages/{which}", edit),
            ("DELETE", f"{_WEBHOOK}/messages/{which}", delete),
        )
    ),
]

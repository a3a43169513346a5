"""What a person gets for a command, a click or a form: the acknowledgement and all that follows from it."""

from typing import TYPE_CHECKING, Any

from .delivery import Outcome
from .desk import ResponseUrl, Trigger
from .state import Message, View

if TYPE_CHECKING:
    from .server import FakeSlack

_SHOWN_ERRORS = {
    "timeout": "operation_timeout",
    "http_timeout": "operation_timeout",
    "no_connection": "dispatch_failed",
    "connection_failed": "dispatch_failed",
    "http_error": "dispatch_failed",
    "no_request_url": "dispatch_failed",
}


class Answer:
    """The app's reaction. Truthy if the app acknowledged in time and Slack could make sense of it."""

    def __init__(
        self,
        slack: "FakeSlack",
        *,
        outcome: Outcome | None = None,
        error: str | None = None,
        trigger: Trigger | None = None,
        response: ResponseUrl | None = None,
        view: View | None = None,
    ) -> None:
        self._slack = slack
        self._trigger = trigger
        self._response = response
        self.submitted = view
        self.ack: Any = outcome.answer if outcome is not None and outcome.ok else None
        self.error = error
        if outcome is not None and not outcome.ok:
            self.error = _SHOWN_ERRORS.get(outcome.reason, outcome.reason)

    def __bool__(self) -> bool:
        return self.error is None

    def __repr__(self) -> str:
        return f"<Answer error={self.error!r} ack={self.ack!r}>"

    @property
    def trigger_id(self) -> str:
        assert self._trigger is not None, "this interaction has no trigger"
        return self._trigger.id

    @property
    def response_url(self) -> str:
        assert self._response is not None, "this interaction has no response_url"
        return self._response.url

    @property
    def messages(self) -> list[Message]:
        """Messages that came by the acknowledgement or the response_url, oldest first."""
        return list(self._response.led_to) if self._response is not None else []

    @property
    def views(self) -> list[View]:
        """Modals that were opened or pushed with the trigger."""
        return list(self._trigger.led_to) if self._trigger is not None else []

    @property
    def errors(self) -> dict[str, str]:
        """The mistakes shown in the submitted form, by block id."""
        return dict(self.submitted.errors) if self.submitted is not None else {}

    async def message(self, within: float = 5.0) -> Message:
        """The first message that came by acknowledgement or response_url; waits for it."""
        found: list[Message] = await self._slack.until(lambda: self.messages, within)
        return found[0]

    async def view(self, within: float = 5.0) -> View:
        """The first modal that was opened or pushed; waits for it."""
        found: list[View] = await self._slack.until(lambda: self.views, within)
        return found[0]

"""What somebody must mend at Slack: logged and told to an admin of the workspace, once for each cause."""

from __future__ import annotations

import structlog

from bot.platforms.base import DeliveryError
from bot.platforms.slack.client import Refused
from bot.platforms.slack.workspace import Workspace

log = structlog.get_logger(__name__)

REMEDIES = {
    "not_in_channel": "I was asked to post in {place}, but I am not in it. Invite me there: /invite @Kith",
    "channel_not_found": "I was asked to post in a channel that is gone or private ({place}). Choose another "
    "in my settings, or invite me there.",
    "is_archived": "I was asked to post in {place}, which is archived. Choose another channel for me.",
    "restricted_action": "I may not post in {place}: its posting permissions leave me out.",
    "missing_scope": "I lack a permission at Slack. Install me again from my app's page; "
    "`kith doctor` names it.",
    "token_revoked": "",
    "invalid_auth": "",
    "account_inactive": "",
}
"""By Slack's word. An empty one can only be told in the log, since Slack takes no message any more."""


class Notices:
    """Tells each trouble once, as long as this process lives."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str, str]] = set()

    async def trouble(self, workspace: Workspace, error: str, place: str) -> None:
        """Slack refused something for a reason that stays until somebody mends it."""
        word = "restricted_action" if error.startswith("restricted_action") else error
        remedy = REMEDIES.get(word)
        if remedy is None or (workspace.team, word, place) in self._told:
            return
        self._told.add((workspace.team, word, place))
        log.error("slack_refuses", error=error, workspace=workspace.team, channel=place)
        admin = workspace.an_admin()
        if remedy and admin is not None:
            await self._say(workspace, admin, remedy.format(place=f"<#{place}>" if place else "a channel"))

    async def tell(self, workspace: Workspace, word: str, text: str, person: str) -> None:
        """Tell something else once: to whom it concerns, or to an admin."""
        to = person or workspace.an_admin()
        if to is None or (workspace.team, word, "") in self._told:
            return
        self._told.add((workspace.team, word, ""))
        await self._say(workspace, to, text)

    def forget(self, team: str) -> None:
        """A workspace begins anew: what was told before may be told again."""
        self._told = {told for told in self._told if told[0] != team}

    @staticmethod
    async def _say(workspace: Workspace, person: str, text: str) -> None:
        try:
            channel = await workspace.direct(person)
            await workspace.client.call("chat.postMessage", channel=channel, text=text)
        except (Refused, DeliveryError) as failure:
            log.warning("slack_admin_not_told", error=str(failure))

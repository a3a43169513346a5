"""What somebody must mend at Slack: logged and told to an admin of the workspace, once until it is mended."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

import structlog

from bot.platforms.base import DeliveryError, Told
from bot.platforms.slack.client import Refused
from bot.platforms.slack.workspace import Workspace

log = structlog.get_logger(__name__)

REMEDIES: Final = {
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
EVERYWHERE: Final = frozenset({"missing_scope", "token_revoked", "invalid_auth", "account_inactive"})
"""What is the same trouble in whichever channel it shows."""


PRIVATE: Final = "private"
FILES: Final = "files"
"""Where there is no channel: private messages, pictures."""


class Notices:
    """Tells each trouble once. ``told`` remembers that beyond this process; without it, only here."""

    def __init__(self) -> None:
        self.told: Told | None = None
        self._known: dict[str, set[str]] = {}

    async def trouble(self, workspace: Workspace, error: str, place: str) -> None:
        """Slack refused something for a reason that stays until somebody mends it.

        ``place`` is the channel's id, PRIVATE or FILES.
        """
        word = "restricted_action" if error.startswith("restricted_action") else error
        remedy = REMEDIES.get(word)
        if remedy is None or (place in (PRIVATE, FILES) and word not in EVERYWHERE):
            return
        known = await self._of(workspace)
        what = f"{word} {place}"
        if what in known:
            return
        if word in EVERYWHERE and any(one.startswith(f"{word} ") for one in known):
            return
        log.error("slack_refuses", error=error, workspace=workspace.team, channel=place)
        await self._once(workspace, what, remedy.format(place=f"<#{place}>"), workspace.an_admin())

    async def tell(self, workspace: Workspace, word: str, text: str, person: str) -> None:
        """Tell something else once: to whom it concerns, or to an admin."""
        if word not in await self._of(workspace):
            await self._once(workspace, word, text, person or workspace.an_admin())

    async def mended(self, workspace: Workspace, place: str) -> None:
        """Something arrived there, so what was told of the place holds no more."""
        known = await self._of(workspace)
        if not known:
            return
        for what in [one for one in known if one.partition(" ")[2] == place]:
            await self._drop(workspace, what)

    async def forget(self, workspace: Workspace) -> None:
        """A workspace begins anew: what was told before may be told again."""
        for what in list(await self._of(workspace)):
            await self._drop(workspace, what)

    async def _once(self, workspace: Workspace, what: str, text: str, person: str | None) -> None:
        """Say it, and keep that only once it is said: twice is better than never."""
        known = self._known.setdefault(workspace.team, set())
        known.add(what)
        if text and person is not None:
            try:
                channel = await workspace.direct(person)
                await workspace.client.call("chat.postMessage", channel=channel, text=text)
            except Refused as failure:
                log.warning("slack_admin_not_told", error=str(failure))
                return
            except DeliveryError as failure:
                log.warning("slack_admin_not_told", error=str(failure))
                known.discard(what)
                return
            if self.told is not None:
                await _kept(self.told.keep(workspace.space, what))

    async def _drop(self, workspace: Workspace, what: str) -> None:
        self._known[workspace.team].discard(what)
        if self.told is not None:
            await _kept(self.told.drop(workspace.space, what))

    async def _of(self, workspace: Workspace) -> set[str]:
        known = self._known.get(workspace.team)
        if known is None:
            stored = frozenset[str]()
            if self.told is not None:
                try:
                    stored = await self.told.of(workspace.space)
                except Exception as error:
                    log.warning("slack_told_unread", error=f"{type(error).__name__}: {error}")
                    return set()
            known = self._known.setdefault(workspace.team, set())
            known |= stored
        return known


async def _kept(work: Awaitable[None]) -> None:
    try:
        await work
    except Exception as error:
        log.warning("slack_told_not_kept", error=f"{type(error).__name__}: {error}")

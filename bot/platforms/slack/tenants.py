"""Many workspaces at once: they come by OAuth, their tokens are kept fresh, and they go with the app.

What Slack's events say about an end is a hint, since they come late, twice and in any order; whether a token
still works is the truth.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, MutableMapping
from functools import partial
from typing import Any, Final

import structlog

from bot.model.events import SpaceLost, SpaceSeen
from bot.model.ids import Space
from bot.platforms.background import Background
from bot.platforms.base import DeliveryError, Sink
from bot.platforms.slack.api import Api
from bot.platforms.slack.client import DEAD, Client, Refused
from bot.platforms.slack.installs import Installation, Installs, State
from bot.platforms.slack.notices import Notices
from bot.platforms.slack.oauth import OAuth
from bot.platforms.slack.renewal import Renewal
from bot.platforms.slack.workspace import PLATFORM, Workspace

LOOK: Final = 60.0
"""Seconds between two looks at what other processes have stored."""
AT_ONCE: Final = 8
"""Workspaces that are asked about at the same time."""
ENDS: Final = {"app_uninstalled": State.UNINSTALLED, "tokens_revoked": State.REVOKED}
REFUSED: Final = (
    "Slack gives me no new access to this workspace, so I fall silent within twelve hours, when the present "
    "one ends. Somebody who may install apps can let me in again: {install}"
)

Json = Mapping[str, Any]
log = structlog.get_logger(__name__)


class Unreadable(Exception):
    """The app is installed there, but no key opens the tokens: whatever it is, it has to wait."""


class Tenants:
    """Keeps ``workspaces`` as they are installed. ``now`` is real time in UTC milliseconds."""

    def __init__(
        self,
        *,
        oauth: OAuth,
        installs: Installs,
        workspaces: MutableMapping[str, Workspace],
        sink: Sink,
        notices: Notices,
        api: Api,
        install: str,
        now: Callable[[], int],
    ) -> None:
        self._oauth = oauth
        self._installs = installs
        self._workspaces = workspaces
        self._sink = sink
        self._notices = notices
        self._api = api
        self._install = install
        self._now = now
        self._renewal = Renewal(oauth, installs, self._use_fresh, now)
        self._held: dict[str, Installation] = {}
        self._ending: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._poked = asyncio.Event()
        self._work = Background()
        self._meeting = asyncio.Semaphore(AT_ONCE)
        self._renewing = asyncio.Semaphore(AT_ONCE)  # not the same: who is met may need a new token for it

    # -- all of them ---------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Know every workspace that is installed, without asking Slack; waits for the storage."""
        wait = 0.5
        while True:
            try:
                found = await self._installs.every()
                break
            except Exception as error:
                log.warning(
                    "slack_installs_not_read", error=f"{type(error).__name__}: {error}", again_in=wait
                )
                await asyncio.sleep(wait)
                wait = min(wait * 2, 30.0)
        for installation in found:
            self._adopt(installation)

    async def run(self) -> None:
        """Renew what is due, and see what other processes have changed, until cancelled."""
        while True:
            try:
                wait = await self.look()
            except Exception as error:
                log.warning("slack_installs_not_read", error=f"{type(error).__name__}: {error}")
                wait = LOOK / 4
            try:
                async with asyncio.timeout(wait):
                    await self._poked.wait()
            except TimeoutError:
                continue
            self._poked.clear()

    async def look(self) -> float:
        """Look once; the seconds until the next look."""
        for team, version in (await self._installs.versions()).items():
            held = self._held.get(team)
            if held is None or held.version != version:
                await self._read(team)
        waits = [LOOK]
        async with asyncio.TaskGroup() as group:
            for held in list(self._held.values()):
                at = self._renewal.due_at(held)
                if at is not None and at <= self._now():
                    group.create_task(self._renewed(held))
                elif at is not None:
                    waits.append((at - self._now()) / 1_000)
        return max(min(waits), 0.05)

    async def close(self) -> None:
        await self._renewal.close()
        await self._work.close()

    # -- one of them comes ---------------------------------------------------------------------------------

    async def add(self, installation: Installation) -> None:
        """Somebody has installed the app: keep that, and be there. Raises as the storage does."""
        self._adopt(await self._installs.keep(installation))
        log.info("slack_installed", workspace=installation.team, name=installation.name)

    async def known(self, teams: list[str]) -> bool:
        """Whether one of these is installed; looks at what is stored if none is known here."""
        if any(team in self._workspaces and not self._workspaces[team].lost for team in teams):
            return True
        for team in teams:
            await self._read(team)
        return any(team in self._workspaces and not self._workspaces[team].lost for team in teams)

    def held(self, team: str) -> Installation | None:
        """An installation as it is known here."""
        return self._held.get(team)

    async def renew(self, team: str) -> bool:
        """Ask for new tokens for a workspace now; whether there are."""
        held = self._held.get(team)
        return held is not None and held.tokens is not None and await self._renewed(held)

    def unreadable(self, team: str) -> bool:
        """Whether the app is there, but no key opens its tokens."""
        held = self._held.get(team)
        return held is not None and held.unreadable

    def stuck(self, team: str) -> bool:
        """Whether nothing can be said there before somebody has mended it, though the app is there."""
        held = self._held.get(team)
        if held is None or held.tokens is None:
            return held is not None and held.unreadable
        return bool(held.refused) and (held.tokens.expires_at or 0) <= self._now()

    async def _read(self, team: str) -> None:
        installation = await self._installs.get(team)
        if installation is not None:
            self._adopt(installation)

    def _adopt(self, installation: Installation) -> None:
        """Go on with an installation as it is stored; a newly met one is greeted."""
        team = installation.team
        before = self._held.get(team)
        if before is not None and before.version >= installation.version:
            return
        self._use(installation)
        if installation.unreadable:
            log.error(
                "slack_tokens_unreadable",
                workspace=team,
                what="no key of slack.encryption_keys opens its tokens: put back the one that they were "
                "encrypted with, or have the app installed again",
            )
        if installation.tokens is not None:
            is_new = (
                before is None or before.tokens is None or before.installed_at != installation.installed_at
            )
            if is_new:
                if before is not None:
                    self._work.start(self._notices.forget(self._workspaces[team]))
                self._work.start(self._meet(installation))
        self._poked.set()

    def _use(self, installation: Installation) -> None:
        self._held[installation.team] = installation
        workspace = self._workspaces.get(installation.team)
        if installation.tokens is None:
            if workspace is not None:
                workspace.lost = True
            return
        token = installation.tokens.access
        if workspace is None:
            client = Client(token, self._api)
            client.mend = partial(self._mend, installation.team)
            workspace = Workspace(
                installation.team,
                installation.name,
                installation.bot_user,
                client,
                bot_id=installation.bot_id,
            )
            workspace.seen_at = self._now()
            self._workspaces[installation.team] = workspace
        workspace.client.use(token)
        workspace.space = Space(PLATFORM, installation.team, installation.name)
        workspace.bot_user, workspace.bot_id = installation.bot_user, installation.bot_id
        workspace.lost = False

    def _use_fresh(self, installation: Installation) -> None:
        """Go on with tokens that Slack just gave, unless the app was installed again meanwhile."""
        held = self._held.get(installation.team)
        if held is None or held.version <= installation.version:
            self._use(installation)

    async def _meet(self, installation: Installation) -> None:
        """Look whether its token works, and tell the host that Kith is there."""
        team, wait = installation.team, 0.5
        while True:
            workspace, held = self._workspaces.get(team), self._held.get(team)
            if workspace is None or workspace.lost or held is None or held.tokens is None or held.refused:
                return
            try:
                async with self._meeting:
                    await workspace.client.call("auth.test")
                    await self._sink.accept(
                        SpaceSeen(
                            id=f"{workspace.space.key}:seen:{held.installed_at}:{self._now()}",
                            space=workspace.space,
                            at=self._now(),
                        )
                    )
                return
            except Refused as refused:
                if refused.error in DEAD:
                    return  # what follows from it is on its way
                error: Exception = refused
            except Exception as failure:
                error = failure
            log.warning("slack_workspace_not_met", workspace=team, error=str(error), again_in=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 60.0)

    # -- its tokens ----------------------------------------------------------------------------------------

    async def _renewed(self, held: Installation) -> bool:
        """Ask for new tokens; whether there are other ones now than ``held`` has."""
        async with self._renewing:
            present = await self._renewal.attempt(held)
        if present is None:
            return False
        self._adopt(present)
        if present.refused and present.version != held.version:
            log.error(
                "slack_tokens_refused",
                workspace=held.team,
                error=present.refused,
                remedy=f"install again: {self._install}",
            )
            await self._tell_refused(present)
        return present.tokens is not None and present.tokens != held.tokens

    async def _tell_refused(self, installation: Installation) -> None:
        workspace = self._workspaces[installation.team]
        text = REFUSED.format(install=self._install)
        await self._notices.tell(workspace, "tokens_refused", text, installation.installed_by)

    async def _mend(self, team: str, spent: str, error: str) -> bool:
        """A call with the token ``spent`` was refused: whether there is another to repeat it with."""
        if error in DEAD and not self._is_other(team, spent):
            try:
                await self._read(team)
            except Exception as failure:
                log.warning("slack_installs_not_read", error=f"{type(failure).__name__}: {failure}")
        held = self._held.get(team)
        if held is None or held.tokens is None:
            return False
        if self._is_other(team, spent):
            return True
        if error == "token_expired" and held.tokens.refresh is not None and not held.refused:
            return await self._renewed(held)
        if error in DEAD:
            state = State.UNINSTALLED if error == "account_inactive" else State.REVOKED
            self._work.start(self._doubt(team, state))
        return False

    def _is_other(self, team: str, spent: str) -> bool:
        held = self._held.get(team)
        return held is not None and held.tokens is not None and held.tokens.access != spent

    # -- one of them goes ----------------------------------------------------------------------------------

    async def took(self, body: Json) -> bool:
        """Take a request that tells of an end; others are only met with their workspace known.

        Raises as the storage does, and Unreadable.
        """
        event = body.get("event") or {}
        if body.get("type") == "event_callback" and event.get("type") in ENDS:
            of_bot = event["type"] != "tokens_revoked" or bool((event.get("tokens") or {}).get("bot"))
            team = str(body.get("team_id") or "")
            if of_bot and team:
                await self._doubt(team, ENDS[event["type"]], int(body.get("event_time") or 0) * 1_000)
            return True
        teams = teams_of(body)
        if not await self.known(teams) and any(map(self.unreadable, teams)):
            raise Unreadable("its tokens can't be decrypted")
        return False

    async def _doubt(self, team: str, state: State, at: int | None = None) -> None:
        """Look whether the app is still there, and end what isn't. ``at``: when Slack says that it ended."""
        async with self._ending[team]:
            while True:
                await self._read(team)  # another process may hold newer tokens than these
                held = self._held.get(team)
                if held is None or await self._end(held, state, at):
                    return

    async def _end(self, held: Installation, state: State, at: int | None) -> bool:
        """End an installation that is gone; False if it isn't the present one any more."""
        if held.state is not State.INSTALLED:
            if held.state is state or held.state is State.UNINSTALLED:
                return True
        elif not await self._is_dead(held, at):
            log.info("slack_end_is_old_news", workspace=held.team, what=state.value)
            return True
        elif (workspace := self._workspaces.get(held.team)) is not None:
            workspace.lost = True
            # first this, so that whatever fails below is done again in whole
            lost = f"{workspace.space.key}:lost:{held.installed_at}"
            await self._sink.accept(SpaceLost(id=lost, space=workspace.space, at=self._now()))
        ended = await self._installs.end(held, state)
        if ended is None:
            return False
        self._use(ended)
        log.warning("slack_uninstalled", workspace=held.team, name=held.name, what=state.value)
        return True

    async def _is_dead(self, held: Installation, at: int | None) -> bool:
        if held.tokens is not None:
            try:
                await Client(held.tokens.access, self._api).call("auth.test")
                return False
            except Refused as refused:
                if refused.error in DEAD:
                    return True
            except DeliveryError:
                pass
        # nobody can say now: what is told of a time after the installation is believed
        return at is not None and at >= held.installed_at


def teams_of(body: Json) -> list[str]:
    """The workspaces that a request may be for, the likeliest first."""
    found = [one.get("team_id") for one in body.get("authorizations") or ()]
    if not any(found):
        found = [
            (body.get("view") or {}).get("app_installed_team_id"),
            (body.get("team") or {}).get("id"),
            body.get("team_id"),
        ]
    return list(dict.fromkeys(str(team) for team in found if team))

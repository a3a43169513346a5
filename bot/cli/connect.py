"""`kith connect discord`: step by step to a bot that is at home in a server. Each step can be repeated."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from bot.cli.chosen import chosen_channels
from bot.cli.failures import Refused
from bot.cli.terminal import Terminal, TyperTerminal, keep_token, tokens_folder, with_secret_file
from bot.config import Config
from bot.config_file import Loaded, load
from bot.core import catalog_of
from bot.model.ids import Member
from bot.model.outgoing import Direct, Post
from bot.model.text import T
from bot.platforms.base import DeliveryError
from bot.platforms.discord import application, checkup, commands
from bot.platforms.discord.adapter import DiscordPlatform
from bot.platforms.discord.api import Api
from bot.platforms.discord.application import Application
from bot.platforms.discord.errors import Refused as RefusedByDiscord
from bot.platforms.discord.limits import LIMITS
from bot.platforms.discord.pace import Pace
from bot.platforms.discord.permissions import NEEDS, invitation

__all__ = ["Guide", "connect", "tokens_folder", "with_token_file"]

LOOK_EVERY: Final = 2.0
"""Seconds between two looks whether the bot was invited."""
_CHANNELS_SHOWN: Final = 12
_SERVERS_SHOWN: Final = 5
_NAME_SHOWN: Final = 32
"""Characters of a channel's name beside which there is still room."""
_COLUMN: Final = max(len(need.name) for need in NEEDS)


def connect(config: Path | None) -> None:
    """Lead through all steps on this terminal."""
    asyncio.run(Guide(load(config), config, TyperTerminal()).lead())


class Guide:
    """The steps, told to a terminal."""

    def __init__(
        self, loaded: Loaded, config: Path | None, terminal: Terminal, *, look_every: float = LOOK_EVERY
    ) -> None:
        self._loaded = loaded
        self._config: Config = loaded.config
        self._file = loaded.file or (config or self._config.home / "config.toml")
        self._terminal = terminal
        self._look_every = look_every

    async def lead(self) -> None:
        """All steps. Raises Refused, with what to do, where it can't go on."""
        try:
            await self._steps()
        except RefusedByDiscord as refused:
            raise Refused(f"Discord refuses: {refused}") from refused
        except DeliveryError as error:
            check = checkup.unreachable(error)
            raise Refused(f"{check.title} {check.detail}. {check.remedy} Then try again.") from error
        self._say("\nAll done. Start Kith with `kith run`, then write /kith-admin setup in your server.")

    async def _steps(self) -> None:
        async with AsyncExitStack() as stack:
            token, api, found = await self._sign_in(stack)
            self._say(f"   It belongs to {found.name}.")
            if token != self._known:
                self._keep(token, found)
            found = await self._intents(api, found)
            servers = await self._invite(api, found)
            await self._permissions(api, found, servers)
            await self._register(api, found)
            await self._greet(token, api, servers)

    def _say(self, text: str = "") -> None:
        self._terminal.say(text)

    @property
    def _known(self) -> str | None:
        """The token that is configured."""
        token = self._config.discord.token
        return None if token is None else token.get_secret_value()

    async def _sign_in(self, stack: AsyncExitStack) -> tuple[str, Api, Application]:
        """A token that Discord takes, the connection that it makes, and whose it is."""
        if (known := self._known) is not None:
            self._say("1. The token is configured already.")
            try:
                return known, *await self._try(known, stack)
            except RefusedByDiscord as refused:
                check = checkup.token_refused(refused)
                where = self._loaded.where("discord", "token")
                if refused.status != 401 or where.startswith("environment"):
                    raise Refused(f"{where}: {check.detail}. {check.remedy}") from refused
                self._say(f"   {check.detail}. {check.remedy}")
        else:
            self._say(
                "1. Open https://discord.com/developers/applications, press New Application, then choose Bot"
                "\n   and Reset Token. What you paste here is not shown."
            )
        token = self._ask_token()
        try:
            return token, *await self._try(token, stack)
        except RefusedByDiscord as refused:
            check = checkup.token_refused(refused)
            raise Refused(f"{check.detail}. {check.remedy}") from refused

    async def _try(self, token: str, stack: AsyncExitStack) -> tuple[Api, Application]:
        api = Api(self._config.discord.api, token, Pace.at(LIMITS.per_second))
        stack.push_async_callback(api.close)
        return api, await application.fetch(api)

    def _ask_token(self) -> str:
        token = self._terminal.ask_secret("   Token").strip(" \t\r\n\"'").removeprefix("Bot ").strip()
        if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token):
            raise Refused(
                "That is no bot token: those have three parts with dots between them. The client secret and "
                "the public key are other things; the token is on the page Bot."
            )
        return token

    def _keep(self, token: str, found: Application) -> None:
        file = keep_token(f"discord-{found.id}.token", token)
        text = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        self._file.write_text(with_token_file(text, file), encoding="utf-8")
        self._say(f"   Kept in {file}, for you alone; {self._file.name} names it.")

    async def _intents(self, api: Api, found: Application) -> Application:
        self._say("\n2. What Discord lets Kith see:")
        while not found.sees_members:
            self._say(
                "   Joins: not yet. Without them newcomers are greeted only when they first write or click."
                f"\n   Switch on Server Members Intent at {checkup.portal(found)} and save."
            )
            if self._skips():
                break
            found = await application.fetch(api)
        else:
            self._say("   Joins: yes, so newcomers can be greeted.")
        reads = checkup.reads_words(catalog_of(self._config))
        if found.sees_content:
            self._say("   What people write: yes.")
        elif reads:
            self._say(
                "   What people write: no, so features of yours that read it see only what mentions Kith."
                f"\n   Switch on Message Content Intent at {checkup.portal(found)} if that is not enough."
            )
        else:
            self._say("   What people write: no, which is fine; none of your features needs it.")
        return found

    async def _invite(self, api: Api, found: Application) -> list[checkup.Server]:
        self._say("\n3. Invite it with this link, which asks for no more than it needs:")
        self._say(f"   {invitation(found.id)}")
        told = await checkup.joined(api)
        if not told and found.wants_grant:
            self._say(f"   {checkup.NO_GRANT} {checkup.portal(found)}")
        if not told:
            self._say("   Waiting until it is in a server (Ctrl-C stops; you can run this again) …")
        while not told:
            await asyncio.sleep(self._look_every)
            told = await checkup.joined(api)
        servers = await self._servers(api, found)
        self._say(f"   It is in {', '.join(each.name for each in servers)}.")
        return servers

    async def _servers(self, api: Api, found: Application) -> list[checkup.Server]:
        told, chosen = await checkup.joined(api), await chosen_channels(self._config, "discord")
        return [await checkup.server(api, found, each, chosen) for each in told[:_SERVERS_SHOWN]]

    async def _permissions(
        self, api: Api, found: Application, servers: Sequence[checkup.Server]
    ) -> Sequence[checkup.Server]:
        self._say("\n4. What it may do:")
        while True:
            for server in servers:
                self._table(server)
            found_wrong = [*checkup.unseen([*servers]), *checkup.permissions([*servers])]
            wrong = [check for check in found_wrong if check.remedy]
            if not wrong:
                break
            for check in wrong:
                self._say(f"   {check.detail}.\n   {check.remedy}")
            if self._skips():
                break
            servers = await self._servers(api, found)
        for check in checkup.greetings([*servers]):
            if check.remedy:
                self._say(f"   {check.detail}.\n   {check.remedy}")
        if any(granted.lacks or granted.would_like for server in servers for granted in server.channels):
            self._say("   What each is for:")
            for need in NEEDS:
                self._say(f"     {need.name:{_COLUMN}} {need.why}{'' if need.vital else ' (not needed)'}")
        return servers

    def _table(self, server: checkup.Server) -> None:
        self._say(f"   {server.name}")
        shown = server.channels[:_CHANNELS_SHOWN]
        width = min(max((len(granted.channel) for granted in shown), default=0), _NAME_SHOWN) + 1
        for granted in shown:
            lacks = [*granted.lacks, *granted.would_like]
            what = f"lacks {', '.join(need.name for need in lacks)}" if lacks else "all it needs"
            where = "; newcomers are greeted here" if granted.is_default else ""
            where = where or ("; chosen in the settings" if granted.is_chosen else "")
            self._say(f"     {'#' + granted.channel:{width}}  {what}{where}")
        if (more := len(server.channels) - len(shown)) > 0:
            self._say(f"     and {more} more")

    def _skips(self) -> bool:
        """Whether to go on without looking again."""
        answer = self._terminal.ask("   Press Enter to look again, or type skip", "look")
        return answer.strip().lower().startswith("s")

    async def _register(self, api: Api, found: Application) -> None:
        wanted = commands.wanted(catalog_of(self._config))
        await application.register(api, found.id, await application.registered(api, found.id), wanted)
        self._say(f"\n5. {len(wanted)} commands and menus are registered.")
        if found.answers_elsewhere:
            self._say(f"   {checkup.elsewhere(found)}")

    async def _greet(self, token: str, api: Api, servers: Sequence[checkup.Server]) -> None:
        told = await api.ask("GET", application.ABOUT)
        owner = (told.get("team") or {}).get("owner_user_id") or (told.get("owner") or {}).get("id")
        self._say("\n6. A greeting to try, for your eyes only:")
        if owner is None:
            self._say("   Discord doesn't say who you are. /kith-admin preview shows every text privately.")
            return
        you = Member(f"discord:{servers[0].id}", str(owner))
        text = T("Hello {you}. Good that you're here. This is how I greet; only you see this one.", you=you)
        platform = DiscordPlatform(token, api=self._config.discord.api)
        try:
            await platform.deliver(Post(f"connect:{owner}", Direct(you), text))
        except DeliveryError as error:
            self._say(f"   It could not be sent ({error.reason}). That does no harm: /kith-admin preview")
            self._say("   in your server shows every text privately.")
        else:
            self._say("   Sent to your direct messages in Discord.")
        finally:
            await platform.close()


def with_token_file(text: str, file: Path) -> str:
    """The configuration with `file` as Discord's token file; all else as it was."""
    return with_secret_file(text, "discord", "token", file)

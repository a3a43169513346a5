"""FakeSlack: the server on loopback that a bot is pointed at, and everything that tests hold on to."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from . import oauth_page, specs
from .acts import Acts
from .api import Api
from .app import App, Installation
from .call import Record
from .clock import Changes, Clock
from .delivery import Deliveries
from .desk import Desk
from .events import Events
from .faults import Faults
from .hooks import Hooks
from .pace import Pace, RateLimits
from .people import Person
from .sockets import Sockets
from .state import Channel, Message
from .uploads import Uploads
from .workspace import Workspace

_BODY_MAX = 4 * 1024 * 1024


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_BODY_MAX)


class FakeSlack:
    """A fake Slack. Use as `async with FakeSlack() as slack`.

    manifest: the app's manifest; it decides scopes, events, commands, shortcuts and Socket Mode, and must be
    valid. Without one everything is on. rate_limits: None limits nothing. bench: no checks, no log of calls.
    """

    def __init__(
        self,
        manifest: dict[str, Any] | None = None,
        *,
        rate_limits: RateLimits | None = None,
        validate: bool = True,
        bench: bool = False,
        frozen: bool = False,
    ) -> None:
        if manifest is not None and specs.available() and (problems := specs.validate_manifest(manifest)):
            raise ValueError(f"invalid manifest: {'; '.join(problems)}")
        self.bench = bench
        self.validates = validate and not bench
        self.clock = Clock(frozen=frozen)
        self.changes = Changes()
        self._ids: dict[str, int] = {}
        self._last_ts = 0
        self.app = App(self.new_id("A"), manifest, self.clock.now)
        self.workspaces: dict[str, Workspace] = {}
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.offered: dict[Any, list[dict[str, Any]]] = {}
        self.unknown_emoji: set[str] = set()
        self.complaints: list[str] = []
        self.history_lag = 0.0
        self.faults = Faults()
        self.pace = Pace(rate_limits, self.clock.now)
        self.acts = Acts(self)
        self.events = Events(self)
        self.delivery = Deliveries(self)
        self.desk = Desk(self)
        self.uploads = Uploads(self)
        self.sockets = Sockets(self)
        self.hooks = Hooks(self)
        self.api = Api(self)
        self.url = ""
        self._errors: list[BaseException] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> "FakeSlack":
        server = web.Server(self._serve, request_factory=_request)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.faults.clear()
        await self.delivery.close()
        await self.sockets.close()
        await self.hooks.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.clock.close()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._errors and kind is None:
            raise self._errors[0]

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._route(request)
        except ConnectionError:  # the client went away, killed perhaps; that is no failure of the fake
            return web.Response(status=500)
        except Exception as error:
            self.fail(error)
            return web.Response(status=500, text=f"the fake itself failed: {error!r}")

    async def _route(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path.startswith("/api/"):
            return await self.api.serve(request)
        if path.startswith("/link/"):
            return await self.sockets.serve(request)
        if path.startswith("/actions/"):
            return await self.desk.serve(request)
        if path.startswith("/upload/"):
            return await self.uploads.receive(request)
        if path.startswith("/files-pri/"):
            return await self.uploads.fetch(request)
        if path == "/oauth/v2/authorize":
            return await oauth_page.serve(self, request)
        return web.Response(status=404)

    # -- what tests make -----------------------------------------------------------------------------------

    def workspace(self, name: str, *, install: bool = True, scopes: list[str] | None = None) -> Workspace:
        """A workspace, with the app installed unless told otherwise."""
        team_id = self.new_id("T")
        workspace = self.workspaces[team_id] = Workspace(self, team_id, name)
        if install:
            workspace.install(scopes=scopes)
        return workspace

    @property
    def base_url(self) -> str:
        """What `AsyncWebClient(base_url=…)` takes."""
        return f"{self.url}/api/"

    @property
    def authorize_url(self) -> str:
        """Where installing starts: `AsyncOAuthSettings(authorization_url=…)`."""
        return f"{self.url}/oauth/v2/authorize"

    @property
    def app_token(self) -> str:
        return self.app.app_token

    # -- what tests wait for -------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], Any], within: float = 5.0, what: str = "") -> Any:
        """The condition's first truthy value; after so many seconds AssertionError with the latest calls."""
        return await self.changes.until(condition, within, lambda: f"{what}\n{self.report()}".strip())

    async def connected(self, sockets: int = 1, within: float = 5.0) -> None:
        """Wait until the app has so many sockets open."""
        await self.until(lambda: len(self.sockets.open) >= sockets, within, f"{sockets} sockets")

    async def quiet(self, within: float = 5.0) -> None:
        """Wait until no delivery is unanswered and no call unfinished; one that awaits its retry is quiet."""
        await self.until(lambda: not self.delivery.in_flight and not self.api.in_flight, within, "quiet")

    def calls(self, method: str | None = None) -> list[Record]:
        """The calls made so far, of one method or all."""
        return [call for call in self.api.calls if method in (None, call.method)]

    def report(self) -> str:
        """The latest calls, deliveries and complaints, for failing tests."""
        calls = [
            f"{c.method} → {(c.answer or {}).get('error', 'ok') if c.answer else c.fault}"
            for c in self.calls()
        ]
        sent = [
            f"{d.kind} {d.event.get('type', d.payload.get('type', ''))} {d.state}" for d in self.delivery.log
        ]
        return (
            f"latest calls: {calls[-12:]}; latest deliveries: {sent[-12:]}; "
            f"sockets: {len(self.sockets.open)}; complaints: {self.complaints[-5:]}"
        )

    # -- what the parts share ------------------------------------------------------------------------------

    def new_id(self, prefix: str) -> str:
        number = self._ids[prefix] = self._ids.get(prefix, 0) + 1
        return f"{prefix}0{number:08X}"

    def new_ts(self) -> str:
        """A timestamp that no message has: microseconds of the fake's clock, ever increasing."""
        self._last_ts = max(self._last_ts + 1, int(self.clock.now() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def block_id(self) -> str:
        return self.new_id("b")

    def client_msg_id(self) -> str:
        return str(uuid.UUID(int=int(self.new_id("M")[1:], 16)))

    @staticmethod
    def query_of(url: str) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(url).query))

    def permalink(self, message: Message) -> str:
        link = f"{message.channel.workspace.url}archives/{message.channel.id}/p{message.ts.replace('.', '')}"
        if message.thread_ts and message.thread_ts != message.ts:
            link += f"?thread_ts={message.thread_ts}&cid={message.channel.id}"
        return link

    def install_for(self, channel: Channel) -> Installation | None:
        """The app's installation that acts in a conversation."""
        for workspace in (channel.workspace, *channel.connected.values()):
            install = self.app.installations.get(workspace.id)
            if install is not None and install.active:
                return install
        return None

    def bot_for(self, channel: Channel) -> Person:
        install = self.install_for(channel)
        assert install is not None, f"the app is not installed where {channel.name} is"
        return install.bot

    @property
    def transport(self) -> Sockets | Hooks:
        return self.sockets if self.app.socket_mode else self.hooks

    def complain(self, text: str) -> None:
        """Note something that Slack would take, though nobody should send it."""
        self.complaints.append(text)

    def fail(self, error: BaseException) -> None:
        """Remember a failure of the fake itself; it is raised when the fake is left."""
        self._errors.append(error)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something beside, until the fake is left."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._spent)

    def _spent(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.fail(error)

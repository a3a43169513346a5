"""The room's API, as docs/room-api.md describes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.platforms.local import complete, views, wire
from bot.platforms.local.adapter import LocalPlatform, Outcome
from bot.platforms.local.refused import Refused, unknown
from bot.platforms.local.state import Json
from bot.web.body import Body, query
from bot.web.clock_panel import ClockPanel
from bot.web.live import Lives

Action = Callable[[str, Body], Awaitable[Json]]


class RoomApi:
    def __init__(self, platform: LocalPlatform, clock: ClockPanel) -> None:
        self.lives = Lives(platform.room, clock.show)
        self._platform = platform
        self._room = platform.room
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        acts: dict[str, Action] = {
            "leave": self._leave,
            "return": self._return,
            "directs": self._directs,
            "delete": self._delete,
            "dismiss": self._dismiss,
            "react": self._react,
            "unreact": self._unreact,
            "command": self._command,
            "press": self._press,
            "select": self._select,
            "menu": self._menu,
            "complete": self._complete,
        }
        return [
            web.get("/api/people", self._people),
            web.get("/api/room", self._snapshot),
            web.get("/api/messages", self._messages),
            web.get("/api/images/{name}", self._image),
            web.get("/api/catalog", self._catalog),
            web.get("/api/live", self._live),
            web.get("/api/clock", self._show_clock),
            web.post("/api/clock", self._move_clock),
            web.post("/api/look", self._look),
            web.post("/api/people", self._join),
            web.post("/api/say", self._say),
            web.post("/api/dialogs/{id}/{what:submit|back|cancel}", self._dialog),
            *(web.post(f"/api/{path}", _acting(act)) for path, act in acts.items()),
        ]

    # Looking

    async def _people(self, request: web.Request) -> web.Response:
        return web.json_response({"members": views.people(self._room)})

    async def _snapshot(self, request: web.Request) -> web.Response:
        return web.json_response(views.snapshot(self._room, self._seat(request)))

    async def _messages(self, request: web.Request) -> web.Response:
        seat = self._seat(request)
        if "thread" in request.query:
            return web.json_response(views.thread(self._room, seat, query(request, "thread")))
        found = views.older(self._room, seat, query(request, "channel"), query(request, "before"))
        return web.json_response(found)

    async def _image(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        data = self._room.history.images.get(name)
        if data is None:
            raise Refused("not_found", "There is no such picture here.")
        kept = {"Cache-Control": "private, max-age=31536000, immutable"}
        return web.Response(body=data, content_type=wire.MEDIA_TYPES[name.rpartition(".")[2]], headers=kept)

    async def _catalog(self, request: web.Request) -> web.Response:
        seat = self._seat(request)
        commands = [
            {
                "path": list(spec.path),
                "text": f"/{spec.name}",
                "about": spec.about,
                "details": spec.details,
                "usage": complete.usage(spec),
                "role": spec.role.value,
                "fields": [{**wire.described(one), "completes": one.completes} for one in spec.fields],
            }
            for spec in self._platform.commands_for(seat)
        ]
        menus = [
            {"id": ident, "target": spec.target.value, "label": spec.label}
            for ident, spec in self._platform.menus_for(seat)
        ]
        return web.json_response({"commands": commands, "menus": menus})

    async def _live(self, request: web.Request) -> web.StreamResponse:
        seat = self._seat(request)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise Refused("bad_request", "This address is for a WebSocket.")
        return await self.lives.serve(request, seat, request.query.get("cursor"))

    def _seat(self, request: web.Request) -> str:
        return self._room.seat(query(request, "as")).id

    # The room

    async def _show_clock(self, request: web.Request) -> web.Response:
        return web.json_response(await self._clock.show())

    async def _move_clock(self, request: web.Request) -> web.Response:
        await self._clock.move(await Body.of(request))
        self._room.live.publish("clock")
        return web.json_response(await self._clock.show())

    async def _look(self, request: web.Request) -> web.Response:
        self._room.set_look((await Body.of(request)).text("look"))
        await self._room.saved()
        return web.json_response({"room": views.room_info(self._room)})

    async def _join(self, request: web.Request) -> web.Response:
        person = self._room.join((await Body.of(request)).text("name"))
        await self._room.saved()
        return web.json_response({"member": views.member(person)}, status=201)

    # What a seat does

    async def _leave(self, seat: str, body: Body) -> Json:
        person = self._room.leave(seat)
        await self._room.saved()
        return {"member": views.member(person)}

    async def _return(self, seat: str, body: Body) -> Json:
        person = self._room.come_back(seat)
        await self._room.saved()
        return {"member": views.member(person)}

    async def _directs(self, seat: str, body: Body) -> Json:
        place = self._room.open_direct(seat, body.text("with"))
        await self._room.saved()
        return {"channel": views.channel(self._room, place, seat)}

    async def _say(self, request: web.Request) -> web.Response:
        body = await Body.of(request)
        seat = body.text("as")
        said = await self._platform.say(
            seat,
            body.text("channel"),
            body.text("text"),
            body.maybe("thread"),
            body.maybe("reply_to"),
            key=body.key(),
        )
        return web.json_response({"message": views.message(self._room, said, seat)}, status=201)

    async def _delete(self, seat: str, body: Body) -> Json:
        self._room.delete(seat, body.text("message"))
        return await self._done()

    async def _dismiss(self, seat: str, body: Body) -> Json:
        self._room.dismiss(seat, body.text("message"))
        return await self._done()

    async def _react(self, seat: str, body: Body) -> Json:
        self._room.react(seat, body.text("message"), body.text("emoji"))
        return await self._done()

    async def _unreact(self, seat: str, body: Body) -> Json:
        self._room.unreact(seat, body.text("message"), body.text("emoji"))
        return await self._done()

    async def _done(self) -> Json:
        await self._room.saved()
        return {}

    async def _command(self, seat: str, body: Body) -> Json:
        channel, text = body.text("channel"), body.text("text")
        return _outcome(
            await self._platform.command(seat, channel, text, body.maybe("thread"), key=body.key())
        )

    async def _press(self, seat: str, body: Body) -> Json:
        message, control = body.text("message"), body.text("control")
        return _outcome(await self._platform.press(seat, message, control, key=body.key()))

    async def _select(self, seat: str, body: Body) -> Json:
        message, control = body.text("message"), body.text("control")
        values = body.texts("values")
        return _outcome(await self._platform.select(seat, message, control, values, key=body.key()))

    async def _menu(self, seat: str, body: Body) -> Json:
        used = await self._platform.menu(
            seat,
            body.text("menu"),
            message=body.maybe("message"),
            member=body.maybe("member"),
            place=body.maybe("channel"),
            key=body.key(),
        )
        return _outcome(used)

    async def _complete(self, seat: str, body: Body) -> Json:
        cursor = body.maybe_number("cursor")
        return await complete.complete(self._platform, seat, body.text("text"), cursor)

    async def _dialog(self, request: web.Request) -> web.Response:
        body = await Body.of(request)
        seat, ident = body.text("as"), request.match_info["id"]
        match request.match_info["what"]:
            case "submit":
                answer = _outcome(await self._platform.submit(seat, ident, body.object("values")))
            case "back":
                answer = _outcome(await self._platform.back(seat, ident, body.object("values")))
            case "cancel":
                await self._platform.cancel(seat, ident)
                answer = {}
            case _:
                raise unknown("dialog", "A dialog can be sent, gone back in, or cancelled.")
        return web.json_response(answer)


def _acting(act: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        body = await Body.of(request)
        return web.json_response(await act(body.text("as"), body))

    return handle


def _outcome(outcome: Outcome) -> Json:
    return {
        "interaction": outcome.interaction,
        "status": "done" if outcome.stored else "waiting",
        "dialog": outcome.dialog,
    }

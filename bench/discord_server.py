"""The fake Discord of the bench, in a process of its own: makes joins, commands and talk, and times answers.

Orders come as JSON, a line each, on standard input; results go out the same way.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable
from statistics import quantiles
from typing import Any

from bench.discord_bots import run
from tests.fakes.discord import FakeDiscord, Message, RateLimits

SERVERS = 200
_USER = re.compile(r"<@(\d+)>")

Json = dict[str, Any]


class Server:
    """The fake with stopwatches. ``limited``: with Discord's own limits."""

    def __init__(self, *, limited: bool, crowd: int) -> None:
        self.fake = FakeDiscord(validate=False, record=False, limits=RateLimits.real() if limited else None)
        self.guilds = [self.fake.guild(f"Server {n}", system_channel="hall") for n in range(SERVERS)]
        if crowd:
            self.guilds[0].crowd(crowd)
        self.halls = [guild.channel("hall") for guild in self.guilds]
        self.person = self.guilds[0].join("Ada")
        self._at: dict[str, float] = {}
        self._took: list[float] = []
        self._number = 0
        add = self.fake.world.posts.add

        def noting(*args: Any, **more: Any) -> Message:
            message = add(*args, **more)
            if message.author is self.fake.bot and (named := _USER.search(message.text)):
                began = self._at.pop(named[1], None)
                if began is not None:
                    self._took.append(time.perf_counter() - began)
            return message

        self.fake.world.posts.add = noting  # type: ignore[method-assign]

    async def ready(self) -> Json:
        began = time.perf_counter()
        await self.fake.ready(within=120)
        return {"waited": time.perf_counter() - began}

    async def burst(self, count: int) -> Json:
        """So many joins at once; seconds until the last one is greeted."""
        self._took = []
        began = time.perf_counter()
        for _ in range(count):
            self._join()
        await self._until(lambda: len(self._took) >= count)
        return {"seconds": time.perf_counter() - began}

    async def steady(self, count: int, rate: float) -> Json:
        """Joins at a rate; half of the greetings come within ``p50``, all but one in a hundred within p99."""
        self._took = []
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
            self._join()
        await self._until(lambda: len(self._took) >= count)
        cuts = quantiles(self._took, n=100)
        return {"p50": cuts[49] * 1_000, "p99": cuts[98] * 1_000, "seconds": loop.time() - began}

    async def slash(self, count: int) -> Json:
        """One command after the other; milliseconds until each is answered."""
        took = []
        for _ in range(count):
            began = time.perf_counter()
            used = await self.person.slash("hello", channel=self.halls[0])
            await used.answered()
            took.append(time.perf_counter() - began)
        cuts = quantiles(took, n=100)
        return {"p50": cuts[49] * 1_000, "p99": cuts[98] * 1_000}

    async def talk(self, count: int) -> Json:
        """So many messages that nobody asked for; over when the join sent after them is greeted."""
        self._took = []
        for _ in range(count):
            await self.person.say(self.halls[0], "Just talking about this and that, as people do.")
        self._join()
        await self._until(lambda: len(self._took) >= 1)
        return {}

    def refused(self) -> Json:
        limits = self.fake.limits
        return {"global": limits.global_refusals, "bucket": limits.bucket_refusals}

    def _join(self) -> None:
        guild = self.guilds[self._number % SERVERS]
        self._number += 1
        user = self.fake.world.create_user(f"N{self._number}")
        self._at[str(user.id)] = time.perf_counter()
        guild.join(user)

    async def _until(self, condition: Callable[[], bool]) -> None:
        await self.fake.until(condition, 300, "the last greeting")


async def serve(settings: Json) -> None:
    server = Server(limited=settings["limited"], crowd=settings["crowd"])
    async with server.fake as fake:
        guilds = [str(guild.id) for guild in server.guilds]
        _tell({"api": fake.api_url, "gateway": fake.gateway_url, "token": fake.token, "guilds": guilds})
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while line := await reader.readline():
            order = json.loads(line)
            method = getattr(server, order.pop("do"))
            result = method(**order)
            _tell(await result if asyncio.iscoroutine(result) else result)


def _tell(result: Json) -> None:
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    run(serve(told), told["loop"])

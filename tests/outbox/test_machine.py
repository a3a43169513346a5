"""Random histories of saying, changing, breaking, restarting: once each, in order, nothing stays stuck."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from bot.clock import TravelClock
from bot.outbox import Draft, Priority, Timing
from storage import open_engine
from storage.migrate import HOST
from storage.port import Engine
from storage.repos import outbox as rows
from tests.crash.checker import Intent, violations
from tests.crash.wire import WireHistory
from tests.engines import migrate
from tests.fakes.wire import Fault, Plan, WireServer
from tests.outbox.world import SPACE, World, channel, delete, edit, post, wire_limits

T = TypeVar("T")
FULL = os.environ.get("KITH_TEST_FULL") == "1"
TIMING = Timing(lease=400, attempt=150, backoff=1, backoff_most=8, role=5_000, poll=10)
LIMITS = {
    "knows keys": wire_limits(repost_window=60_000, find_delay=4, find_looks=2, in_flight=4),
    "forgets keys": wire_limits(find_delay=4, find_looks=2, in_flight=4),
    "paced": wire_limits(find_delay=4, find_looks=2, lane_interval=2, lane_burst=2, per_second=2_000),
}
FAULTS = [fault for fault in Fault if fault not in (Fault.NONE, Fault.GONE_LATER)]
LOOK_FAULTS = [Fault.FAIL_502, Fault.DROP, Fault.LATER]


class Machine(RuleBasedStateMachine):
    keys = Bundle("keys")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="kith-machine-"))
        self.intents: list[Intent] = []
        self.engine: Engine | None = None
        self.world: World | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(limits=st.sampled_from(sorted(LIMITS)))
    def begin(self, limits: str) -> None:
        async def begin() -> World:
            shutil.copy(await template(), self.folder / "kith.db")
            self.engine = await open_engine(f"sqlite:///{self.folder / 'kith.db'}")
            server = WireServer(Plan(), dedupes=limits == "knows keys")
            await server.start()
            world = World(self.engine, server, limits=LIMITS[limits], timing=TIMING, clock=TravelClock())
            await world.start()
            return world

        self.world = self.run(begin())

    @property
    def it(self) -> World:
        assert self.world is not None
        return self.world

    def _wants(self, verb: str, place: str, *, of: str | None = None, later: bool = False) -> tuple[str, str]:
        number = len(self.intents) + 1
        key = f"k{number}"
        words = f"{of or key} v{number}"
        self.intents.append(Intent(number, verb, key, of, channel(place).lane, words, not later))
        return key, words

    def _say(self, drafts: Sequence[Draft], heard: bool) -> None:
        if heard:
            self.run(self.it.say(*drafts))
        else:
            self.run(self.it.store(*drafts))

    @rule(
        target=keys,
        places=st.lists(st.sampled_from("abc"), min_size=1, max_size=4),
        priority=st.sampled_from(Priority),
        heard=st.booleans(),
    )
    def say(self, places: list[str], priority: Priority, heard: bool) -> Any:
        drafts, keys = [], []
        for place in places:
            key, words = self._wants("post", place)
            drafts.append(post(key, channel(place), words, priority=priority))
            keys.append((key, place))
        self._say(drafts, heard)
        return multiple(*keys)

    @rule(target=keys, place=st.sampled_from("abc"), wait=st.integers(1, 5_000))
    def say_later(self, place: str, wait: int) -> tuple[str, str]:
        key, words = self._wants("post", place, later=True)
        self._say([post(key, channel(place), words, due_at=self.it.clock.now() + wait)], True)
        return key, place

    @rule(of=keys, heard=st.booleans())
    def change(self, of: tuple[str, str], heard: bool) -> None:
        key, words = self._wants("edit", of[1], of=of[0])
        self._say([edit(key, of[0], words, channel(of[1]))], heard)

    @rule(of=keys, heard=st.booleans())
    def take_back(self, of: tuple[str, str], heard: bool) -> None:
        key, _ = self._wants("delete", of[1], of=of[0])
        self._say([delete(key, of[0], channel(of[1]))], heard)

    @rule(faults=st.lists(st.sampled_from(FAULTS), max_size=5))
    def break_changes(self, faults: list[Fault]) -> None:
        self.it.server.plan.turns.extend(faults)

    @rule(faults=st.lists(st.sampled_from(LOOK_FAULTS), max_size=4))
    def break_looks(self, faults: list[Fault]) -> None:
        self.it.server.plan.look_turns.extend(faults)

    @rule(by=st.integers(1, 10_000))
    def travel(self, by: int) -> None:
        async def travel() -> None:
            self.it.clock.move_to(self.it.clock.now() + by)

        self.run(travel())

    @rule(more=st.integers(1, 12))
    def let_run(self, more: int) -> None:
        async def let_run() -> None:
            server = self.it.server
            with suppress(TimeoutError):
                await asyncio.wait_for(server.requested(server.requests + more), 0.03)

        self.run(let_run())

    @rule()
    def pause(self) -> None:
        self.run(self.it.unit(lambda tx: rows.skip(tx, space=SPACE, reason="paused", now=1)))

    @rule()
    def crash(self) -> None:
        async def crash() -> None:
            await self.it.crash()
            self.it.renew()
            await self.it.start()

        self.run(crash())

    @rule(deadline=st.sampled_from([0.0, 1.0]))
    def restart(self, deadline: float) -> None:
        async def restart() -> None:
            await self.it.stop(deadline)
            self.it.renew()
            await self.it.start()

        self.run(restart())

    def teardown(self) -> None:
        try:
            if self.world is not None:
                self.run(self._end(self.world))
        finally:
            self.runner.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    async def _end(self, world: World) -> None:
        world.server.plan.end()
        world.server.retry_after = 0
        world.clock.move_to(world.clock.now() + 20_000)
        try:
            await world.idle()
            await self._check(world)
        finally:
            await world.stop()
            await world.server.stop()
            await world.engine.close()

    async def _check(self, world: World) -> None:
        state = {each.key: (await world.row(each.key)).state for each in self.intents}
        assert set(state.values()) <= {"sent", "dead", "cancelled", "skipped"}
        went_nowhere = {key for key, end in state.items() if end in ("dead", "skipped")}
        came = {seen.key for seen in WireHistory(world.server).arrived()}
        assert not came & {each.key for each in self.intents if each.key in went_nowhere and each.of is None}
        wanted = [
            each for each in self.intents if each.key not in went_nowhere and each.of not in went_nowhere
        ]
        # an edit that was refused or skipped may have taken the place of an earlier one
        spoilt = {each.of for each in self.intents if each.verb == "edit" and each.key in went_nowhere}
        wrong = violations(wanted, WireHistory(world.server))
        assert [line for line in wrong if not (" reads " in line and line.split()[0] in spoilt)] == []


_TEMPLATE: list[Path] = []


async def template() -> Path:
    """An empty database, made once."""
    if not _TEMPLATE:
        path = Path(tempfile.mkdtemp(prefix="kith-template-")) / "kith.db"
        engine = await open_engine(f"sqlite:///{path}")
        await migrate(engine, (HOST,))
        await engine.close()
        _TEMPLATE.append(path)
    return _TEMPLATE[0]


@pytest.fixture(autouse=True, scope="module")
def _template_removed() -> Any:
    yield
    while _TEMPLATE:
        shutil.rmtree(_TEMPLATE.pop().parent, ignore_errors=True)


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=400 if FULL else 25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)

"""A hundred thousand rows that wait: the sender remembers a few lanes, and starts with the urgent ones."""

from __future__ import annotations

import tracemalloc

import pytest

from bot.model.outgoing import Outgoing, Receipt
from bot.outbox import Outbox
from bot.outbox.sender import MOST_LANES
from storage.port import Tx
from tests.outbox.world import COMMUNITY, SPACE, Make, Priority, World, channel, post, wire_limits

_FILL = (
    "INSERT INTO outbox (id, community, space, platform, key, form, answer, lane, position, state, reason,"
    " priority, address, body, cog, kind, because, people, forgotten, created_at, added_at, attempts,"
    " doubts, looks, errors)"
    " WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {rows})"
    " SELECT n, {community}, '{space}', 'wire', 'k' || CAST(n AS TEXT), 'post', 0,"
    " 'channel:{space}:' || CAST(n % {lanes} AS TEXT), n, 'pending', '', 3, '',"
    ' \'{{"$":"Post","key":"k\' || CAST(n AS TEXT) || \'","to":{{"$":"InChannel","channel":{{"$":"Channel",'
    '"space":"{space}","id":"\' || CAST(n % {lanes} AS TEXT) || \'"}}}},"content":"hello"}}\','
    " 'test', '', '{{}}', '', 0, 1, 1, 0, 0, 0, 0 FROM n"
)


async def fill(world: World, rows: int, lanes: int) -> None:
    sql = _FILL.format(rows=rows, lanes=lanes, community=COMMUNITY, space=SPACE)

    async def unit(tx: Tx) -> int:
        return await tx.run(sql)

    assert await world.unit(unit) == rows


async def test_memory_does_not_grow_with_what_waits(make: Make) -> None:
    world = await make(limits=wire_limits(per_second=0.0001))
    await fill(world, 100_000, 100_000)
    await world.start()
    await world.until(lambda: bool(world.settled))
    await world.stop()
    tracemalloc.start()
    try:
        world.renew()
        await world.start()
        await world.until(lambda: len(world.settled) >= 2)
        assert await world.look() == MOST_LANES
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 10_000_000


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_everything_goes_even_if_not_all_lanes_are_remembered(make: Make) -> None:
    got: list[str] = []

    class Instant:
        name = "wire"
        limits = wire_limits()

        async def deliver(self, out: Outgoing) -> Receipt:
            got.append(out.key)
            return Receipt()

    world = await make()
    await fill(world, MOST_LANES * 2, MOST_LANES + 500)
    await world.store(post("urgent", channel("zzz"), priority=Priority.GREETING))
    world.outbox = Outbox(
        world.engine,
        {"wire": Instant()},  # type: ignore[dict-item]
        world.clock,
        new_id=iter(range(10**9, 10**10)).__next__,
    )
    await world.start()
    await world.idle()
    assert len(got) == len(set(got)) == MOST_LANES * 2 + 1
    assert got.index("urgent") < 50

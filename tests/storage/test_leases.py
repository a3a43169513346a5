"""Leased roles: one holder at a time, a growing fence, real time as an argument; on every engine."""

import asyncio

from storage import leases
from storage.leases import Lease
from storage.port import Engine, Tx


async def test_a_role_has_one_holder_until_its_time_is_over(engine: Engine) -> None:
    async def work(tx: Tx) -> None:
        first = await leases.acquire(tx, "scheduler", "a", now=100, term=50)
        assert first == Lease("scheduler", "a", 150, 1)
        assert await leases.acquire(tx, "scheduler", "b", now=149, term=50) is None
        assert await leases.acquire(tx, "sender", "b", now=149, term=50) == Lease("sender", "b", 199, 1)
        second = await leases.acquire(tx, "scheduler", "b", now=150, term=50)
        assert second == Lease("scheduler", "b", 200, 2)
        assert not await leases.holds(tx, first, now=151)
        assert await leases.renew(tx, first, now=151, term=50) is None
        await leases.release(tx, first)
        assert await leases.holds(tx, second, now=199)
        assert not await leases.holds(tx, second, now=200)

    await engine.unit(0, work)


async def test_a_holder_renews_gives_back_and_starts_anew(engine: Engine) -> None:
    async def work(tx: Tx) -> None:
        lease = await leases.acquire(tx, "shard 0", "a", now=0, term=10)
        assert lease is not None
        renewed = await leases.renew(tx, lease, now=9, term=10)
        assert renewed == Lease("shard 0", "a", 19, 1)
        again = await leases.acquire(tx, "shard 0", "a", now=10, term=10)
        assert again == Lease("shard 0", "a", 20, 2)
        assert not await leases.holds(tx, renewed, now=11)
        await leases.release(tx, again)
        assert await leases.renew(tx, again, now=12, term=10) is None
        assert await leases.acquire(tx, "shard 0", "b", now=12, term=10) == Lease("shard 0", "b", 22, 3)

    await engine.unit(0, work)


async def test_of_many_who_try_at_once_one_wins(engine: Engine) -> None:
    async def attempt(number: int) -> Lease | None:
        # different communities, so that nothing but the row itself keeps them apart
        return await engine.unit(
            number, lambda tx: leases.acquire(tx, "migrator", f"worker {number}", now=5, term=10)
        )

    won = [lease for lease in await asyncio.gather(*map(attempt, range(20))) if lease]
    assert len(won) == 1
    assert won[0].fence == 1

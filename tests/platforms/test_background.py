"""Work in the background: kept until it ends, cancelled with whoever began it, its failures told."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from bot.platforms.background import Background


async def test_idle_waits_for_what_work_has_begun_too() -> None:
    work, done = Background(), []

    async def second() -> None:
        done.append(2)

    async def first() -> None:
        work.start(second())
        done.append(1)

    work.start(first())
    assert len(work) == 1
    await work.idle()
    assert (done, len(work)) == ([1, 2], 0)


async def test_close_ends_what_is_under_way() -> None:
    work, ended, begun = Background(), asyncio.Event(), asyncio.Event()

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    work.start(endless())
    await begun.wait()
    await work.close()
    assert ended.is_set()


async def test_a_failure_is_told_and_disturbs_nobody() -> None:
    work = Background()

    async def wrong() -> None:
        raise ValueError("no such thing")

    with capture_logs() as logs:
        work.start(wrong())
        await work.idle()
        await work.close()
    assert [line["error"] for line in logs] == ["ValueError: no such thing"]

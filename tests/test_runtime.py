"""What was built by the start is looked through for garbage no more; later garbage still goes."""

from __future__ import annotations

import asyncio
import gc
import weakref

from bot import runtime


class Knot:
    """Refers to itself, so that only a search frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_there_at_the_start_stays_and_later_garbage_goes() -> None:
    usual = gc.get_threshold()
    try:
        runtime.starting()
        assert not gc.isenabled()
        runtime.started()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 1_000
        assert gc.get_threshold()[0] == runtime.GARBAGE_AFTER
        gone = weakref.ref(Knot())
        gc.collect()
        assert gone() is None
    finally:
        gc.enable()
        gc.unfreeze()
        gc.set_threshold(*usual)


def test_something_runs_on_the_loop() -> None:
    async def work() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    factory = runtime.loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        assert isinstance(runner.run(work()), factory or asyncio.AbstractEventLoop)

"""The plan of faults for calls: what goes wrong, for which method, how often."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Refuse:
    """Answer `ok: false` with this error; nothing happens."""

    error: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RateLimit:
    """Answer 429 with Retry-After (seconds); nothing happens."""

    retry_after: int = 1


@dataclass(frozen=True)
class Status:
    """Answer a bare HTTP status with an HTML page, after carrying the call out if `accept`."""

    code: int = 502
    accept: bool = True


@dataclass(frozen=True)
class Garble:
    """Answer 200 with something that is no JSON, after carrying the call out if `accept`."""

    accept: bool = True


@dataclass(frozen=True)
class Drop:
    """Close the connection without an answer, after carrying the call out if `accept`: the lost reply."""

    accept: bool = True


@dataclass(frozen=True)
class Hang:
    """Carry the call out if `accept`, then say nothing until the plan is released or the caller leaves."""

    accept: bool = True


@dataclass(frozen=True)
class Delay:
    """Carry the call out only after `seconds` of the fake's clock, or when the plan is released."""

    seconds: float = float("inf")


Fault = Refuse | RateLimit | Status | Garble | Drop | Hang | Delay


class Planned:
    """One line of the plan. `hits` counts how often it struck; `release` ends hangs and delays."""

    def __init__(
        self,
        fault: Fault,
        method: str,
        times: int | None,
        when: Callable[[dict[str, Any]], bool] | None,
        chance: float,
        rng: random.Random,
    ) -> None:
        self.fault = fault
        self.method = method
        self.left = times
        self.hits = 0
        self.released = asyncio.Event()
        self._when = when
        self._chance = chance
        self._rng = rng

    def release(self) -> None:
        self.left = 0
        self.released.set()

    cancel = release

    def strikes(self, method: str, args: dict[str, Any]) -> bool:
        if self.left == 0 or not fnmatchcase(method, self.method):
            return False
        if self._when is not None and not self._when(args):
            return False
        if self._chance < 1 and self._rng.random() >= self._chance:
            return False
        self.hits += 1
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """The plan; the first line that fits a call strikes it."""

    def __init__(self) -> None:
        self._plan: list[Planned] = []
        self.struck = 0

    def add(
        self,
        fault: Fault,
        method: str = "*",
        *,
        times: int | None = 1,
        when: Callable[[dict[str, Any]], bool] | None = None,
        chance: float = 1.0,
        rng: random.Random | None = None,
    ) -> Planned:
        """Plan a fault.

        `method` is a pattern ("chat.*"); besides Web API methods there are "upload", "response_url" and
        "socket" (the WebSocket handshake). `times=None` is for ever; `when` looks at the arguments;
        `chance` with `rng` strikes at random.
        """
        planned = Planned(fault, method, times, when, chance, rng or random.Random(0))
        self._plan.append(planned)
        return planned

    def clear(self) -> None:
        """Forget the plan and release whoever hangs."""
        for planned in self._plan:
            planned.release()
        self._plan.clear()

    def strike(self, method: str, args: dict[str, Any]) -> Planned | None:
        for planned in self._plan:
            if planned.strikes(method, args):
                self.struck += 1
                return planned
        return None

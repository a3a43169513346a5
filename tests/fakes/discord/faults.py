"""The plan of faults for REST: what goes wrong, on which route, how often."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

Kind = Literal["refuse", "page", "limit", "drop", "hang", "hold", "delay", "answer_lost"]
Loss = Literal["502", "500", "504", "drop", "hang"]
When = Callable[[Any], bool]


@dataclass(slots=True, eq=False)
class Fault:
    """One planned mishap. `hits` counts how often it struck."""

    kind: Kind
    route: str
    times: int | None
    when: When | None = None
    status: int = 500
    code: int = 0
    message: str | None = None
    media_type: str = "text/html"
    errors: dict[str, Any] | None = None
    retry_after: float = 0.0
    seconds: float = 0.0
    scope: str = "user"
    loss: Loss = "502"
    chance: float = 1.0
    random: random.Random | None = None
    hits: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let go of requests that hang or are held, now and from now on."""
        self.times = 0
        self.released.set()

    def strikes(self, route: str, path: str, body: Any) -> bool:
        """Whether this request meets the fault; counts it if so."""
        if self.times is not None and self.hits >= self.times:
            return False
        if not (fnmatchcase(route, self.route) or fnmatchcase(path, self.route)):
            return False
        if self.when is not None and not self.when(body):
            return False
        if self.random is not None and self.random.random() >= self.chance:
            return False
        self.hits += 1
        return True


class Faults:
    """The plan. Routes are patterns such as "POST /channels/*/messages", matched with `*`.

    They match the template ("POST /channels/{channel_id}/messages") or the real path. The oldest fault
    that still has `times` left strikes; `times=None` strikes for ever. `when` looks at the JSON body.
    """

    def __init__(self) -> None:
        self._plan: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self._plan)

    def _add(self, fault: Fault) -> Fault:
        self._plan.append(fault)
        return fault

    def refuse(
        self,
        route: str,
        status: int = 403,
        code: int = 50013,
        message: str | None = None,
        *,
        times: int | None = 1,
        when: When | None = None,
    ) -> Fault:
        """Refuse without doing anything, such as 403 with 50007, or a plain 503."""
        return self._add(Fault("refuse", route, times, when, status=status, code=code, message=message))

    def page(
        self,
        route: str,
        status: int = 200,
        text: str = "<html>Sign in to this network</html>",
        media_type: str = "text/html",
        *,
        times: int | None = 1,
        when: When | None = None,
    ) -> Fault:
        """Answer with what is not Discord's, as a proxy, a captive network or Cloudflare does."""
        page = Fault("page", route, times, when, status=status, message=text, media_type=media_type)
        return self._add(page)

    def limit(
        self,
        route: str,
        retry_after: float = 0.05,
        scope: Literal["global", "user", "shared"] = "user",
        *,
        times: int | None = 1,
        when: When | None = None,
    ) -> Fault:
        """Answer 429."""
        return self._add(Fault("limit", route, times, when, retry_after=retry_after, scope=scope))

    def drop(self, route: str, *, times: int | None = 1, when: When | None = None) -> Fault:
        """Break the connection before anything is done."""
        return self._add(Fault("drop", route, times, when))

    def hang(self, route: str, *, times: int | None = 1, when: When | None = None) -> Fault:
        """Do nothing and never answer; `release` breaks the connection."""
        return self._add(Fault("hang", route, times, when))

    def hold(self, route: str, *, times: int | None = 1, when: When | None = None) -> Fault:
        """Wait until `release`, then go on as if nothing had been."""
        return self._add(Fault("hold", route, times, when))

    def delay(self, route: str, seconds: float, *, times: int | None = 1, when: When | None = None) -> Fault:
        """Go on after so many seconds of real time, or earlier on `release`."""
        return self._add(Fault("delay", route, times, when, seconds=seconds))

    def lose_answer(
        self, route: str, how: Loss = "502", *, times: int | None = 1, when: When | None = None
    ) -> Fault:
        """Do what was asked, then answer a 5xx, break the connection, or never answer."""
        return self._add(Fault("answer_lost", route, times, when, loss=how))

    def at_random(
        self,
        route: str,
        chance: float,
        rng: random.Random,
        *,
        losses: tuple[Loss, ...] = ("502", "drop"),
        refusals: tuple[int, ...] = (),
    ) -> list[Fault]:
        """For crash loops: each kind strikes with its part of `chance`, for ever."""
        share = chance / (len(losses) + len(refusals))
        faults = [Fault("answer_lost", route, None, loss=how, chance=share, random=rng) for how in losses]
        faults += [
            Fault("refuse", route, None, status=status, chance=share, random=rng) for status in refusals
        ]
        self._plan += faults
        return faults

    def clear(self) -> None:
        """End the plan and let go of everything that hangs."""
        for fault in self._plan:
            fault.release()
        self._plan.clear()

    def striking(self, route: str, path: str, body: Any) -> Fault | None:
        """The fault that this request meets, if any."""
        for fault in self._plan:
            if fault.strikes(route, path, body):
                return fault
        return None

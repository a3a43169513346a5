"""What goes wrong on the wire, by plan: given in turn, or drawn with a seed."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    NONE = "none"
    REFUSE = "refuse"
    """A definite refusal: 403."""
    GONE_LATER = "accept, then refuse the repetition"
    """Accept and drop the answer; the next request with this key gets a 403."""
    DROP = "drop"
    """Close the connection; nothing was accepted."""
    ACCEPT_DROP = "accept, then drop"
    ACCEPT_502 = "accept, then 502"
    FAIL_502 = "502"
    """A 502 without having accepted it."""
    ACCEPT_HANG = "accept, then hang"
    HANG = "hang"
    """No answer ever; nothing was accepted."""
    LATER = "429"
    LATER_ALL = "429 everywhere"
    LAG = "accept, then drop, hidden from the next look"
    """Accepted, the answer lost, and missing in the history that is read first."""


LOSES_THE_ANSWER = (Fault.ACCEPT_DROP, Fault.ACCEPT_502, Fault.ACCEPT_HANG, Fault.LAG)


@dataclass
class Plan:
    """Faults that come in turn, then such as are drawn by chance.

    ``chances`` are per request and kind; ``look_chances`` are for readings of the history.
    """

    turns: deque[Fault] = field(default_factory=deque)
    chances: Mapping[Fault, float] = field(default_factory=dict)
    look_turns: deque[Fault] = field(default_factory=deque)
    look_chances: Mapping[Fault, float] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def next(self) -> Fault:
        """What happens to the next change."""
        return self._draw(self.turns, self.chances)

    def next_look(self) -> Fault:
        """What happens to the next reading of the history."""
        return self._draw(self.look_turns, self.look_chances)

    def end(self) -> None:
        """Nothing goes wrong from now on."""
        self.turns.clear()
        self.look_turns.clear()
        self.chances = {}
        self.look_chances = {}

    def _draw(self, turns: deque[Fault], chances: Mapping[Fault, float]) -> Fault:
        if turns:
            return turns.popleft()
        drawn = self._random.random()
        for fault, chance in chances.items():
            drawn -= chance
            if drawn < 0:
                return fault
        return Fault.NONE

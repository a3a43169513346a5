"""What one look of the doctor found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """A finding: its stable code (docs/doctor.md), what was looked at, what was seen, and what to do."""

    code: str
    title: str
    state: State
    detail: str
    remedy: str = ""

    @classmethod
    def ok(cls, code: str, title: str, detail: str) -> Check:
        return cls(code, title, State.OK, detail)

    @classmethod
    def warn(cls, code: str, title: str, detail: str, remedy: str) -> Check:
        return cls(code, title, State.WARN, detail, remedy)

    @classmethod
    def fail(cls, code: str, title: str, detail: str, remedy: str) -> Check:
        return cls(code, title, State.FAIL, detail, remedy)

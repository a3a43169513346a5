"""What the room can't do for somebody: a stable code, and words that say what to do instead."""

from __future__ import annotations


class Refused(Exception):
    """``code`` is one of those in docs/room-api.md; ``more`` goes into the answer beside it."""

    def __init__(self, code: str, message: str, **more: str | int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.more = more


def not_present() -> Refused:
    return Refused("not_present", "This person has left the room. Let them come back first.")


def unknown(what: str, where: str) -> Refused:
    return Refused(f"unknown_{what}", f"There is no such {what} here. {where}")


def not_yours(what: str) -> Refused:
    return Refused("not_yours", f"This {what} is somebody else's, and private. Use one of your own.")


def too_long(what: str, length: int, limit: int) -> Refused:
    return Refused(
        "too_long",
        f"{what} has {length:,} characters; {limit:,} fit here. Shorten it, or send it in parts.",
        limit=limit,
    )

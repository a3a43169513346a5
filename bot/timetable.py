"""Sets schedules and timers inside a unit: from rules and zones to the times that the tables hold.

Whoever sets one pokes the scheduler once the unit is committed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.model.rules import Occurrence, Rule, from_dict, local, occurrences
from bot.store import Scope
from storage.repos import schedules

DEFAULT_GRACE_MS = 3 * 3_600_000
"""How late a missed occurrence may still run."""
MIN_GRACE_MS = 60_000
_FARTHEST_ZONES = timedelta(hours=26)
"""No two clocks on Earth differ by more."""


async def set_schedule(
    scope: Scope,
    *,
    cog: str,
    job: str,
    rule: Rule,
    zone: ZoneInfo,
    grace_ms: int = DEFAULT_GRACE_MS,
    set_by: str = "",
    set_at: int | None = None,
) -> bool:
    """Let a cog's job run by this rule in this space. True if that changed anything.

    The same rule in the same zone leaves it as it stands, with what was missed still to come.
    """
    known = await schedules.get(scope.tx, scope.community, scope.space, cog, job)
    told, grace_ms = dump_rule(rule), max(grace_ms, MIN_GRACE_MS)
    if known is not None and (known["rule"], known["zone"]) == (told, zone.key):
        same = (known["grace_ms"], known["set_by"]) == (grace_ms, set_by)
        if same and set_at in (None, known["set_at"]):
            return False
        next_at, next_local = known["next_at"], known["next_local"]
    else:
        coming = following(rule, zone, scope.now, known["last_local"] if known else None)
        next_at, next_local = (coming.at, coming.key) if coming else (None, None)
    await schedules.put(
        scope.tx,
        id=known["id"] if known else scope.new_id(),
        community=scope.community,
        space=scope.space,
        cog=cog,
        job=job,
        rule=told,
        zone=zone.key,
        next_at=next_at,
        next_local=next_local,
        grace_ms=grace_ms,
        set_by=set_by,
        set_at=scope.now if set_at is None else set_at,
    )
    return True


async def clear_schedule(scope: Scope, cog: str, job: str) -> bool:
    """Let the job rest. True if it had a schedule."""
    return await schedules.clear(scope.tx, scope.community, scope.space, cog, job)


async def rezone(scope: Scope, zone: ZoneInfo) -> int:
    """Read all rules of this space in another zone from now on; how many that changed.

    A local time that ran already in the old zone doesn't run again in the new one.
    """
    changed = 0
    for row in await schedules.of_space(scope.tx, scope.community, scope.space):
        changed += await set_schedule(
            scope,
            cog=row["cog"],
            job=row["job"],
            rule=load_rule(row["rule"]),
            zone=zone,
            grace_ms=row["grace_ms"],
            set_by=row["set_by"],
            set_at=row["set_at"],
        )
    return changed


async def set_timer(
    scope: Scope, *, key: str, cog: str, handler: str, args: Mapping[str, Any], due_at: int
) -> None:
    """Call the handler once at a time (UTC ms), or at once if that is past. A timer of that key moves.

    `args` are plain JSON values; TypeError otherwise.
    """
    await schedules.set_timer(
        scope.tx,
        community=scope.community,
        key=key,
        space=scope.space,
        cog=cog,
        handler=handler,
        args=json.dumps(dict(args), ensure_ascii=False, separators=(",", ":")),
        due_at=due_at,
    )


async def cancel_timer(scope: Scope, key: str) -> bool:
    """Forget a timer. True if there was one."""
    return await schedules.cancel_timer(scope.tx, scope.community, key)


def following(rule: Rule, zone: ZoneInfo, after: int, last_local: str | None) -> Occurrence | None:
    """The first occurrence after an instant (UTC ms) whose local time is later than the last that ran.

    A last one far ahead of the clock ran while the clock was wrong, and holds nothing up.
    """
    if last_local is not None and last_local > (local(after, zone) + _FARTHEST_ZONES).isoformat():
        last_local = None
    found = occurrences(rule, zone, after)
    return next((one for one in found if last_local is None or one.key > last_local), None)


def dump_rule(rule: Rule) -> str:
    """The rule as a row holds it: the same text for equal rules."""
    return json.dumps(rule.to_dict(), sort_keys=True, separators=(",", ":"))


def load_rule(text: str) -> Rule:
    """The rule that `dump_rule` wrote. Raises ValueError for anything else."""
    return from_dict(json.loads(text))

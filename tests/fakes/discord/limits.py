"""Rate limits: buckets per route and major id, the bot's global limit, and the ban for invalid requests."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from .wire import fingerprint

Headers = dict[str, str]
INVALID_WINDOW_SECONDS = 600.0

REAL: dict[str, tuple[int, float]] = {
    "POST /channels/{channel_id}/messages": (5, 5.0),
    "PATCH /channels/{channel_id}/messages/{message_id}": (5, 5.0),
    "DELETE /channels/{channel_id}/messages/{message_id}": (5, 1.0),
    "GET /channels/{channel_id}/messages": (5, 5.0),
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me": (1, 0.25),
    "POST /webhooks/{webhook_id}/{webhook_token}": (5, 5.0),
    "GET /guilds/{guild_id}/members": (10, 10.0),
    "POST /users/@me/channels": (10, 10.0),
    "PUT /applications/{application_id}/commands": (2, 10.0),
}
"""Requests and seconds per bucket, as they are usually met."""


@dataclass(frozen=True, slots=True)
class Limited:
    """A request too many."""

    retry_after: float
    scope: str


@dataclass(slots=True)
class _Bucket:
    limit: int
    window: float
    remaining: int
    resets_at: float


class RateLimits:
    """Counts requests. `RateLimits.real()` refuses as Discord does; `RateLimits.wide()` never does.

    `routes` gives requests and seconds per bucket by "METHOD /path"; all others have `others`.
    """

    def __init__(
        self,
        routes: dict[str, tuple[int, float]],
        *,
        others: tuple[int, float] = (50, 1.0),
        per_second: int = 50,
        invalid_allowed: int = 10_000,
    ) -> None:
        self.routes = routes
        self.others = others
        self.per_second = per_second
        self.invalid_allowed = invalid_allowed
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._hashes: dict[str, str] = {}
        self._recent: deque[float] = deque()
        self._invalid: deque[float] = deque()
        self._counting = True
        self._uncounted: dict[str, Headers] = {}
        self.global_refusals = 0
        self.bucket_refusals = 0

    @classmethod
    def real(cls) -> RateLimits:
        """Discord's limits: 5 messages in 5 s per channel, 50 requests/s in all."""
        return cls(dict(REAL))

    @classmethod
    def wide(cls) -> RateLimits:
        """Headers as ever, but limits that no test meets."""
        limits = cls({}, others=(100_000, 1.0))
        limits._counting = False
        return limits

    @property
    def invalid_requests(self) -> int:
        """Answers of 401, 403 and 429 in the last ten minutes, those for shared limits apart."""
        horizon = time.monotonic() - INVALID_WINDOW_SECONDS
        while self._invalid and self._invalid[0] < horizon:
            self._invalid.popleft()
        return len(self._invalid)

    @property
    def banned(self) -> bool:
        """Whether the address is shut out for too many invalid requests."""
        return len(self._invalid) >= self.invalid_allowed and self.invalid_requests >= self.invalid_allowed

    def note_invalid(self) -> None:
        """Count one answer of 401, 403 or 429."""
        self._invalid.append(time.monotonic())

    def take(self, route: str, major: str, *, exempt: bool) -> tuple[Headers, Limited | None]:
        """Count one request; `exempt` ones don't count globally. Returns headers and the refusal, if any."""
        now = time.monotonic()
        if not self._counting:
            headers = self._uncounted.get(route)
            if headers is None:
                headers = self._uncounted[route] = self._headers(route, self._bucket(route, "", now), now)
            return headers, None
        if not exempt:
            recent = self._recent
            while recent and recent[0] <= now - 1.0:
                recent.popleft()
            if len(recent) >= self.per_second:
                self.global_refusals += 1
                wait = recent[0] + 1.0 - now
                return {}, Limited(wait, "global")
            recent.append(now)
        bucket = self._bucket(route, major, now)
        if bucket.remaining <= 0:
            self.bucket_refusals += 1
            return self._headers(route, bucket, now), Limited(bucket.resets_at - now, "user")
        bucket.remaining -= 1
        return self._headers(route, bucket, now), None

    def _bucket(self, route: str, major: str, now: float) -> _Bucket:
        key = (route, major)
        bucket = self._buckets.get(key)
        if bucket is None or bucket.resets_at <= now:
            limit, window = self.routes.get(route, self.others)
            bucket = self._buckets[key] = _Bucket(limit, window, limit, now + window)
        return bucket

    def _headers(self, route: str, bucket: _Bucket, now: float) -> Headers:
        digest = self._hashes.get(route)
        if digest is None:
            digest = self._hashes[route] = fingerprint(route)
        left = bucket.resets_at - now
        return {
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(bucket.remaining),
            "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": digest,
        }

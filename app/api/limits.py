"""How often somebody may ask within a minute: counted by the account of a key, and without a key by address.

Theory of operation. Every request counts as `requests`, one that may change something also as `changes`, and one that shows
a key that is not good as `bad-keys` of its address. The window moves: what counts is the minute before this request.
Whoever asks too often is told when to come back, and is not counted for that.

Web processes share their counts in Redis or Valkey. When that does not answer, each process counts by itself, and the log
says so: then limits are looser by the number of processes, but they neither vanish nor lock anybody out. It is asked again
after a pause, so that no request waits for a dead server. Not counted are the loopback, which is the operator's own, probes,
the static files of pages, and signed webhooks: forges send many from few addresses, and what was refused does not come
again. Webhooks that nobody signed are counted where they are refused (`app.api.hooks`).
"""

from __future__ import annotations

import ipaddress
import logging
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi.concurrency import run_in_threadpool
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from app.api.access import SAFE_METHODS
from app.api.problems import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

    from app.core.caller import Caller
    from app.settings import Settings

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60
PAUSE_SECONDS = 5.0  # after which a server that did not answer is asked again
PATIENCE_SECONDS = 0.25  # for which a request waits for it
FREE = ("/livez", "/readyz", "/static/")


@dataclass(frozen=True)
class Left:
    """What is left of a limit: requests, and seconds until there is another one."""

    rule: str
    amount: int
    remaining: int
    seconds: int

    def headers(self) -> dict[str, str]:
        """Return the header fields `RateLimit-Policy` and `RateLimit`."""
        return {
            "RateLimit-Policy": f'"{self.rule}";q={self.amount};w={WINDOW_SECONDS}',
            "RateLimit": f'"{self.rule}";r={self.remaining};t={self.seconds}',
        }


class Limiter:
    """Counts requests, in the server that is shared or in this process alone."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._proxies = [ipaddress.ip_network(text) for text in settings.proxies]
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._shared: MovingWindowRateLimiter | None = None
        self._away_until = float("-inf")
        self._away = False
        if settings.limits.startswith(("redis", "valkey", "unix")):
            storage = RedisStorage(
                settings.limits.replace("valkey", "redis", 1),
                key_prefix="assay-limits",
                socket_timeout=PATIENCE_SECONDS,
                socket_connect_timeout=PATIENCE_SECONDS,
            )
            self._shared = MovingWindowRateLimiter(storage)

    @property
    def waits(self) -> bool:
        """Whether counting asks another process, so that it is no business of the event loop."""
        return self._shared is not None

    def take(self, rule: str, amount: int, who: str) -> bool:
        """Count a request if the limit allows it; False when it does not. An amount of 0 is no limit."""
        if amount == 0:
            return True
        item = RateLimitItemPerMinute(amount)
        shared = self._reachable()
        if shared is not None:
            try:
                passed = shared.hit(item, rule, who)
            except (RedisError, OSError) as error:
                self._lost(error)
            else:
                self._back()
                return passed
        return self._own.hit(item, rule, who)

    def left(self, rule: str, amount: int, who: str) -> Left:
        """Return what is left of a limit."""
        item, shared = RateLimitItemPerMinute(amount), self._reachable()
        if shared is not None:
            try:
                stats = shared.get_window_stats(item, rule, who)
            except (RedisError, OSError) as error:
                self._lost(error)
                stats = self._own.get_window_stats(item, rule, who)
        else:
            stats = self._own.get_window_stats(item, rule, who)
        seconds = min(WINDOW_SECONDS, max(1, math.ceil(stats.reset_time - time.time())))
        return Left(rule, amount, max(0, stats.remaining), seconds)

    def address(self, request: Request) -> str:
        """Return whom to count without a key: the peer, or whom a proxy of the operator's names; a network of IPv6."""
        told = [item.strip() for item in ",".join(request.headers.getlist("x-forwarded-for")).split(",")]
        found = request.client.host if request.client is not None else "nobody"
        while told and self._is_proxy(found):
            found = told.pop()
        try:
            address = ipaddress.ip_address(found)
        except ValueError:
            return "nobody"
        mapped = getattr(address, "ipv4_mapped", None)
        if mapped is None and address.version == 6:
            return str(ipaddress.ip_network(f"{address}/64", strict=False))
        return str(mapped or address)

    def _is_proxy(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._proxies)

    def _reachable(self) -> MovingWindowRateLimiter | None:
        return None if time.monotonic() < self._away_until else self._shared

    def _lost(self, error: Exception) -> None:
        if not self._away:
            told = "limits are no longer shared, every web process counts by itself until %s answers again: %s"
            log.warning(told, "the server of ASSAY_LIMITS_URL", type(error).__name__)
        self._away, self._away_until = True, time.monotonic() + PAUSE_SECONDS

    def _back(self) -> None:
        if self._away:
            log.warning("limits are shared again")
        self._away = False


async def count(request: Request, caller: Caller | None) -> None:
    """Count a request; None: a key was shown that is not good.

    Raises:
        ApiError: it is one too many.

    """
    if request.url.path.startswith(FREE) or (caller is not None and caller.loopback):
        return
    limiter: Limiter = request.app.state.limiter
    if limiter.waits:
        told = await run_in_threadpool(_count, limiter, request, caller)
    else:
        told = _count(limiter, request, caller)
    if told:
        request.scope.setdefault("state", {})["told"] = told


def _count(limiter: Limiter, request: Request, caller: Caller | None) -> Mapping[str, str]:
    """Count a request by every rule it falls under; returns what its answer tells of limits."""
    settings, account = limiter.settings, None if caller is None else caller.account
    if account is None:
        who = f"address {limiter.address(request)}"
        every = settings.requests_per_minute
    else:
        who, every = f"account {account.id}", account.budgets.requests_per_minute or settings.requests_per_minute
    rules = {"requests": every}
    if caller is None:
        rules = {"bad-keys": settings.bad_keys_per_minute}
    elif request.method not in SAFE_METHODS:
        rules = {"changes": settings.changes_per_minute, **rules}
    for rule, amount in rules.items():
        if not limiter.take(rule, amount, who):
            left = limiter.left(rule, amount, who)
            detail = f"{rule}: more than {amount} within a minute; come back in {left.seconds} seconds"
            raise ApiError("too-many-requests", detail, {"Retry-After": str(left.seconds), **left.headers()})
    rule, amount = next(iter(rules.items()))
    if amount == 0 or account is None:  # answers to strangers may be kept by caches, for whom this is no news
        return {}
    return limiter.left(rule, amount, who).headers()

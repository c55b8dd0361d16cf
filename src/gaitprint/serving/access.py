"""Who is let in: tokens, rights and rates, as dependencies of routes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from gaitprint.serving.problems import Problem
from gaitprint.serving.settings import ServiceSettings
from gaitprint.serving.tokens import RIGHTS, Right, TokenRefusedError, Tokens

ANONYMOUS = "anonymous"
_BEARER = 'Bearer realm="gaitprint"'


@dataclass(frozen=True)
class Caller:
    """Who sent a request.

    Args:
        token_id: opaque.
        label: of the token.
        rights: what they may do.
        expires_at: of the token.
    """

    token_id: str
    label: str
    rights: tuple[Right, ...]
    expires_at: str | None


class Doorkeeper:
    """Lets requests in, or not."""

    def __init__(self, settings: ServiceSettings, tokens: Tokens) -> None:
        self._settings, self._tokens = settings, tokens
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(settings.requests_per_minute)
        self._videos = RateLimitItemPerMinute(settings.videos_per_minute)
        self._wrong = RateLimitItemPerMinute(max(1, settings.requests_per_minute // 10))

    def caller(self, request: Request) -> Caller:
        """Return who sends a request.

        Raises:
            Problem: 401 no token, or one that is not let in; 403 from a page of another site; 429 too many requests.
        """
        # Browsers say so themselves. Without tokens, any page in the same browser could otherwise post here.
        if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise Problem(403, "requests from pages of other sites are refused")
        if not self._settings.require_token:
            self._count(self._requests, ANONYMOUS)
            return Caller(ANONYMOUS, "no token needed", RIGHTS, None)
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        address = request.client.host if request.client else "?"
        if scheme.lower() != "bearer" or not shown:
            raise Problem(401, "a token is needed: Authorization: Bearer TOKEN", {"WWW-Authenticate": _BEARER})
        try:
            token = self._tokens.check(shown.strip())
        except TokenRefusedError as error:
            # Right ones pass all the same: many people may share an address.
            self._count(self._wrong, f"wrong/{address}")
            raise Problem(401, str(error), {"WWW-Authenticate": f'{_BEARER}, error="invalid_token"'}) from error
        self._count(self._requests, token.token_id)
        return Caller(token.token_id, token.label, token.rights, token.expires_at)

    def count_video(self, caller: Caller) -> None:
        """Count a request that brings videos; Problem 429 where there were too many."""
        self._count(self._videos, f"videos/{caller.token_id}")

    def _count(self, item: RateLimitItemPerMinute, key: str) -> None:
        if not self._limiter.hit(item, key):
            raise self._too_many(item, key)

    def _too_many(self, item: RateLimitItemPerMinute, key: str) -> Problem:
        reset, _ = self._limiter.get_window_stats(item, key)
        seconds = max(1, math.ceil(reset - time.time()))
        return Problem(429, f"more than {item.amount} requests a minute", {"Retry-After": str(seconds)})


def allowed(right: Right | None) -> Callable[[Request], Caller]:
    """Return a dependency that gives the caller, who must have a right, if one is named."""

    def dependency(request: Request) -> Caller:
        service = request.app.state.service
        caller: Caller = service.doorkeeper.caller(request)
        if right is not None and right not in caller.rights:
            service.audit.write(caller.token_id, right, "refused: no right")
            raise Problem(403, f"this token has no right to {right}; it may {', '.join(caller.rights)}")
        return caller

    return dependency

"""What holds for every request: its size, the host it addresses, and the headers of its response."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gaitprint.serving.problems import Problem, problem_response

_log = logging.getLogger("gaitprint.serving")
# Requests without videos hold a name at most.
SMALL_BODY_BYTES = 1 << 16

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # People's names and pictures stay in no cache; the page's own files say otherwise themselves.
    "Cache-Control": "no-store",
}


class SafeHeaders:
    """Adds the headers that keep browsers from doing what nobody asked for.

    Args:
        app: what answers.
        over_tls: whether the service is reached by HTTPS alone.
    """

    def __init__(self, app: ASGIApp, *, over_tls: bool) -> None:
        self._app = app
        self._headers = dict(_HEADERS)
        if over_tls:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Faults:
    """Answers 500 where the service itself stumbles, within the other layers; Starlette's own answer would lie outside.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            if started or scope["type"] != "http":
                raise
            _log.exception("request failed")
            answer = problem_response(500, "internal error; the service's own log has more")
            await answer(scope, receive, send)


class KnownHosts:
    """Refuses requests that address another host: names that are made to point here, as in DNS rebinding.

    Args:
        app: what answers.
        hosts: names without port; empty for any.
    """

    def __init__(self, app: ASGIApp, *, hosts: tuple[str, ...]) -> None:
        self._app, self._hosts = app, {host.lower().strip("[]") for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and self._hosts:
            host = Headers(scope=scope).get("host", "").lower()
            name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
            if name not in self._hosts:
                await problem_response(400, "this service does not go by that name")(scope, receive, send)
                return
        await self._app(scope, receive, send)


class BodyLimit:
    """Refuses bodies that are too large: at once where they say so, else as soon as they are.

    Args:
        app: what answers.
        upload_paths: where videos may be posted.
        upload_bytes: how large bodies may be there.
    """

    def __init__(self, app: ASGIApp, *, upload_paths: frozenset[str], upload_bytes: int) -> None:
        self._app, self._upload_paths, self._upload_bytes = app, upload_paths, upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        uploads = scope["method"] == "POST" and scope["path"] in self._upload_paths
        most = self._upload_bytes if uploads else SMALL_BODY_BYTES
        stated = Headers(scope=scope).get("content-length", "")
        if stated and (not stated.isdecimal() or len(stated) > 18 or int(stated) > most):
            refusal = problem_response(413, f"more than {most} bytes", {"Connection": "close"})
            await refusal(scope, receive, send)
            return
        received = 0

        async def receive_at_most() -> MutableMapping[str, Any]:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise Problem(413, f"more than {most} bytes", {"Connection": "close"})
            return message

        await self._app(scope, receive_at_most, send)

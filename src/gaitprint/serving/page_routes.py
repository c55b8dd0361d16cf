"""The page and its files, all of them in the package."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request, Response

from gaitprint.serving.problems import Problem

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def add_page(app: FastAPI) -> None:
    """Serve ``/``, and the page's files under ``/page/``: what is there is read once, nothing else looked for."""
    contents: dict[str, tuple[bytes, str, str]] = {}
    for file in files("gaitprint.serving").joinpath("page").iterdir():
        kind = _TYPES.get(f".{file.name.rpartition('.')[2]}")
        if kind is not None:
            data = file.read_bytes()
            contents[file.name] = data, kind, f'"{hashlib.sha256(data).hexdigest()[:24]}"'

    def answer(request: Request, name: str) -> Response:
        if name not in contents:
            raise Problem(404, "no such file")
        data, kind, tag = contents[name]
        headers: dict[str, Any] = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=kind, headers=headers)

    @app.get("/", include_in_schema=False)
    def page(request: Request) -> Response:
        return answer(request, "index.html")

    @app.get("/favicon.ico", include_in_schema=False)
    def icon(request: Request) -> Response:
        return answer(request, "icon.svg")

    @app.get("/page/{name}", include_in_schema=False)
    def page_file(request: Request, name: str) -> Response:
        return answer(request, name)

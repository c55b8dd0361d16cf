"""Errors as `application/problem+json` (RFC 9457): one line, never a traceback, never a path of the server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

PROBLEM_JSON = "application/problem+json"


class Problem(HTTPException):
    """Why a request is not served.

    Args:
        status: HTTP status.
        detail: one line for people.
        headers: of the response.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, " ".join(detail.split()), dict(headers or {}))


def problem_response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the response that a problem becomes."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=PROBLEM_JSON)


def answer_problems(app: FastAPI) -> None:
    """Let an application answer every error as a problem."""

    async def http_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            # Starlette names the methods of the first route of this path alone.
            headers["Allow"] = ", ".join(sorted(_methods(app, request)))
        return problem_response(error.status_code, str(error.detail), headers)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in ("query", "body", "path"))
        return problem_response(422, f"{place}: {first['msg']}" if place else str(first["msg"]))

    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, invalid)


def _methods(app: FastAPI, request: Request) -> set[str]:
    """The methods of all routes of a request's path."""
    path = request.scope["path"]
    found: set[str] = set()
    for described, operations in app.openapi()["paths"].items():
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(described))
        if re.fullmatch(pattern, path):
            found |= {method.upper() for method in operations}
    return found or {"GET"}

"""What responses every route may give besides its own, for the OpenAPI description."""

from __future__ import annotations

from typing import Any

from gaitprint.serving.problems import PROBLEM_JSON
from gaitprint.serving.schemas import ProblemDetails

_HEADERS: dict[int, dict[str, str]] = {
    401: {"WWW-Authenticate": "How to show a token."},
    429: {"Retry-After": "Seconds to wait."},
    503: {"Retry-After": "Seconds to wait."},
}
_WORDS = {
    400: "The request cannot be read.",
    401: "No token, a wrong one, an expired one or a revoked one.",
    403: "The token lacks the right, or the request comes from a page of another site.",
    404: "There is no such thing.",
    408: "The client fell silent.",
    409: "Somebody else has this name.",
    413: "Larger than allowed.",
    415: "Not of a type that is read.",
    422: "A value that is missing or out of range, or a video that will not do.",
    429: "Too many requests.",
    500: "A fault of the service.",
    503: "As many videos wait as may.",
}
# What the door may say to any request with a token.
_DOOR = (400, 401, 403, 413, 422, 429, 500)


def answers(*more: int) -> dict[int | str, dict[str, Any]]:
    """Return the problems that a route may answer with, those of the door included."""
    return {status: problem(status) for status in sorted({*_DOOR, *more})}


def problem(status: int) -> dict[str, Any]:
    """Return the description of one problem."""
    headers = {
        name: {"description": words, "schema": {"type": "string"}} for name, words in _HEADERS.get(status, {}).items()
    }
    return {
        "description": _WORDS[status],
        "content": {PROBLEM_JSON: {"schema": {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}}},
        **({"headers": headers} if headers else {}),
    }

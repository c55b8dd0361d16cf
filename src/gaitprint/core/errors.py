"""Every error that gaitprint raises on purpose: one line that names the value, the limit and the cause."""

from __future__ import annotations

from typing import Any


class GaitprintError(Exception):
    """Base of all errors that a user can cause and mend; the command line prints its text and exits 1."""


class UsageError(GaitprintError):
    """The request itself is wrong (unknown name, key or option); the command line exits 2."""


class InvalidSequenceError(GaitprintError, ValueError):
    """Arrays or labels that cannot be one walk of one person."""


class UnreadableFileError(GaitprintError):
    """A file that is missing, truncated, of another format, or not allowed to be read.

    The text starts with the path, so that a list of them reads as a table.
    """


class IncompatibleError(GaitprintError):
    """Two things that do not fit together: a model and its input, a checkpoint and a recipe, a gallery and a model."""


class MissingExtraError(GaitprintError):
    """A package of an extra that is not installed, or does not load; the text says what to install."""


class FailedCheckError(GaitprintError):
    """Checks that found something broken. What they found is still written where ``--json`` says.

    Args:
        message: one line.
        summary: all that was found, as JSON.
    """

    def __init__(self, message: str, summary: dict[str, Any]) -> None:
        super().__init__(message)
        self.summary = summary


def one_line(error: BaseException) -> str:
    r"""Return what an error says in one line.

    What was raised on purpose, and what files and folders refuse, says enough; any other error is named by its type.

    >>> one_line(UsageError("no such walk"))
    'no such walk'
    >>> one_line(ValueError("sizes differ:\n  3 and 4"))
    'ValueError: sizes differ: 3 and 4'
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split())
    name = type(error).__name__
    if not text:
        return name
    return text if isinstance(error, GaitprintError | OSError) else f"{name}: {text}"

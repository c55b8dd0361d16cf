"""Extras: what `pip install "gaitprint[NAME]"` adds to the core, and the one line for whoever lacks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gaitprint.core.errors import MissingExtraError


@dataclass(frozen=True)
class Extra:
    """Optional packages, under one name in pyproject.toml.

    Args:
        name: as in ``gaitprint[NAME]``.
        adds: what can be done with it, for people.
        distributions: what it installs, by the names that pip knows.
        then: what has to be done besides, to follow "pip install ..."; empty for nothing.
    """

    name: str
    adds: str
    distributions: tuple[str, ...]
    then: str = ""

    @property
    def install(self) -> str:
        """What installs it.

        >>> EXTRAS["postgres"].install
        'pip install "gaitprint[postgres]"'
        """
        return f'pip install "gaitprint[{self.name}]"{self.then}'


EXTRAS: dict[str, Extra] = {
    extra.name: extra
    for extra in (
        Extra(
            "video",
            "silhouettes and joints of people in videos by MediaPipe's networks",
            ("ai-edge-litert", "mediapipe"),
            # Without what it depends on, for that includes another OpenCV.
            ", then pip install --no-deps mediapipe==0.10.14",
        ),
        Extra(
            "serve",
            "the HTTP service with its web page",
            ("fastapi", "limits", "python-multipart", "uvicorn"),
        ),
        Extra("export", "models as ONNX files, and faster joints in pictures", ("onnxruntime", "onnxscript")),
        Extra("postgres", "galleries in PostgreSQL", ("psycopg",)),
        Extra("milvus", "galleries in Milvus", ("pymilvus", "milvus-lite")),
        Extra(
            "tensorflow",
            "conversion of TensorFlow checkpoints",
            ("tensorflow",),
            ", in an environment of its own",
        ),
    )
}


@contextmanager
def needs_extra(name: str, purpose: str) -> Iterator[None]:
    """Let packages of an extra be imported within the context.

    Args:
        name: of the extra, a key of `EXTRAS`.
        purpose: what needs it, as the error begins.

    Raises:
        MissingExtraError: an import fails; one line names the purpose, the package and what installs it.

    >>> with needs_extra("postgres", "a gallery in PostgreSQL"):
    ...     import no_such_package
    Traceback (most recent call last):
    gaitprint.core.errors.MissingExtraError: a gallery in PostgreSQL needs no_such_package:
    pip install "gaitprint[postgres]"
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"{purpose} needs {error.name}: {EXTRAS[name].install}") from error
    except ImportError as error:
        reason = " ".join(str(error).split())
        message = f"{purpose} needs a package that does not load ({reason}): {EXTRAS[name].install}"
        raise MissingExtraError(message) from error

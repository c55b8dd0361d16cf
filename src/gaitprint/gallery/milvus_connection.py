"""How a server of Milvus, or a file of Milvus Lite, is reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from gaitprint.core.errors import UsageError
from gaitprint.core.extras import needs_extra

# pymilvus asks every ten seconds whether the other side is alive. gRPC servers with its default settings take more than
# one such ping in five minutes for abuse, and hang up.
_GRPC_OPTIONS = {"grpc.keepalive_time_ms": 330_000, "grpc.keepalive_permit_without_calls": False}
_ANSWER_S = 30


def connect(url: str) -> Any:
    """Return a `pymilvus.MilvusClient`.

    Args:
        url: ``milvus://user:password@host:port/database``, ``milvus+https://...``, or ``milvus:///path/file.db``.

    Raises:
        UsageError: a file of another name.
        MissingExtraError: a file, and Milvus Lite is not installed.
        MilvusException: nobody answers, or refuses.
    """
    from pymilvus import MilvusClient

    parts = urlsplit(url)
    if not parts.netloc:  # Milvus Lite
        path = Path(parts.path)
        if path.suffix != ".db":
            raise UsageError(f"{url}: Milvus Lite keeps a gallery in a file whose name ends in .db")
        with needs_extra("milvus", "a gallery in Milvus Lite"):
            import milvus_lite  # noqa: F401
        path.parent.mkdir(parents=True, exist_ok=True)
        return MilvusClient(str(path), grpc_options=_GRPC_OPTIONS)
    scheme = "https" if parts.scheme == "milvus+https" else "http"
    address = f"{scheme}://{parts.hostname}:{parts.port or 19530}"
    given = {"user": parts.username, "password": parts.password, "db_name": parts.path.strip("/")}
    known = {name: value for name, value in given.items() if value}
    return MilvusClient(address, **known, timeout=_ANSWER_S, grpc_options=_GRPC_OPTIONS)


def milvus_exception() -> type[Exception]:
    """Return what pymilvus raises, which is imported on use."""
    from pymilvus import MilvusException

    return cast(type[Exception], MilvusException)

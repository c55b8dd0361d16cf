"""Tokens: what a client shows to be let in, and what each of them may do.

A token is ``gp_ID_SECRET``, where the secret is 256 random bits. Only its SHA-256 is kept: there is nothing to guess in
a random secret, so that no slow hash is needed, and whoever reads the database can use nothing in it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from gaitprint.core.errors import UsageError
from gaitprint.core.registry import unknown_name_message
from gaitprint.serving.database import ServiceDatabase

Right = Literal["identify", "verify", "list", "enroll", "delete", "audit"]
RIGHTS: tuple[Right, ...] = get_args(Right)
# On the command line, for all of them.
ADMIN = "admin"

_TOKEN = re.compile(r"gp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_SPAN = re.compile(r"([1-9][0-9]{0,4})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Token:
    """What is known about a token; never its secret.

    Args:
        token_id: opaque; what the audit log holds.
        label: what people call it.
        rights: what it may do.
        created_at: when, ISO 8601 in UTC.
        expires_at: from when on it is refused; None for never.
        revoked_at: since when it is refused; None where it is not.
    """

    token_id: str
    label: str
    rights: tuple[Right, ...]
    created_at: str
    expires_at: str | None
    revoked_at: str | None

    def state(self, now: datetime) -> Literal["valid", "expired", "revoked"]:
        """Say whether it is let in at some time."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and datetime.fromisoformat(self.expires_at) <= now:
            return "expired"
        return "valid"


class TokenRefusedError(Exception):
    """A token that is not let in; the text says why, for whoever shows it."""


class Tokens:
    """The tokens of a service."""

    def __init__(self, database: ServiceDatabase) -> None:
        self._database = database

    def create(self, label: str, rights: Iterable[str], expires: timedelta | None = None) -> tuple[str, Token]:
        """Make a token and return it, for the only time, with what is kept of it.

        Args:
            label: what people call it, printable, at most 100 characters.
            rights: some of `RIGHTS`, or ``admin`` for all.
            expires: how long from now it is valid; None for ever.

        Raises:
            UsageError: a label or right that is none.
        """
        if not label or len(label) > 100 or not label.isprintable():
            raise UsageError(f"token label {label[:40]!r} must be 1 to 100 printable characters")
        wanted = parse_rights(rights)
        token_id, secret, now = secrets.token_hex(6), secrets.token_urlsafe(32), datetime.now(UTC)
        until = None if expires is None else (now + expires).isoformat(timespec="seconds")
        token = Token(token_id, label, wanted, now.isoformat(timespec="seconds"), until, None)
        with self._database.change() as connection:
            connection.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (token_id, label, _hash(secret), ",".join(wanted), token.created_at, until),
            )
        return f"gp_{token_id}_{secret}", token

    def check(self, shown: str) -> Token:
        """Return the token that somebody shows.

        Raises:
            TokenRefusedError: none, a wrong one, an expired or revoked one.
        """
        parts = _TOKEN.fullmatch(shown)
        rows = self._select("WHERE token_id = ?", (parts[1],)) if parts else []
        kept_hash = rows[0][1] if rows else "0" * 64
        matches = hmac.compare_digest(_hash(parts[2] if parts else ""), kept_hash)
        if not (rows and matches):
            raise TokenRefusedError("the token is not known here")
        token = rows[0][0]
        state = token.state(datetime.now(UTC))
        if state != "valid":
            raise TokenRefusedError(f"the token is {state}")
        return token

    def all(self) -> list[Token]:
        """Return every token, oldest first."""
        return [token for token, _ in self._select("ORDER BY created_at, token_id")]

    def revoke(self, token_id: str) -> Token:
        """Refuse a token from now on. UsageError: no such token."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._database.change() as connection:
            connection.execute(
                "UPDATE tokens SET revoked_at = ? WHERE token_id = ? AND revoked_at IS NULL", (now, token_id)
            )
        rows = self._select("WHERE token_id = ?", (token_id,))
        if not rows:
            raise UsageError(unknown_name_message("token", token_id, [token.token_id for token in self.all()]))
        return rows[0][0]

    def _select(self, rest: str, values: tuple[str, ...] = ()) -> list[tuple[Token, str]]:
        rows = self._database.rows(
            f"SELECT token_id, label, rights, created_at, expires_at, revoked_at, secret_hash FROM tokens {rest}",
            values,
        )
        return [
            (Token(token_id, label, parse_rights(rights.split(",")), created, expires, revoked), secret_hash)
            for token_id, label, rights, created, expires, revoked, secret_hash in rows
        ]


def parse_rights(words: Iterable[str]) -> tuple[Right, ...]:
    """Return rights in their usual order.

    Raises:
        UsageError: none, or a word that is none.

    >>> parse_rights(["enroll", "identify"])
    ('identify', 'enroll')
    >>> parse_rights(["admin"]) == RIGHTS
    True
    """
    wanted = set(words)
    for word in sorted(wanted):
        if word not in (*RIGHTS, ADMIN):
            raise UsageError(unknown_name_message("right", word, (*RIGHTS, ADMIN)))
    if not wanted:
        raise UsageError(f"a token without rights can do nothing; there are {', '.join((*RIGHTS, ADMIN))}")
    return RIGHTS if ADMIN in wanted else tuple(right for right in RIGHTS if right in wanted)


def parse_span(words: str) -> timedelta:
    """Read how long something lasts.

    >>> parse_span("30d"), parse_span("90s")
    (datetime.timedelta(days=30), datetime.timedelta(seconds=90))
    """
    found = _SPAN.fullmatch(words)
    if not found:
        raise UsageError(f"'{words}' is no time span; 30d, 12h, 45m and 90s are")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

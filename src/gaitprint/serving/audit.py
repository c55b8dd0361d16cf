"""The audit log: who asked what, by opaque ids alone.

The only map from a person's id to a name is the gallery. Once a person is deleted there, the log's ids say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from gaitprint.serving.database import ServiceDatabase


@dataclass(frozen=True)
class AuditEntry:
    """One line of the log.

    Args:
        number: from 1, in the order in which things happened.
        at: when, ISO 8601 in UTC.
        token_id: whose; ``anonymous`` where no token is needed.
        action: what was asked for.
        person_id: opaque id of the person concerned; None where there is none.
        outcome: what came of it, in a word or two.
    """

    number: int
    at: str
    token_id: str
    action: str
    person_id: str | None
    outcome: str


class AuditLog:
    """Who asked what."""

    def __init__(self, database: ServiceDatabase) -> None:
        self._database = database

    def write(self, token_id: str, action: str, outcome: str, person_id: str | None = None) -> None:
        """Add a line."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._database.change() as connection:
            connection.execute(
                "INSERT INTO audit (at, token_id, action, person_id, outcome) VALUES (?, ?, ?, ?, ?)",
                (now, token_id, action, person_id, outcome),
            )

    def read(self, limit: int, before: int | None = None) -> list[AuditEntry]:
        """Return the latest lines, newest first.

        Args:
            limit: how many, at most.
            before: only lines with a smaller number.
        """
        rows = self._database.rows(
            "SELECT number, at, token_id, action, person_id, outcome FROM audit "
            "WHERE ?1 IS NULL OR number < ?1 ORDER BY number DESC LIMIT ?2",
            (before, limit),
        )
        return [AuditEntry(*row) for row in rows]

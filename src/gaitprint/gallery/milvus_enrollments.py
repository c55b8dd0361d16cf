"""Enrollments that are under way in Milvus, and how readers see each of them whole or not at all.

Milvus has no transactions over several requests, nor one state for the several requests of a reader. So every
enrollment has a row of its own: written before its first template, marked as finished after its last one, and removed a
minute later. Whoever reads looks at these rows before, and leaves out the templates of those that are not finished; and
again afterwards, and leaves out those that began meanwhile.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

from gaitprint.gallery.engine import GalleryError
from gaitprint.gallery.milvus_collections import all_rows, plain_row

# An enrollment that has said nothing for so long was left by a client that died; by the clocks of the clients.
LEFT_BEHIND_S = 60.0
_SAYS_SOMETHING_EVERY_S = 10.0
# Readings that take longer may see half an enrollment that began and finished meanwhile.
_REMEMBERED_S = 60.0
_FINISHED = "finished "
_ATTEMPTS = 6


@dataclass(frozen=True)
class Seen:
    """How enrollments stood before something was read.

    Args:
        finished: ids of those that were finished, not long ago.
        pending: ids of those that were not.
    """

    finished: frozenset[str]
    pending: tuple[str, ...]


class Enrollments:
    """The rows of enrollments that are under way, or were not long ago.

    Args:
        client: of Milvus.
        collection: that the rows are in.
    """

    def __init__(self, client: Any, collection: str) -> None:
        self._client = client
        self._collection = collection

    def look(self) -> Seen:
        """Say how enrollments stand now."""
        states = self._states()
        finished = frozenset(each for each, state in states.items() if state.startswith(_FINISHED))
        return Seen(finished, tuple(sorted(states.keys() - finished)))

    def began_since(self, seen: Seen) -> set[str]:
        """Ids of those that were not there yet, or not finished."""
        return self._states().keys() - seen.finished

    def begin(self) -> Enrollment:
        """Begin one."""
        return Enrollment(self._client, self._collection)

    def left_behind(self) -> list[str]:
        """Ids of those that somebody began and will not finish."""
        states = self._states().items()
        unfinished = [(each, float(state)) for each, state in states if not state.startswith(_FINISHED)]
        return [each for each, said_at in unfinished if time.time() - said_at > LEFT_BEHIND_S]

    def forget(self, enrollment: str) -> None:
        """Remove the row of one whose templates were removed."""
        self._client.delete(self._collection, ids=[enrollment])

    def forget_old(self) -> None:
        """Remove the rows of those that were finished before anybody who reads now can have begun to."""
        states = self._states().items()
        finished = [
            (each, float(state.removeprefix(_FINISHED))) for each, state in states if state.startswith(_FINISHED)
        ]
        if old := [each for each, finished_at in finished if time.time() - finished_at > _REMEMBERED_S]:
            self._client.delete(self._collection, ids=old)

    def _states(self) -> dict[str, str]:
        rows = all_rows(self._client, self._collection, "", ["id", "started_at"])
        return {row["id"]: row["started_at"] for row in rows}


class Enrollment:
    """One that is under way.

    Args:
        client: of Milvus.
        collection: that its row is in.

    Attributes:
        enrollment_id: what its templates carry.
    """

    def __init__(self, client: Any, collection: str) -> None:
        self.enrollment_id = uuid.uuid4().hex
        self._client = client
        self._collection = collection
        self._say("")

    def go_on(self) -> None:
        """Say that it is still under way.

        Raises:
            GalleryError: it was taken for left behind, and removed.
        """
        if time.time() - self._said_at > _SAYS_SOMETHING_EVERY_S:
            self._must_be_there()
            self._say("")

    def finish(self) -> None:
        """Show all of its templates.

        Raises:
            GalleryError: as `go_on`, or the server drops what is written.
        """
        self._must_be_there()
        # Milvus Lite (3.2.2) numbers the writes of several clients without a lock, and may drop one that changes a row.
        for _ in range(_ATTEMPTS):
            self._say(_FINISHED)
            rows = self._client.get(self._collection, ids=[self.enrollment_id], output_fields=["started_at"])
            if rows and rows[0]["started_at"].startswith(_FINISHED):
                return
        raise GalleryError("the server does not keep what is written: repeat the enrollment")

    def _say(self, state: str) -> None:
        self._said_at = time.time()
        row = plain_row(id=self.enrollment_id, started_at=f"{state}{self._said_at}")
        self._client.upsert(self._collection, [row])

    def _must_be_there(self) -> None:
        if not self._client.get(self._collection, ids=[self.enrollment_id], output_fields=["id"]):
            raise GalleryError(
                f"the enrollment stood still for over {LEFT_BEHIND_S:.0f} seconds and was given up: repeat it"
            )

"""`Service`: everything that the routes share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Self

from gaitprint.core.errors import UsageError
from gaitprint.serving.access import Doorkeeper
from gaitprint.serving.audit import AuditLog
from gaitprint.serving.database import ServiceDatabase
from gaitprint.serving.extraction import Extractor
from gaitprint.serving.folder_lock import FolderLock
from gaitprint.serving.jobs import Job, Jobs
from gaitprint.serving.recogniser import Recogniser
from gaitprint.serving.settings import ServiceSettings
from gaitprint.serving.tokens import Tokens


@dataclass(frozen=True, eq=False)
class Service:
    """The parts of a service that runs.

    Args:
        settings: what may be asked of it.
        recogniser: who is known.
        tokens: who may ask.
        audit: who asked.
        doorkeeper: lets requests in.
        jobs: what is worked on.
    """

    settings: ServiceSettings
    recogniser: Recogniser
    tokens: Tokens
    audit: AuditLog
    doorkeeper: Doorkeeper
    jobs: Jobs
    _database: ServiceDatabase
    _lock: FolderLock
    _closed: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def start(cls, settings: ServiceSettings, recogniser: Recogniser, extractors: list[Extractor]) -> Self:
        """Start a service; `close` ends it.

        Args:
            settings: of the service.
            recogniser: who is known; closed with the service.
            extractors: one for each video that is looked at at once; closed with the service.

        Raises:
            UsageError: another service runs in this folder.
            UnreadableFileError: the folder's database cannot be used.
        """
        database = ServiceDatabase(settings.folder)
        try:
            lock = FolderLock(settings.folder)
        except UsageError:
            database.close()
            raise
        tokens, audit = Tokens(database), AuditLog(database)

        def failed(job: Job) -> None:
            audit.write(job.token_id, job.action, "failed", job.claimed)

        return cls(
            settings,
            recogniser,
            tokens,
            audit,
            Doorkeeper(settings, tokens),
            Jobs(settings.folder / "temporary", extractors, settings.waiting_jobs, settings.kept_seconds, failed),
            database,
            lock,
        )

    def close(self) -> None:
        """End everything; videos and pictures are removed. Closing again does nothing."""
        if self._closed.is_set():
            return
        self._closed.set()
        self.jobs.close()
        self.recogniser.close()
        self._database.close()
        self._lock.close()

"""Jobs: videos wait in a bounded queue, and a few threads have them looked at."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from gaitprint.core.errors import GaitprintError
from gaitprint.gallery.template import is_id
from gaitprint.serving.extraction import Extractor, SeenVideo
from gaitprint.serving.schemas import EnrolledItem, Identified, Verified

Action = Literal["identify", "verify", "enroll"]
State = Literal["queued", "running", "done", "failed"]

_log = logging.getLogger("gaitprint.serving")
_POLL_SECONDS = 0.05
# Results that are kept at once, at most; the oldest go first.
_MOST_KEPT = 200


class JobFailedError(GaitprintError):
    """A job that cannot be done: an HTTP status and a reason in one line."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


@dataclass(eq=False)
class Job:
    """One request that brought videos.

    Args:
        action: what it asks.
        token_id: whose it is; nobody else sees it.
        folder: of its own: videos until they were looked at, pictures afterwards.
        job_id: opaque.
        videos: paths of what was uploaded.
        finish: makes the result of what was seen; may raise `JobFailedError`.
        claimed: person whom the request names, if it does.
    """

    action: Action
    token_id: str
    folder: Path
    job_id: str
    videos: list[Path] = field(default_factory=list)
    finish: Callable[[Job], None] = lambda job: None
    claimed: str | None = None
    state: State = "queued"
    created_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    video: int = 1
    frames: int = 0
    total: int | None = None
    seen: list[SeenVideo] = field(default_factory=list)
    identified: list[Identified] | None = None
    verified: Verified | None = None
    enrolled: EnrolledItem | None = None
    failure: JobFailedError | None = None
    ended: float | None = None
    # People who were renamed or removed since `finish` began.
    outdated: set[str] = field(default_factory=set)

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed")

    @property
    def person_ids(self) -> set[str]:
        """Known people whom the result names."""
        named = {candidate.person_id for one in self.identified or () for candidate in one.candidates}
        return named | ({self.enrolled.person_id} if self.enrolled else set())


class QueueFullError(Exception):
    """As many videos wait as may."""


class Jobs:
    """The jobs of a service.

    Args:
        folder: for videos and pictures, one folder a job; those that an interrupted service left behind are removed at
            the start.
        extractors: each is used by a thread of its own.
        waiting: how many jobs may be uploaded or wait at once, besides those that run.
        kept_seconds: so long are finished jobs kept.
        on_failed: called with each job that failed, before it is over.
    """

    def __init__(
        self,
        folder: Path,
        extractors: list[Extractor],
        waiting: int,
        kept_seconds: float,
        on_failed: Callable[[Job], None],
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_jobs(folder)
        self._folder, self._extractors, self._kept_seconds = folder, extractors, kept_seconds
        self._on_failed = on_failed
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._free = waiting + len(extractors)
        self._queue: queue.Queue[Job | None] = queue.Queue()
        self._threads = [
            threading.Thread(target=self._work, args=(extractor,), name="videos", daemon=True)
            for extractor in extractors
        ]
        self._sweeper_stops = threading.Event()
        self._threads.append(threading.Thread(target=self._sweep_now_and_then, name="sweeper", daemon=True))
        for thread in self._threads:
            thread.start()

    def reserve(self, action: Action, token_id: str) -> Job:
        """Make room for a job before its videos are uploaded; then `submit` or `discard` it.

        Raises:
            QueueFullError: as many wait as may.
        """
        self.sweep()
        with self._lock:
            if self._free <= 0:
                raise QueueFullError
            self._free -= 1
        job_id = uuid.uuid4().hex
        job = Job(action, token_id, self._folder / job_id, job_id)
        try:
            job.folder.mkdir(mode=0o700)
        except BaseException:
            self.discard(job)
            raise
        return job

    def discard(self, job: Job) -> None:
        """Give a reserved place back, and remove what was uploaded."""
        shutil.rmtree(job.folder, ignore_errors=True)
        with self._lock:
            self._free += 1

    def submit(self, job: Job) -> None:
        """Put a reserved job into the queue."""
        with self._lock:
            self._jobs[job.job_id] = job
        self._queue.put(job)

    def find(self, job_id: str, token_id: str) -> Job | None:
        """Return a job of a token; None where there is none, or somebody else's."""
        self.sweep()
        with self._lock:
            job = self._jobs.get(job_id)
        return job if job is not None and job.token_id == token_id else None

    async def wait(self, job: Job, seconds: float) -> None:
        """Return when a job is over, or after some seconds."""
        until = time.monotonic() + seconds
        while not job.over and time.monotonic() < until:
            await asyncio.sleep(_POLL_SECONDS)

    def forget_person(self, person_id: str) -> None:
        """Drop results that name a person, those that come of running jobs included."""
        with self._lock:
            gone = [job for job in self._jobs.values() if job.over and person_id in job.person_ids]
            for job in self._jobs.values():
                job.outdated.add(person_id)
        for job in gone:
            self.drop(job)

    def drop(self, job: Job) -> None:
        """Drop a finished job with its pictures."""
        with self._lock:
            self._jobs.pop(job.job_id, None)
        shutil.rmtree(job.folder, ignore_errors=True)

    def sweep(self) -> None:
        """Drop what was kept long enough."""
        now = time.monotonic()
        with self._lock:
            over = sorted((job for job in self._jobs.values() if job.ended), key=lambda job: job.ended or 0)
            late = [job for job in over if job.ended and now - job.ended > self._kept_seconds]
            gone = {job.job_id: job for job in [*late, *over[: max(0, len(over) - _MOST_KEPT)]]}
        for job in gone.values():
            self.drop(job)

    def close(self) -> None:
        """End threads and processes, and remove every video and picture."""
        self._sweeper_stops.set()
        with contextlib.suppress(queue.Empty):
            while True:
                self._queue.get_nowait()
        for _ in self._extractors:
            self._queue.put(None)
        for extractor in self._extractors:
            extractor.close()
        for thread in self._threads:
            thread.join(timeout=10)
        for extractor in self._extractors:
            extractor.close()
        _remove_jobs(self._folder)
        with contextlib.suppress(OSError):  # it holds something that is none of ours
            self._folder.rmdir()

    def _work(self, extractor: Extractor) -> None:
        while (job := self._queue.get()) is not None:
            job.state = "running"
            try:
                self._look(job, extractor)
                with self._lock:
                    job.outdated.clear()
                job.finish(job)
                state: State = "done"
            except JobFailedError as failure:
                job.failure, state = failure, "failed"
            except GaitprintError as error:
                job.failure, state = JobFailedError(422, " ".join(str(error).split())), "failed"
            except Exception:
                _log.exception("job failed")
                job.failure, state = JobFailedError(500, "internal error; the service's own log has more"), "failed"
            self._end(job, state)

    def _end(self, job: Job, state: State) -> None:
        try:
            _let_go_of_walks(job)
            if state == "failed":
                self._on_failed(job)
        except Exception:
            _log.exception("the end of a job failed")
        with self._lock:
            self._free += 1
            job.ended, job.state = time.monotonic(), state
            outdated = not job.outdated.isdisjoint(job.person_ids)
        if outdated:
            self.drop(job)

    def _look(self, job: Job, extractor: Extractor) -> None:
        for number, video in enumerate(job.videos, start=1):
            job.video, job.frames, job.total = number, 0, None
            folder = job.folder / f"video-{number}"
            folder.mkdir()

            def progress(frames: int, total: int | None) -> None:
                job.frames, job.total = frames, total

            seen = extractor.extract(video, folder, progress)
            # Not needed any more, even while others of the job wait.
            video.unlink(missing_ok=True)
            job.frames = job.total = seen.frames
            job.seen.append(seen)

    def _sweep_now_and_then(self) -> None:
        while not self._sweeper_stops.wait(min(self._kept_seconds, 30)):
            self.sweep()


def _remove_jobs(folder: Path) -> None:
    """Remove the folders of jobs, and nothing else: a user may name a folder that others have used."""
    for left in folder.iterdir():
        if is_id(left.name):
            shutil.rmtree(left, ignore_errors=True)


def _let_go_of_walks(job: Job) -> None:
    """Let go of the videos and walks of a job; its pictures stay."""
    job.seen = [video.without_walks() for video in job.seen]
    for path in (*job.videos, *job.folder.glob("video-*/*.npz")):
        path.unlink(missing_ok=True)

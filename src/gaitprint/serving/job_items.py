"""A job as responses show it."""

from __future__ import annotations

from http import HTTPStatus

from gaitprint.serving.extraction import SeenPassage, SeenVideo
from gaitprint.serving.jobs import Job
from gaitprint.serving.schemas import (
    JobItem,
    JobProgress,
    PassageItem,
    PersonSeen,
    ProblemDetails,
    VideoSeen,
)


def job_item(job: Job) -> JobItem:
    """Return what a client is told about a job."""
    problem = None
    if job.failure is not None:
        status = job.failure.status
        problem = ProblemDetails(
            type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=job.failure.detail
        )
    return JobItem(
        job_id=job.job_id,
        action=job.action,
        state=job.state,
        created_at=job.created_at,
        progress=JobProgress(video=job.video, videos=max(1, len(job.videos)), frames=job.frames, total=job.total),
        videos=[_video(job, number, seen) for number, seen in enumerate(job.seen, start=1)],
        identified=job.identified,
        verified=job.verified,
        enrolled=job.enrolled,
        problem=problem,
    )


def _video(job: Job, number: int, seen: SeenVideo) -> VideoSeen:
    people = [
        PersonSeen(number=person.number, passages=[_passage(job, number, passage) for passage in person.passages])
        for person in seen.people
    ]
    return VideoSeen(people=people, frames=seen.frames, seconds=seen.seconds, warnings=list(seen.warnings))


def _passage(job: Job, video: int, passage: SeenPassage) -> PassageItem:
    stem = f"/api/v1/jobs/{job.job_id}/pictures/{video}/{passage.number}"
    return PassageItem(
        number=passage.number,
        usable=passage.refused is None,
        refused=passage.refused,
        direction=passage.direction,
        view_deg=passage.view_deg,
        start_seconds=passage.start_seconds,
        seconds=passage.seconds,
        score=min(max(passage.score, 0.0), 1.0),
        figures=passage.figures,
        animation=f"{stem}/animation" if passage.animation else None,
        sheet=f"{stem}/sheet" if passage.sheet else None,
    )

"""Jobs: how far they are, what came of them, and pictures of what was seen."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from gaitprint.serving.access import Caller, allowed
from gaitprint.serving.answers import answers
from gaitprint.serving.job_items import job_item
from gaitprint.serving.jobs import Job
from gaitprint.serving.problems import Problem
from gaitprint.serving.schemas import JOB_ID, JobItem
from gaitprint.serving.service import Service

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

JobIdPath = Annotated[str, Path(pattern=JOB_ID, description="Opaque id of a job.")]


@router.get("/{job_id}", responses=answers(404), summary="Look at a job")
async def get_job(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(None))],
    job_id: JobIdPath,
    wait: Annotated[float, Query(ge=0, le=30, description="Seconds to wait for the job to be over.")] = 0,
) -> JobItem:
    """Return how far a job is, or what came of it. Jobs of other tokens do not exist."""
    service: Service = request.app.state.service
    job = _find(service, caller, job_id)
    await service.jobs.wait(job, wait)
    return job_item(job)


@router.delete("/{job_id}", status_code=204, responses=answers(404, 409), summary="Drop a job")
def drop_job(request: Request, caller: Annotated[Caller, Depends(allowed(None))], job_id: JobIdPath) -> Response:
    """Remove the result and the pictures of a job that is over, before they are removed by themselves."""
    service: Service = request.app.state.service
    job = _find(service, caller, job_id)
    if not job.over:
        raise Problem(409, "the job is not over")
    service.jobs.drop(job)
    return Response(status_code=204)


@router.get(
    "/{job_id}/pictures/{video}/{passage}/{kind}",
    responses={
        200: {"content": {"image/gif": {}, "image/png": {}}, "description": "The passage, moving or still."},
        **answers(404),
    },
    response_class=Response,
    summary="Picture of a passage",
)
def get_picture(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(None))],
    job_id: JobIdPath,
    video: Annotated[int, Path(ge=1, le=1000)],
    passage: Annotated[int, Path(ge=1, le=100_000)],
    kind: Literal["animation", "sheet"],
) -> Response:
    """Return a passage as it was beside its silhouette."""
    job = _find(request.app.state.service, caller, job_id)
    found = [
        each
        for number, seen in enumerate(job.seen, start=1)
        if number == video
        for person in seen.people
        for each in person.passages
        if each.number == passage
    ]
    path = (found[0].animation if kind == "animation" else found[0].sheet) if found else None
    try:
        data = path.read_bytes() if path else None
    except OSError:
        data = None
    if data is None:
        raise Problem(404, "no such picture")
    return Response(data, media_type="image/gif" if kind == "animation" else "image/png")


def _find(service: Service, caller: Caller, job_id: str) -> Job:
    job = service.jobs.find(job_id, caller.token_id)
    if job is None:
        raise Problem(404, "no such job; results are dropped after a while")
    return job

"""What becomes of a request that brings videos: received within limits, made a job, waited for as long as was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from gaitprint.serving.access import Caller
from gaitprint.serving.job_items import job_item
from gaitprint.serving.jobs import Action, Job, QueueFullError
from gaitprint.serving.problems import Problem
from gaitprint.serving.schemas import JobItem
from gaitprint.serving.service import Service
from gaitprint.serving.uploads import Upload, receive_upload

_RETRY_SECONDS = "5"


@dataclass(frozen=True)
class VideoRequest:
    """What is asked with videos.

    Args:
        action: what is asked.
        fields: names of the form's text fields, and how many bytes each may have.
        videos: how many may come.
        prepare: checks what came, and returns what finishes the job; raises `Problem`.
    """

    action: Action
    fields: Mapping[str, int]
    videos: int
    prepare: Callable[[Upload], Callable[[Job], None]]


async def accept_videos(
    request: Request, response: Response, caller: Caller, asked: VideoRequest, wait: float
) -> JobItem:
    """Receive videos, make a job of them, and answer with how far it is after some seconds.

    Args:
        request: its body was not read before.
        response: takes the status and the place of the job.
        caller: whose job it will be.
        asked: what is asked.
        wait: for so many seconds, unless the job is over before.

    Raises:
        Problem: 429 and 503 too many videos; as `receive_upload`, `asked.prepare`, or why the job failed meanwhile.
    """
    service: Service = request.app.state.service
    service.doorkeeper.count_video(caller)
    try:
        job = service.jobs.reserve(asked.action, caller.token_id)
    except QueueFullError as error:
        raise Problem(503, "as many videos wait as may; try again", {"Retry-After": _RETRY_SECONDS}) from error
    try:
        upload = await receive_upload(request, job.folder, fields=asked.fields, videos=asked.videos)
        job.videos = upload.videos
        job.claimed = upload.fields.get("person_id")
        job.finish = await run_in_threadpool(asked.prepare, upload)
    except BaseException:
        service.jobs.discard(job)
        raise
    service.jobs.submit(job)
    response.headers["Location"] = f"/api/v1/jobs/{job.job_id}"
    if wait == 0:
        # The same answer whether or not the job happens to be over by now.
        return job_item(job)
    await service.jobs.wait(job, wait)
    if job.failure is not None:
        headers = {"Location": response.headers["Location"]}
        raise Problem(job.failure.status, job.failure.detail, headers)
    response.status_code = 200 if job.over else 202
    return job_item(job)

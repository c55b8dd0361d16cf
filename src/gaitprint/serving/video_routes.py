"""Requests that bring videos: enroll, identify, verify. Each becomes a job."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from gaitprint.core.errors import UsageError
from gaitprint.gallery.template import LONGEST_NAME, check_name
from gaitprint.serving.access import Caller, allowed
from gaitprint.serving.answers import answers
from gaitprint.serving.finishing import finish_enrollment, finish_identification, finish_verification
from gaitprint.serving.job_items import job_item
from gaitprint.serving.jobs import Action, Job, QueueFullError
from gaitprint.serving.problems import Problem
from gaitprint.serving.recogniser import UnknownPersonError
from gaitprint.serving.schemas import PERSON_ID, JobItem
from gaitprint.serving.service import Service
from gaitprint.serving.uploads import Upload, receive_upload

router = APIRouter(prefix="/api/v1", tags=["videos"])

# Room for the text of a form beside its files.
FORM_BYTES = 1 << 16
_RETRY_SECONDS = "5"
_VIDEO = {"type": "string", "format": "binary", "description": "A video of somebody walking."}
_LOCATION = {"Location": {"description": "Where the job is.", "schema": {"type": "string"}}}

Wait = Annotated[float, Query(ge=0, le=30, description="Seconds to wait for the result before answering.")]
Rate = Annotated[
    float | None,
    Query(gt=0, lt=1, description="Share of strangers that may be taken for somebody; null for the usual."),
]


def _form(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    schema = {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _responses() -> dict[int | str, dict[str, Any]]:
    return {
        200: {"description": "Done within the time that was waited.", "model": JobItem, "headers": _LOCATION},
        202: {"description": "The job waits or runs.", "model": JobItem, "headers": _LOCATION},
        **answers(404, 408, 415, 503),
    }


@router.post(
    "/people",
    status_code=202,
    response_model=JobItem,
    responses=_responses(),
    summary="Enroll a person",
    openapi_extra=_form(
        {
            "name": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "example": "Anna Novak"},
            "consent": {"type": "string", "enum": ["yes"], "description": "That this person agreed to be enrolled."},
            "video": {"type": "array", "items": _VIDEO, "minItems": 1, "description": "Videos of this person alone."},
        },
        ["name", "consent", "video"],
    ),
)
async def enroll(
    request: Request, response: Response, caller: Annotated[Caller, Depends(allowed("enroll"))], wait: Wait = 0
) -> Any:
    """Make somebody known by videos in which they walk alone; somebody of this name gets further templates."""

    def prepare(service: Service, upload: Upload) -> Callable[[Job], None]:
        if upload.fields.get("consent") != "yes":
            raise Problem(422, "consent: must be 'yes', that this person agreed to be enrolled")
        try:
            name = check_name(upload.fields.get("name", ""))
        except UsageError as error:
            raise Problem(422, f"name: {error}") from error
        return lambda job: finish_enrollment(service, job, name)

    service: Service = request.app.state.service
    fields = {"name": 4 * LONGEST_NAME, "consent": 3}
    return await _accept(request, response, caller, "enroll", fields, service.settings.enroll_videos, wait, prepare)


@router.post(
    "/identify",
    status_code=202,
    response_model=JobItem,
    responses=_responses(),
    summary="Say who walks in a video",
    openapi_extra=_form(
        {
            "one_person": {"type": "string", "enum": ["yes"], "description": "That all walks in it are one person's."},
            "video": _VIDEO,
        },
        ["video"],
    ),
)
async def identify(
    request: Request,
    response: Response,
    caller: Annotated[Caller, Depends(allowed("identify"))],
    wait: Wait = 0,
    fpir: Rate = None,
) -> Any:
    """Return, for everybody in the video, who they may be, or that it is nobody who is known.

    Who leaves the picture and comes back is somebody else, unless the form says that there is one person.
    """

    def prepare(service: Service, upload: Upload) -> Callable[[Job], None]:
        said = upload.fields.get("one_person")
        if said not in (None, "yes"):
            raise Problem(422, "one_person: must be 'yes', or left out")
        rate = fpir or service.settings.fpir
        return lambda job: finish_identification(service, job, rate, one_person=said == "yes")

    return await _accept(request, response, caller, "identify", {"one_person": 3}, 1, wait, prepare)


@router.post(
    "/verify",
    status_code=202,
    response_model=JobItem,
    responses=_responses(),
    summary="Check who somebody claims to be",
    openapi_extra=_form(
        {"person_id": {"type": "string", "pattern": PERSON_ID, "description": "Who is claimed."}, "video": _VIDEO},
        ["person_id", "video"],
    ),
)
async def verify(
    request: Request,
    response: Response,
    caller: Annotated[Caller, Depends(allowed("verify"))],
    wait: Wait = 0,
    fmr: Rate = None,
) -> Any:
    """Return whether all walks in the video together are taken for those of the person who is claimed."""

    def prepare(service: Service, upload: Upload) -> Callable[[Job], None]:
        person_id = upload.fields.get("person_id", "")
        if not re.fullmatch(PERSON_ID, person_id):
            raise Problem(422, "person_id: must be 32 hexadecimal digits")
        try:
            service.recogniser.person(person_id)
        except UnknownPersonError as error:
            service.audit.write(caller.token_id, "verify", "refused: no such person", person_id)
            raise Problem(404, str(error)) from error
        return lambda job: finish_verification(service, job, person_id, fmr or service.settings.fmr)

    return await _accept(request, response, caller, "verify", {"person_id": 32}, 1, wait, prepare)


async def _accept(
    request: Request,
    response: Response,
    caller: Caller,
    action: Action,
    fields: Mapping[str, int],
    videos: int,
    wait: float,
    prepare: Callable[[Service, Upload], Callable[[Job], None]],
) -> JobItem:
    """Receive videos, make a job of them, and wait for it as long as was asked."""
    service: Service = request.app.state.service
    service.doorkeeper.count_video(caller)
    try:
        job = service.jobs.reserve(action, caller.token_id)
    except QueueFullError as error:
        raise Problem(503, "as many videos wait as may; try again", {"Retry-After": _RETRY_SECONDS}) from error
    try:
        upload = await receive_upload(request, job.folder, fields=fields, videos=videos)
        job.videos = upload.videos
        job.claimed = upload.fields.get("person_id")
        job.finish = await run_in_threadpool(prepare, service, upload)
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

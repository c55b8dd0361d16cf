"""The routes that take videos: enroll, identify, verify. Each becomes a job."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response

from gaitprint.core.errors import UsageError
from gaitprint.gallery.template import LONGEST_NAME, check_name
from gaitprint.serving.access import Caller, allowed
from gaitprint.serving.answers import answers
from gaitprint.serving.finishing import finish_enrollment, finish_identification, finish_verification
from gaitprint.serving.jobs import Job
from gaitprint.serving.problems import Problem
from gaitprint.serving.recogniser import UnknownPersonError
from gaitprint.serving.schemas import PERSON_ID, JobItem
from gaitprint.serving.service import Service
from gaitprint.serving.uploads import Upload
from gaitprint.serving.video_requests import VideoRequest, accept_videos

router = APIRouter(prefix="/api/v1", tags=["videos"])

Route = TypeVar("Route", bound=Callable[..., Any])
_VIDEO = {"type": "string", "format": "binary", "description": "A video of somebody walking."}
_LOCATION = {"Location": {"description": "Where the job is.", "schema": {"type": "string"}}}

Wait = Annotated[float, Query(ge=0, le=30, description="Seconds to wait for the result before answering.")]
Rate = Annotated[
    float | None,
    Query(gt=0, lt=1, description="Share of strangers that may be taken for somebody; null for the usual."),
]


def _takes_form(path: str, summary: str, form: Mapping[str, Any], required: list[str]) -> Callable[[Route], Route]:
    """Return the decorator of a route that takes a form with videos, described by its properties, and gives a job."""
    schema = {"type": "object", "properties": dict(form), "required": required, "additionalProperties": False}
    return router.post(
        path,
        status_code=202,
        response_model=JobItem,
        responses={
            200: {"description": "Done within the time that was waited.", "model": JobItem, "headers": _LOCATION},
            202: {"description": "The job waits or runs.", "model": JobItem, "headers": _LOCATION},
            **answers(404, 408, 415, 503),
        },
        summary=summary,
        openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}},
    )


@_takes_form(
    "/people",
    "Enroll a person",
    {
        "name": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "example": "Anna Novak"},
        "consent": {"type": "string", "enum": ["yes"], "description": "That this person agreed to be enrolled."},
        "video": {"type": "array", "items": _VIDEO, "minItems": 1, "description": "Videos of this person alone."},
    },
    ["name", "consent", "video"],
)
async def enroll(
    request: Request, response: Response, caller: Annotated[Caller, Depends(allowed("enroll"))], wait: Wait = 0
) -> Any:
    """Make somebody known by videos in which they walk alone; somebody of this name gets further templates."""
    service: Service = request.app.state.service

    def prepare(upload: Upload) -> Callable[[Job], None]:
        if upload.fields.get("consent") != "yes":
            raise Problem(422, "consent: must be 'yes', that this person agreed to be enrolled")
        try:
            name = check_name(upload.fields.get("name", ""))
        except UsageError as error:
            raise Problem(422, f"name: {error}") from error
        return lambda job: finish_enrollment(service, job, name)

    fields = {"name": 4 * LONGEST_NAME, "consent": 3}
    asked = VideoRequest("enroll", fields, service.settings.enroll_videos, prepare)
    return await accept_videos(request, response, caller, asked, wait)


@_takes_form(
    "/identify",
    "Say who walks in a video",
    {
        "one_person": {"type": "string", "enum": ["yes"], "description": "That all walks in it are one person's."},
        "video": _VIDEO,
    },
    ["video"],
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
    service: Service = request.app.state.service

    def prepare(upload: Upload) -> Callable[[Job], None]:
        said = upload.fields.get("one_person")
        if said not in (None, "yes"):
            raise Problem(422, "one_person: must be 'yes', or left out")
        rate = fpir or service.settings.fpir
        return lambda job: finish_identification(service, job, rate, one_person=said == "yes")

    asked = VideoRequest("identify", {"one_person": 3}, 1, prepare)
    return await accept_videos(request, response, caller, asked, wait)


@_takes_form(
    "/verify",
    "Check who somebody claims to be",
    {"person_id": {"type": "string", "pattern": PERSON_ID, "description": "Who is claimed."}, "video": _VIDEO},
    ["person_id", "video"],
)
async def verify(
    request: Request,
    response: Response,
    caller: Annotated[Caller, Depends(allowed("verify"))],
    wait: Wait = 0,
    fmr: Rate = None,
) -> Any:
    """Return whether all walks in the video together are taken for those of the person who is claimed."""
    service: Service = request.app.state.service

    def prepare(upload: Upload) -> Callable[[Job], None]:
        person_id = upload.fields.get("person_id", "")
        if not re.fullmatch(PERSON_ID, person_id):
            raise Problem(422, "person_id: must be 32 hexadecimal digits")
        try:
            service.recogniser.person(person_id)
        except UnknownPersonError as error:
            service.audit.write(caller.token_id, "verify", "refused: no such person", person_id)
            raise Problem(404, str(error)) from error
        return lambda job: finish_verification(service, job, person_id, fmr or service.settings.fmr)

    asked = VideoRequest("verify", {"person_id": 32}, 1, prepare)
    return await accept_videos(request, response, caller, asked, wait)

"""What requests and responses hold, as the OpenAPI description shows it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gaitprint.gallery.template import LONGEST_NAME
from gaitprint.serving.tokens import Right

PERSON_ID = r"^[0-9a-f]{32}$"
JOB_ID = r"^[0-9a-f]{32}$"

PersonId = Annotated[str, Field(pattern=PERSON_ID, description="Opaque id of a person.", examples=["0f" * 16])]
Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_NAME,
        description="Printable text without white space around it; data, never a file name.",
        examples=["Anna Novak"],
    ),
]
Probability = Annotated[float, Field(ge=0, le=1)]


class _Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProblemDetails(BaseModel):
    """Why a request was not served (RFC 9457)."""

    type: Literal["about:blank"]
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(ge=400, le=599, examples=[422])
    detail: str = Field(examples=["a single frame, in which nobody walks"])


class Health(_Schema):
    """The service is up."""

    status: Literal["ok"]
    version: str = Field(examples=["0.1.0"])
    needs_token: bool = Field(description="Whether other requests need a token.")


class Limits(_Schema):
    """What a video may demand."""

    upload_bytes: int = Field(description="Of one request.")
    video_seconds: float
    enroll_videos: int = Field(description="Videos of one enrollment.")


class Session(_Schema):
    """What the token at hand may do."""

    token_id: str = Field(description="Opaque; `anonymous` where no token is needed.")
    label: str
    rights: list[Right]
    expires_at: str | None = Field(description="ISO 8601 in UTC; null for never.")
    limits: Limits


class PersonItem(_Schema):
    """Somebody who is known."""

    person_id: PersonId
    name: str
    templates: int = Field(description="How many walks are kept, once for each model.")
    modalities: list[str] = Field(examples=[["joints", "silhouettes"]])
    last_enrolled_at: str


class PersonPage(_Schema):
    """Some of those who are known, in order of names."""

    people: list[PersonItem]
    total: int = Field(description="How many there are in all, of those who were looked for.")
    offset: int


class Rename(_Schema):
    """Another name."""

    name: Name


class Deletion(_Schema):
    """What was removed."""

    person_id: PersonId
    templates: int | None = Field(description="How many; null where that is not known.")
    complete: bool = Field(description="Whether every trace is wiped already.")
    warning: str | None = Field(description="What is left, and why.")


class PassageItem(_Schema):
    """One passage: a person walking one way."""

    number: int
    usable: bool
    refused: str | None = Field(description="Why it will not do.", examples=["too small: 31 pixels high, needed 40"])
    direction: str = Field(examples=["left"])
    view_deg: float | None = Field(description="0 = towards the camera, 90 = to the picture's left.")
    start_seconds: float
    seconds: float
    score: Probability = Field(description="Quality in one figure.")
    figures: dict[str, float] = Field(description="frames, cycles, height_px, complete, sharpness.")
    animation: str | None = Field(description="Path of a GIF: as they were, and as a silhouette.")
    sheet: str | None = Field(description="Path of a PNG with the same, still.")


class PersonSeen(_Schema):
    """Somebody who was followed through a video."""

    number: int = Field(description="In the video, from 1.")
    passages: list[PassageItem]


class VideoSeen(_Schema):
    """What was seen in one video."""

    people: list[PersonSeen]
    frames: int
    seconds: float
    warnings: list[str]


class CandidateItem(_Schema):
    """Somebody whom a walk may be of."""

    person_id: PersonId
    name: str
    probability: Probability | None = Field(description="null where the model is not calibrated.")
    similarity: float


class Identified(_Schema):
    """Who a person in the video may be."""

    number: int | None = Field(description="Of the person in the video; null where all were taken for one.")
    decision: Literal["known", "unknown"] | None = Field(description="known: the first candidate.")
    reason: str | None = Field(description="Why there is no decision.")
    candidates: list[CandidateItem]
    fpir: float


class Verified(_Schema):
    """Whether the walks in the video are taken for those of the person who is claimed."""

    accepted: bool | None
    reason: str | None = Field(description="Why there is no decision.")
    probability: Probability | None
    fmr: float


class EnrolledItem(_Schema):
    """Who was enrolled."""

    person_id: PersonId
    name: str
    templates: int


class JobProgress(_Schema):
    """How far a job is."""

    video: int = Field(description="Which video is looked at, from 1.")
    videos: int
    frames: int = Field(description="Frames of it that were seen.")
    total: int | None = Field(description="Frames that it has; null while that is not known.")


class JobItem(_Schema):
    """A piece of work on one or more videos."""

    job_id: str = Field(pattern=JOB_ID)
    action: Literal["identify", "verify", "enroll"]
    state: Literal["queued", "running", "done", "failed"]
    created_at: str
    progress: JobProgress
    videos: list[VideoSeen] = Field(description="What was seen, also where the job failed afterwards.")
    identified: list[Identified] | None
    verified: Verified | None
    enrolled: EnrolledItem | None
    problem: ProblemDetails | None = Field(description="Why it failed.")


class AuditItem(_Schema):
    """One line of the audit log."""

    number: int
    at: str
    token_id: str
    action: str
    person_id: str | None
    outcome: str


class AuditPage(_Schema):
    """Lines of the audit log, newest first."""

    entries: list[AuditItem]

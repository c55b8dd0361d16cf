"""The service itself: whether it is up, what a token may do, and who asked what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from gaitprint import __version__
from gaitprint.serving.access import Caller, allowed
from gaitprint.serving.answers import answers, problem
from gaitprint.serving.schemas import AuditItem, AuditPage, Health, Limits, Session
from gaitprint.serving.service import Service

router = APIRouter(tags=["service"])


@router.get("/api/health", responses={status: problem(status) for status in (400, 413, 500)}, summary="Is it up?")
async def health(request: Request) -> Health:
    """Answer without a token."""
    needs_token = request.app.state.service.settings.require_token
    return Health(status="ok", version=__version__, needs_token=needs_token)


@router.get("/api/v1/session", responses=answers(), summary="What may this token do?")
def session(request: Request, caller: Annotated[Caller, Depends(allowed(None))]) -> Session:
    """Return the rights of the token at hand, and what videos may demand."""
    settings = request.app.state.service.settings
    return Session(
        token_id=caller.token_id,
        label=caller.label,
        rights=list(caller.rights),
        expires_at=caller.expires_at,
        limits=Limits(
            upload_bytes=settings.upload_bytes,
            video_seconds=settings.video_seconds,
            enroll_videos=settings.enroll_videos,
        ),
    )


@router.get("/api/v1/audit", responses=answers(), summary="Who asked what?")
def audit(
    request: Request,
    caller: Annotated[Caller, Depends(allowed("audit"))],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=1 << 53, description="Only lines of a smaller number.")] = None,
) -> AuditPage:
    """Return lines of the audit log, newest first."""
    service: Service = request.app.state.service
    service.audit.write(caller.token_id, "audit", "read")
    return AuditPage(entries=[AuditItem(**vars(entry)) for entry in service.audit.read(limit, before)])

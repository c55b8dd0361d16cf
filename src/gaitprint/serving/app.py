"""`create_app`: the service as an ASGI application."""

from __future__ import annotations

from fastapi import FastAPI

from gaitprint import __version__
from gaitprint.serving import job_routes, people_routes, service_routes, video_routes
from gaitprint.serving.description import describe
from gaitprint.serving.middleware import BodyLimit, Faults, KnownHosts, SafeHeaders
from gaitprint.serving.page_routes import add_page
from gaitprint.serving.problems import answer_problems
from gaitprint.serving.service import Service
from gaitprint.serving.uploads import FORM_BYTES

_UPLOAD_PATHS = frozenset(("/api/v1/people", "/api/v1/identify", "/api/v1/verify"))


def create_app(service: Service, *, over_tls: bool = False) -> FastAPI:
    """Return the application of a service.

    Args:
        service: that was started, and is closed by whoever started it.
        over_tls: whether it is reached by HTTPS alone.
    """
    app = FastAPI(
        title="gaitprint",
        version=__version__,
        summary="Who walks in a video? Enroll, identify, verify.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    for routes in (service_routes, people_routes, video_routes, job_routes):
        app.include_router(routes.router)
    add_page(app)
    answer_problems(app)
    describe(app, needs_token=service.settings.require_token)
    limit = service.settings.upload_bytes + FORM_BYTES
    app.add_middleware(Faults)
    app.add_middleware(BodyLimit, upload_paths=_UPLOAD_PATHS, upload_bytes=limit)
    app.add_middleware(KnownHosts, hosts=service.settings.hosts)
    app.add_middleware(SafeHeaders, over_tls=over_tls)
    return app

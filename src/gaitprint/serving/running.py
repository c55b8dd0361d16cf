"""Running a service: its parts put together, and uvicorn around them."""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import uvicorn

from gaitprint.core.errors import UnreadableFileError, UsageError
from gaitprint.gallery.gallery import Gallery
from gaitprint.serving.app import create_app
from gaitprint.serving.extraction import Extractor, VideoLimits
from gaitprint.serving.extraction_process import ExtractionProcess
from gaitprint.serving.gallery_recogniser import GalleryRecogniser
from gaitprint.serving.service import Service
from gaitprint.serving.settings import ServiceSettings

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SHUTDOWN_SECONDS = 10
# Connections that the system keeps waiting while all are busy.
_BACKLOG = 2048


def check_address(host: str, settings: ServiceSettings) -> ServiceSettings:
    """Return the settings with the hosts that follow from them.

    Raises:
        UsageError: no token is needed, and others than this machine could connect.
    """
    if settings.require_token:
        return settings
    if host not in LOOPBACK:
        raise UsageError(f"--no-auth lets everybody in who can connect; --host {host} is not this machine alone")
    return replace(settings, hosts=(*LOOPBACK, *settings.hosts))


def start_service(settings: ServiceSettings, gallery: Gallery) -> Service:
    """Start a service on a gallery, which is closed with it."""
    limits = VideoLimits(settings.video_seconds, settings.video_frames, settings.frame_pixels)
    extractors: list[Extractor] = [ExtractionProcess(limits, settings.job_seconds) for _ in range(settings.workers)]
    return Service.start(settings, GalleryRecogniser(gallery), extractors)


def run_service(
    service: Service,
    host: str,
    port: int,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    on_started: Callable[[str], None],
) -> None:
    """Serve until the process is told to end.

    Args:
        service: that was started; closed at the end.
        host: address to listen at.
        port: likewise; 0 for one that is free.
        certificate: PEM, with what certifies it; None for HTTP.
        key: PEM, of the certificate; None where it is in the same file.
        on_started: called with the address once connections are taken.

    Raises:
        UnreadableFileError: no certificate with its key that can be read.
        UsageError: the address cannot be listened at.
    """
    _allow_many_connections()
    config = uvicorn.Config(
        create_app(service, over_tls=certificate is not None),
        host=host,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        access_log=False,
        log_level="warning",
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    try:
        try:
            config.load()
        except OSError as error:  # ssl.SSLError is one
            files = f"{certificate}" if key is None else f"{certificate} and {key}"
            reason = error.strerror or error
            raise UnreadableFileError(f"{files}: no certificate with its key in PEM ({reason})") from error
        try:
            _Server(config, on_started, service.close).run()
        except SystemExit as error:  # what uvicorn does where it cannot listen, after it has said so
            raise UsageError(f"cannot listen at {host}:{port}; --host and --port name another address") from error
    finally:
        service.close()


class _Server(uvicorn.Server):
    """Tells when connections are taken, and where, and when that is over."""

    def __init__(
        self, config: uvicorn.Config, on_started: Callable[[str], None], on_stopped: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_started, self._on_stopped = on_started, on_stopped

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """See uvicorn."""
        await super().startup(sockets)  # type: ignore[arg-type]
        if not self.started:
            return
        name = self.servers[0].sockets[0].getsockname()
        host = f"[{name[0]}]" if ":" in name[0] else name[0]
        self._on_started(f"{'https' if self.config.is_ssl else 'http'}://{host}:{name[1]}/")

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """See uvicorn; afterwards it sends itself the signal again that it was told to end by, and nothing follows."""
        await super().shutdown(sockets)  # type: ignore[arg-type]
        self._on_stopped()


def _allow_many_connections() -> None:
    """Take as many connections as the system lets this process have, where it would take fewer by itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

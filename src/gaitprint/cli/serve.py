"""`gaitprint serve`: the HTTP service with its web page, and the tokens that let people in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from rich.text import Text
from tyro.conf import Positional, UseAppendAction, arg

from gaitprint.cli.galleries import Models
from gaitprint.cli.option_types import Device
from gaitprint.cli.terminal import output
from gaitprint.cli.tokens import make_first_token, manage_tokens
from gaitprint.core.errors import UsageError
from gaitprint.core.extras import needs_extra


def serve(
    words: Positional[Annotated[tuple[str, ...], arg(metavar="token create|list|revoke")]] = (),
    /,
    *,
    gallery: Annotated[str | None, arg(metavar="FOLDER|URL")] = None,
    model: Models = (),
    folder: Annotated[Path | None, arg(metavar="FOLDER")] = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    host_name: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="NAME")]] = (),
    certificate: Annotated[Path | None, arg(metavar="PEM")] = None,
    key: Annotated[Path | None, arg(metavar="PEM")] = None,
    auth: bool = True,
    rights: Annotated[str | None, arg(metavar="RIGHT,...")] = None,
    expires: Annotated[str | None, arg(metavar="30d")] = None,
    fpir: Annotated[float, arg(metavar="P")] = 0.01,
    fmr: Annotated[float, arg(metavar="P")] = 0.01,
    upload_megabytes: int = 200,
    video_seconds: float = 300.0,
    job_seconds: float = 600.0,
    workers: int = 1,
    waiting_jobs: int = 8,
    requests_per_minute: int = 600,
    videos_per_minute: int = 30,
    device: Device = "auto",
) -> dict[str, Any]:
    """Run the service with its web page; or make, list and revoke the tokens that let people in.

    `serve` prints an administrator's token when there is none yet; it is shown once. `serve token create LABEL` makes
    another one with --rights and --expires, `serve token list` lists them, `serve token revoke ID` refuses one from
    then on, also while the service runs. Browsers record with the camera only from localhost, or over HTTPS
    (--certificate).

    Args:
        words: Nothing to run the service; else what to do with tokens.
        gallery: A folder, or the URL of a server; default: the gallery in GAITPRINT_GALLERY, else the user's.
        model: A run folder, a weights file, or a shipped model's name; again for another modality.
        folder: The service's own, for tokens and the audit log; default: the one in GAITPRINT_SERVICE, else the user's.
        host: Address to listen at; 0.0.0.0 for every one of this machine.
        port: To listen at; 0 for one that is free.
        host_name: A name that requests may address; again for another one. Any, where none is given.
        certificate: PEM file of the certificate, for HTTPS.
        key: PEM file of its key, where it is another one.
        auth: Ask nobody for a token; only where nobody else can connect.
        rights: Of a new token: identify, verify, list, enroll, delete, audit, or admin for all; default: the first
            three.
        expires: How long a new token is valid: 30d, 12h, 45m; for ever where it is not given.
        fpir: Share of strangers that may be taken for somebody, where a request does not say.
        fmr: Share of strangers that may pass for a claimed person, likewise.
        upload_megabytes: Of one request, at most.
        video_seconds: How long one video may be.
        job_seconds: After so long a video is given up.
        workers: Videos that are looked at at once.
        waiting_jobs: Videos that may wait; beyond, requests are refused.
        requests_per_minute: Of one token.
        videos_per_minute: Of one token.
        device: Where to compute.

    Returns:
        url (serve), token and its id, label, rights, expires_at (create), tokens (list), token_id (revoke).
    """
    with needs_extra("serve", "the service"):
        import fastapi  # noqa: F401
        import limits  # noqa: F401
        import python_multipart  # noqa: F401
        import uvicorn  # noqa: F401
    from gaitprint.serving.settings import ServiceSettings, default_folder

    if (rights is not None or expires is not None) and words[:2] != ("token", "create"):
        raise UsageError("--rights and --expires are those of a new token: gaitprint serve token create LABEL")
    place = folder or default_folder()
    if words:
        return manage_tokens(place, words, rights, expires)

    from gaitprint.cli.galleries import open_gallery
    from gaitprint.serving.running import check_address, run_service, start_service

    if key is not None and certificate is None:
        raise UsageError("--key is the key of a --certificate, and none is given")
    if not 0 <= port <= 65535:
        raise UsageError(f"--port is {port}, must be 0 to 65535")
    if upload_megabytes <= 0:
        raise UsageError(f"--upload-megabytes is {upload_megabytes}, must be above 0")
    settings = check_address(
        host,
        ServiceSettings(
            folder=place,
            require_token=auth,
            hosts=host_name,
            upload_bytes=upload_megabytes * 1_000_000,
            video_seconds=video_seconds,
            job_seconds=job_seconds,
            workers=workers,
            waiting_jobs=waiting_jobs,
            requests_per_minute=requests_per_minute,
            videos_per_minute=videos_per_minute,
            fpir=fpir,
            fmr=fmr,
        ),
    )
    known = open_gallery(gallery, model, device, create=True)
    try:
        # A model that cannot be loaded is told now, not to whoever brings the first video.
        _ = known.models
        service = start_service(settings, known)
    except BaseException:
        known.close()
        raise
    if auth:
        make_first_token(service.tokens)
    else:
        output.print(
            Text("warning: no tokens are asked for; whoever uses this machine may do everything", style="yellow")
        )
    addresses: list[str] = []

    def started(url: str) -> None:
        addresses.append(url)
        output.print(Text(f"gallery {known.engine.location}"))
        output.print(Text(f"serving at {url} (Ctrl+C ends it)"))

    run_service(service, host, port, certificate=certificate, key=key, on_started=started)
    return {"url": addresses[0] if addresses else None}

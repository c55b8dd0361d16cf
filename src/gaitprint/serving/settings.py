"""What a service may be asked to do, and how much of it."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from gaitprint.core.errors import UsageError
from gaitprint.core.user_data import user_data_folder

# 4096 x 2304, the largest that phones and usual cameras record.
LARGEST_FRAME_PIXELS = 4096 * 2304


@dataclass(frozen=True)
class ServiceSettings:
    """Settings of one service.

    Args:
        folder: the service's own: tokens, audit log, and videos while they are looked at.
        require_token: whether requests need a token.
        hosts: names that requests may address; empty for any.
        upload_bytes: of one request, at most.
        video_seconds: how long one video may be.
        video_frames: how many frames it may have.
        frame_pixels: how many pixels a frame may have.
        enroll_videos: how many videos one enrollment may bring.
        workers: videos that are looked at at once.
        waiting_jobs: videos that are being uploaded or wait, at most; beyond, requests are refused.
        job_seconds: after so long a video is given up.
        kept_seconds: so long are results and pictures kept.
        requests_per_minute: of one token (of one address, where a token is wrong: a tenth).
        videos_per_minute: of one token.
        fpir: share of strangers that may be taken for somebody, where a request does not say.
        fmr: share of strangers that may pass for a claimed person, likewise.

    Raises:
        UsageError: a number that allows nothing.
    """

    folder: Path
    require_token: bool = True
    hosts: tuple[str, ...] = ()
    upload_bytes: int = 200_000_000
    video_seconds: float = 300.0
    video_frames: int = 18_000
    frame_pixels: int = LARGEST_FRAME_PIXELS
    enroll_videos: int = 10
    workers: int = 1
    waiting_jobs: int = 8
    job_seconds: float = 600.0
    kept_seconds: float = 600.0
    requests_per_minute: int = 600
    videos_per_minute: int = 30
    fpir: float = 0.01
    fmr: float = 0.01

    def __post_init__(self) -> None:
        for name in (
            "upload_bytes",
            "video_seconds",
            "video_frames",
            "frame_pixels",
            "enroll_videos",
            "workers",
            "waiting_jobs",
            "job_seconds",
            "kept_seconds",
            "requests_per_minute",
            "videos_per_minute",
        ):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"--{name.replace('_', '-')} is {getattr(self, name)}, must be above 0 and finite")
        for name in ("fpir", "fmr"):
            if not 0 < getattr(self, name) < 1:
                raise UsageError(f"--{name} is {getattr(self, name)}, must be above 0 and below 1")


def default_folder() -> Path:
    """The folder in ``GAITPRINT_SERVICE``; else the folder ``gaitprint/service`` among the user's data."""
    if chosen := os.environ.get("GAITPRINT_SERVICE"):
        return Path(chosen)
    return user_data_folder() / "service"

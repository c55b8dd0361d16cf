"""Which front-ends find silhouettes and joints: by name, or the best that are installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch

from gaitprint.core.errors import UsageError
from gaitprint.core.registry import unknown_name_message
from gaitprint.models.pose.weights import load_pose_network
from gaitprint.video.detector import PersonDetector
from gaitprint.video.litert import mediapipe_is_installed
from gaitprint.video.pose import MediaPipePose, NetworkPose, PoseFrontEnd
from gaitprint.video.segmentation import BackgroundSilhouettes, NetworkSilhouettes, SilhouetteFrontEnd

FrontEndName = Literal["auto", "mediapipe", "background"]


@dataclass(frozen=True)
class FrontEnds:
    """What finds people in pictures.

    Args:
        name: of the silhouettes' one, as the user knows it.
        silhouettes: finds silhouettes.
        pose: finds joints; None for none.
        detector: finds people where the camera moves; None where nothing does.
    """

    name: str
    silhouettes: SilhouetteFrontEnd
    pose: PoseFrontEnd | None
    detector: PersonDetector | None


def choose_front_ends(front_end: str = "auto", pose: str = "auto", device: torch.device | None = None) -> FrontEnds:
    """Make front-ends ready.

    Args:
        front_end: ``mediapipe``, ``background`` (no network at all), or ``auto``: MediaPipe where it is installed.
        pose: ``mediapipe``, ``off``, a pose network of this project (shipped name, run folder or weights file), or
            ``auto``: MediaPipe's where the silhouettes are, and else none.
        device: where a network of this project computes.

    Raises:
        UsageError: no such front-end or network.
        MissingExtraError: it is not installed; the text says what to install.
    """
    if front_end not in get_args(FrontEndName):
        raise UsageError(unknown_name_message("front-end", front_end, get_args(FrontEndName)))
    name = front_end if front_end != "auto" else "mediapipe" if mediapipe_is_installed() else "background"
    silhouettes = NetworkSilhouettes() if name == "mediapipe" else BackgroundSilhouettes()
    chosen = pose if pose != "auto" else "mediapipe" if name == "mediapipe" else "off"
    finder: PoseFrontEnd | None = None
    if chosen == "mediapipe":
        finder = MediaPipePose()
    elif chosen != "off":
        finder = NetworkPose(load_pose_network(chosen)[0], device or torch.device("cpu"))
    return FrontEnds(name, silhouettes, finder, PersonDetector() if name == "mediapipe" else None)

"""Clips that walk, soft at their edges."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch


def make_clips(batch: int, frames: int, height: int = 64, width: int = 44, *, alike: bool = False) -> torch.Tensor:
    """Trunk, head and two swinging legs; every clip and frame differs, or all clips are the same."""
    clips = np.zeros((batch, frames, 1, height, width), np.float32)
    for number, frame in np.ndindex(batch, frames):
        swing = 0.25 * np.sin(0.7 * frame + (0 if alike else number))
        girth = 0.09 + (0 if alike else 0.005 * number)
        canvas = clips[number, frame, 0]
        centre, hip = (width // 2, int(0.35 * height)), (width // 2, int(0.55 * height))
        cv2.ellipse(canvas, centre, (int(girth * height), int(0.25 * height)), 0, 0, 360, 1.0, -1)
        cv2.circle(canvas, (width // 2 + 1, int(0.08 * height)), int(0.07 * height), 1.0, -1)
        for side in (-1, 1):
            foot = (int(width / 2 + side * swing * height), height - 2)
            cv2.line(canvas, hip, foot, 1.0, max(2, height // 16))
        clips[number, frame, 0] = cv2.GaussianBlur(canvas, (0, 0), 0.7)
    return torch.from_numpy(clips * 2 - 1)


@pytest.fixture(scope="session")
def clips_of() -> Callable[..., torch.Tensor]:
    return make_clips


@pytest.fixture
def clips() -> torch.Tensor:
    """float32 [4, 6, 1, 64, 44] in [-1, 1]."""
    return make_clips(4, 6)

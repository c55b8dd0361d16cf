"""A picture of what each augmentation does to a walk."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gaitprint.core.registry import Registry
from gaitprint.data.augmentation import AUGMENTATIONS
from gaitprint.reports.preview import contact_sheet


def augmentation_sheet(
    silhouettes: NDArray[np.uint8], *, seed: int = 0, augmentations: Registry = AUGMENTATIONS
) -> Figure:
    """Draw a clip, and below it what each augmentation of silhouettes makes of it, twice, side by side.

    Every augmentation has its default options, except that it changes every clip.

    Args:
        silhouettes: uint8 [T, H, W], 0 background to 255 person; all frames are drawn, so a few.
        seed: of what is drawn at random; the same for each augmentation.
        augmentations: which ones.
    """
    clip = torch.from_numpy(silhouettes).float() / 127.5 - 1
    twice = clip[None, :, None].repeat(2, 1, 1, 1, 1)  # [B = 2, T, 1, H, W]
    changed = {"original": twice}
    with torch.random.fork_rng(devices=[]):
        for name, augmentation in augmentations.items():
            if augmentation.modality == "silhouettes":
                torch.manual_seed(seed)
                changed[name] = augmentation(augmentation.Config(probability=1.0))(twice)
    rows = {name: _as_frames(clips) for name, clips in changed.items()}
    figure = contact_sheet(rows, columns=2 * len(silhouettes))
    figure.axes[0].axvline(len(silhouettes) * silhouettes.shape[2] - 0.5, color="#9aa5b4", linewidth=1.5)
    return figure


def _as_frames(clips: torch.Tensor) -> NDArray[np.uint8]:
    """Lay clips float32 [B, T, 1, H, W] in [-1, 1] one after the other: uint8 [B x T, H, W]."""
    frames: NDArray[np.uint8] = ((clips.flatten(0, 2) + 1) * 127.5).round().to(torch.uint8).numpy()
    return frames

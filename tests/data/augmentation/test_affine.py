import cv2
import numpy as np
import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.affine import Affine, AffineConfig


def _opencv_matrix(scale: float, shear_degrees: float, right: float, down: float, size: tuple[int, int]) -> np.ndarray:
    """Shear and scale about the middle, then shift, composed of elementary maps in pixels."""
    height, width = size
    middle = np.array([[1, 0, (width - 1) / 2], [0, 1, (height - 1) / 2], [0, 0, 1]])
    shear = np.array([[1, np.tan(np.deg2rad(shear_degrees)), 0], [0, 1, 0], [0, 0, 1]])
    shift = np.array([[1, 0, right * height], [0, 1, down * height], [0, 0, 1]])
    return shift @ middle @ np.diag([scale, scale, 1]) @ shear @ np.linalg.inv(middle)


@pytest.mark.parametrize(
    ("drawn", "scale", "shear_degrees", "right", "down"),
    [
        ([0.5, 0.5, 0.5, 0.5], 1.0, 0, 0, 0),
        ([0.0, 0.5, 0.5, 0.5], 0.8, 0, 0, 0),
        ([1.0, 0.5, 0.5, 0.5], 1.2, 0, 0, 0),
        ([0.5, 1.0, 0.5, 0.5], 1.0, 12, 0, 0),
        ([0.5, 0.5, 1.0, 0.0], 1.0, 0, 0.1, -0.1),
        ([0.25, 0.25, 0.0, 0.75], 0.9, -6, -0.1, 0.05),
    ],
)
def test_agrees_with_opencv(
    clips: torch.Tensor, drawn: list[float], scale: float, shear_degrees: float, right: float, down: float
) -> None:
    affine = Affine(AffineConfig(scale=(0.8, 1.2), shear_degrees=12, shift=0.1))
    changed = affine.change(clips, torch.tensor(drawn).expand(len(clips), 4))
    matrix = _opencv_matrix(scale, shear_degrees, right, down, (64, 44))[:2]
    for before, after in zip(clips.flatten(0, 2).numpy(), changed.flatten(0, 2).numpy(), strict=True):
        np.testing.assert_allclose(after, cv2.warpAffine(before, matrix, (44, 64), borderValue=-1), atol=2 / 32)


def test_refuses_maps_that_turn_the_person_inside_out() -> None:
    for options in ({"scale": (0.0, 1.0)}, {"scale": (1.1, 0.9)}, {"shear_degrees": 90}, {"shift": -0.1}):
        with pytest.raises(UsageError, match=rf"augment\.{next(iter(options))} is"):
            AffineConfig(**options)

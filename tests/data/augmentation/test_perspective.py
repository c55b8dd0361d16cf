import cv2
import numpy as np
import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.perspective import Perspective, PerspectiveConfig, square_to_quadrilateral


def test_agrees_with_opencv(clips_of) -> None:
    clips = clips_of(12, 3)
    height, width = clips.shape[-2:]
    drawn = torch.rand(len(clips), 8, generator=torch.Generator().manual_seed(0))
    changed = Perspective(PerspectiveConfig(distortion=0.15)).change(clips, drawn)
    # The outer corners of the frame, half a pixel beyond the middle of the first and the last one.
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    for number in range(len(clips)):
        moved = 0.15 * (2 * drawn[number].view(4, 2).numpy() - 1) * [width, height]
        matrix = cv2.getPerspectiveTransform((frame + moved).astype(np.float32), frame.astype(np.float32))
        for before, after in zip(clips[number, :, 0].numpy(), changed[number, :, 0].numpy(), strict=True):
            expected = cv2.warpPerspective(before, matrix, (width, height), borderValue=-1)
            np.testing.assert_allclose(after, expected, atol=2 / 32)


def test_corners_go_where_they_should_and_nothing_is_behind_the_camera() -> None:
    """The most extreme corners that the options allow, all 256 combinations."""
    signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 8).double()
    square = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=torch.float64)
    corners = square + 0.24 * signs.view(-1, 4, 2)
    homogeneous = torch.cat([square, torch.ones(4, 1)], dim=1)
    images = square_to_quadrilateral(corners) @ homogeneous.T  # [256, 3, 4]
    assert (images[:, 2] > 0).all()
    torch.testing.assert_close((images[:, :2] / images[:, 2:]).mT, corners)


def test_refuses_quadrilaterals_that_may_be_concave() -> None:
    with pytest.raises(UsageError, match=r"augment\.distortion is 0\.25, must be in 0\.\.0\.24"):
        PerspectiveConfig(distortion=0.25)

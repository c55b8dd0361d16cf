import cv2
import numpy as np
import pytest
import torch
from scipy import ndimage

from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.rotation import Rotation, RotationConfig


@pytest.mark.parametrize("degrees", [10.0, -10.0, 35.0, 90.0])
def test_agrees_with_opencv_and_scipy(clips: torch.Tensor, degrees: float) -> None:
    height, width = clips.shape[-2:]
    drawn = torch.full((len(clips), 1), float(degrees > 0))  # 1 is the largest angle, 0 its opposite
    turned = Rotation(RotationConfig(degrees=abs(degrees))).change(clips.double(), drawn)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    back = cv2.invertAffineTransform(matrix)
    for before, after in zip(clips.flatten(0, 2).numpy(), turned.flatten(0, 2).numpy(), strict=True):
        # SciPy counts (row, column), OpenCV (column, row).
        expected = ndimage.affine_transform(
            before.astype(float), back[::-1, 1::-1], back[::-1, 2], order=1, mode="grid-constant", cval=-1
        )
        np.testing.assert_allclose(after, expected, atol=1e-5)
        by_opencv = cv2.warpAffine(before, matrix, (width, height), borderValue=-1)
        # OpenCV knows places to a 32nd of a pixel.
        np.testing.assert_allclose(after, by_opencv, atol=2 / 32)


def test_angles_are_spread_over_the_range(clips_of) -> None:
    """A vertical bar leans by the angle that was drawn."""
    bars = torch.full((300, 1, 1, 65, 65), -1.0)
    bars[..., 32] = 1
    torch.manual_seed(0)
    turned = Rotation(RotationConfig(degrees=20, probability=1.0))(bars)[:, 0, 0] + 1  # [B, H, W]
    columns = torch.arange(65.0)
    middle = (turned * columns).sum(dim=2) / turned.sum(dim=2)  # [B, H]
    angles = torch.atan((middle[:, 12] - middle[:, 52]) / -40).rad2deg()
    assert angles.min() == pytest.approx(-20, abs=0.7)
    assert angles.max() == pytest.approx(20, abs=0.7)
    assert angles.mean().abs() < 2
    assert angles.std() == pytest.approx(40 / 12**0.5, rel=0.1)


def test_refuses_more_than_half_a_turn() -> None:
    with pytest.raises(UsageError, match=r"augment\.degrees is 181, must be in 0\.\.180"):
        RotationConfig(degrees=181)

import cv2
import numpy as np
import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.part_dilation import PartDilation
from gaitprint.data.augmentation.part_radius import PartRadiusConfig

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
SQUARE = np.ones((3, 3), np.uint8)


def test_dilates_the_band_as_opencv_does_and_nothing_else(clips: torch.Tensor) -> None:
    config = PartRadiusConfig(part_height=(0.25, 0.5), part_width=(1.0, 1.0), radius=(1 / 64, 3 / 64))
    # Height, width, place of the box, and radius: a quarter at the top, half at the bottom, the middle, and anywhere.
    drawn = torch.tensor(
        [[0, 0, 0, 0, 0], [1, 0, 0.999, 0, 0.5], [0.5, 0, 0.5, 0, 1.0], [0, 0, 0.25, 0, 0.9]], dtype=torch.float32
    )
    bands = [slice(0, 16), slice(32, 64), slice(20, 44), slice(12, 28)]
    changed = PartDilation(config).change(clips, drawn)
    for number, (band, radius) in enumerate(zip(bands, [1, 2, 3, 3], strict=True)):
        for before, after in zip(clips[number, :, 0].numpy(), changed[number, :, 0].numpy(), strict=True):
            expected = before
            for element in (CROSS, SQUARE, CROSS)[:radius]:
                expected = cv2.dilate(expected, element)
            np.testing.assert_array_equal(after[band], expected[band])
            outside = np.ones(64, bool)
            outside[band] = False
            np.testing.assert_array_equal(after[outside], before[outside])


def test_boxes_can_be_narrower_than_the_frame() -> None:
    point = torch.full((200, 1, 1, 64, 44), -1.0)
    point[..., ::2, ::2] = 1  # a dilation by one pixel fills the frame
    config = PartRadiusConfig(probability=1.0, part_height=(0.2, 0.4), part_width=(0.3, 0.6), radius=(0.02, 0.03))
    torch.manual_seed(0)
    changed = (PartDilation(config)(point) != point)[:, 0, 0]
    widths, heights = changed.any(dim=1).sum(dim=1), changed.any(dim=2).sum(dim=1)
    assert 0.3 * 44 - 2 <= widths.min() <= widths.max() <= 0.6 * 44 + 1
    assert 0.2 * 64 - 2 <= heights.min() <= heights.max() <= 0.4 * 64 + 1
    assert changed.any(dim=0).float().mean() > 0.7


def test_refuses_impossible_parts() -> None:
    for options in ({"part_height": (0.5, 0.2)}, {"part_width": (0.0, 0.5)}, {"radius": (0.01, 0.5)}):
        with pytest.raises(UsageError, match=rf"augment\.{next(iter(options))} is"):
            PartRadiusConfig(**options)

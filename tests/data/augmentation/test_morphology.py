import cv2
import numpy as np
import pytest
import torch

from gaitprint.data.augmentation.morphology import dilate, whole_radii


def octagon(radius: int) -> np.ndarray:
    """The element that `dilate` uses, built with OpenCV: crosses and squares by turns, on one white pixel."""
    element = np.zeros((2 * radius + 1, 2 * radius + 1), np.uint8)
    element[radius, radius] = 1
    for step in range(radius):
        shape = cv2.MORPH_CROSS if step % 2 == 0 else cv2.MORPH_RECT
        element = cv2.dilate(element, cv2.getStructuringElement(shape, (3, 3)))
    return element


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agrees_with_opencv_for_a_radius_of_each_clip(dtype: torch.dtype) -> None:
    clips = torch.rand(6, 3, 1, 20, 15, dtype=dtype) * 2 - 1
    radii = torch.tensor([0, 1, 2, 3, 4, 5])
    dilated, eroded = dilate(clips, radii, 5), -dilate(-clips, radii, 5)
    for number, frame in np.ndindex(6, 3):
        before = clips[number, frame, 0].numpy()
        element = octagon(number)
        np.testing.assert_array_equal(dilated[number, frame, 0].numpy(), cv2.dilate(before, element))
        np.testing.assert_array_equal(eroded[number, frame, 0].numpy(), cv2.erode(before, element))


def test_an_octagon_is_nearly_a_disc() -> None:
    for radius in range(2, 8):
        rows, columns = np.nonzero(octagon(radius))
        distances = np.hypot(rows - radius, columns - radius)
        assert distances.max() <= 1.2 * radius + 0.3
        assert octagon(radius).sum() == pytest.approx(np.pi * (radius + 0.5) ** 2, rel=0.1)


def test_radii_are_whole_pixels_in_the_range() -> None:
    drawn = torch.linspace(0, 1, 101)
    radii, largest = whole_radii(drawn, (0.015, 0.05), 64)  # 0.96 to 3.2 pixels
    assert radii.unique().tolist() == [1, 2, 3]
    assert largest >= 3
    radii, largest = whole_radii(drawn, (0.01, 0.02), 10)
    assert radii.unique().tolist() == [1]
    assert largest == 1

"""Frames as pose networks take them, against dots whose place is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from gaitprint.data.frames import SquareGeometry, square_frames, to_model


def _dots(height: int, width: int, x: float, y: float, spread: float) -> np.ndarray:
    """A soft white dot around (x, y), uint8 [1, H, W, 3]."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    dot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * spread**2)) * 255
    return np.repeat(dot.round().astype(np.uint8)[None, ..., None], 3, axis=3)


def _centre(image: np.ndarray) -> tuple[float, float]:
    """The centre of mass of a picture [H, W, 3], pixel centres at halves."""
    weights = image[..., 0].astype(float)
    rows, columns = np.mgrid[: weights.shape[0], : weights.shape[1]] + 0.5
    return float((columns * weights).sum() / weights.sum()), float((rows * weights).sum() / weights.sum())


@pytest.mark.parametrize("size", [34, 136, 299])
@pytest.mark.parametrize(("height", "width"), [(160, 120), (97, 160), (128, 128), (61, 40)])
def test_a_dot_lands_where_the_geometry_says(height: int, width: int, size: int) -> None:
    geometry = SquareGeometry(height, width, size)
    place = np.array([0.4 * width, 0.55 * height], np.float32)
    square = square_frames(_dots(height, width, *place, spread=3.0), size)
    assert square.shape == (1, size, size, 3)
    found = np.array(_centre(square[0]))
    assert np.abs(found - geometry.to_square(place)).max() < 0.1 * max(1.0, geometry.scale)
    back = geometry.from_square(found.astype(np.float32))
    assert np.abs(back - place).max() < 0.1 * max(1.0, 1 / geometry.scale)


def test_the_geometry_goes_both_ways() -> None:
    geometry = SquareGeometry(height=99, width=240, size=136)
    points = np.random.default_rng(0).uniform(-50, 300, (7, 16, 2)).astype(np.float32)
    assert geometry.to_square(points).dtype == np.float32
    np.testing.assert_allclose(geometry.from_square(geometry.to_square(points)), points, atol=1e-3)
    # By hand: 240 wide, so 141 rows are missing, 70 of them above.
    assert geometry.padding == (0, 70)
    np.testing.assert_allclose(geometry.to_square(np.float32([240, 99])), [136, 169 * 136 / 240], rtol=1e-6)


def test_padding_is_black_and_the_frame_untouched_where_nothing_is_resized() -> None:
    frames = np.random.default_rng(1).integers(1, 256, (3, 20, 11, 3), dtype=np.uint8)
    frames.flags.writeable = False
    square = square_frames(frames, 20)
    np.testing.assert_array_equal(square[:, :, 4:15], frames)
    assert not square[:, :, :4].any()
    assert not square[:, :, 15:].any()
    assert square.flags.writeable


def test_shrinking_and_growing_agree_with_another_library() -> None:
    rng = np.random.default_rng(2)
    frames = rng.integers(0, 256, (4, 60, 60, 3), dtype=np.uint8)
    # Both average the pixels of a quarter with weights that fall to the sides, but not with the same ones.
    smooth = np.stack([cv2.GaussianBlur(frame, (0, 0), 4) for frame in frames])
    small = np.stack([cv2.resize(frame, (15, 15), interpolation=cv2.INTER_AREA) for frame in smooth])
    assert np.abs(square_frames(smooth, 15).astype(int) - small).max() <= 6
    large = np.stack([cv2.resize(frame, (150, 150), interpolation=cv2.INTER_LINEAR) for frame in frames])
    assert np.abs(square_frames(frames, 150).astype(int) - large).max() <= 2


def test_no_frames_stay_none() -> None:
    assert square_frames(np.zeros((0, 30, 20, 3), np.uint8), 17).shape == (0, 17, 17, 3)


def test_pixels_in_minus_one_to_one() -> None:
    images = np.zeros((2, 3, 5, 6, 3), np.uint8)
    images[..., 1] = 255
    images[..., 2] = 51
    images.flags.writeable = False
    inputs = to_model(images)
    assert inputs.shape == (2, 3, 3, 5, 6)
    assert inputs.dtype == torch.float32
    np.testing.assert_allclose(inputs[1, 2, :, 4, 5], [-1, 1, -0.6], atol=1e-6)
    torch.testing.assert_close(to_model(torch.from_numpy(np.array(images))), inputs)

"""Alignment: a case worked out by hand, a plain loop, and what is not kept."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gaitprint.core.errors import InvalidSequenceError, UsageError
from gaitprint.data.silhouettes import align_silhouettes


def test_hand_computed() -> None:
    """Person of 64 rows: cut, but not scaled, so that every pixel can be followed.

    Columns 10..19 hold 640 white pixels; the running sum is 64 a column; half of 640 is exceeded in the sixth of
    them, column 15, which becomes column 32: the person stands in columns 27..36.
    """
    raw = np.zeros((1, 100, 80), np.uint8)
    raw[0, 20:84, 10:20] = 255
    # The ratio 80 / 64 gives a resized width of int(64 * 1.25) = 80: resizing changes nothing.
    expected = np.zeros((64, 64), np.uint8)
    expected[:, 27:37] = 255
    aligned, kept = align_silhouettes(raw)
    assert kept.tolist() == [True]
    np.testing.assert_array_equal(aligned[0], expected)
    np.testing.assert_array_equal(align_silhouettes(raw, (64, 44))[0][0], expected[:, 10:54])


def test_hand_computed_at_twice_the_height() -> None:
    raw = np.zeros((1, 150, 128), np.uint8)
    raw[0, 10:138, 60:70] = 255  # 128 rows, width stays int(128 * 1.0)
    expected = np.zeros((128, 128), np.uint8)
    expected[:, 59:69] = 255  # column 65 becomes column 64
    np.testing.assert_array_equal(align_silhouettes(raw, (128, 88))[0][0], expected[:, 20:108])


def align_one(frame: NDArray[np.uint8], height: int) -> NDArray[np.uint8] | None:
    """The rule again, one pixel column at a time."""
    if int(frame.astype(int).sum()) <= 10_000:
        return None
    present = [row for row in range(len(frame)) if frame[row].any()]
    person = frame[present[0] : present[-1] + 1]
    width = int(height * (person.shape[1] / person.shape[0]))
    person = cv2.resize(person, (width, height), interpolation=cv2.INTER_CUBIC).astype(int)
    running, centre = 0, 0
    for column in range(width):
        running += person[:, column].sum()
        if running > person.sum() / 2:
            centre = column
            break
    if centre == 0:
        return None
    result = np.zeros((height, height), np.uint8)
    for column in range(height):
        origin = centre - height // 2 + column
        if 0 <= origin < width:
            result[:, column] = person[:, origin]
    return result


@pytest.mark.parametrize("size", [(64, 64), (64, 44), (128, 88)])
@pytest.mark.parametrize("image", [(240, 320), (61, 47), (64, 64), (90, 300)])
def test_agrees_with_a_plain_loop(size: tuple[int, int], image: tuple[int, int]) -> None:
    random = np.random.default_rng(image[0])
    raw = np.zeros((40, *image), np.uint8)
    for frame in raw:
        # People anywhere, across every border, with grey edges on some.
        centre = (int(random.integers(-5, image[1] + 5)), int(random.integers(0, image[0])))
        axes = (int(random.integers(2, 20)), int(random.integers(10, image[0] // 2)))
        cv2.ellipse(frame, centre, axes, float(random.uniform(-30, 30)), 0, 360, 255, -1)
        if random.random() < 0.5:
            frame[:] = cv2.GaussianBlur(frame, (5, 5), 0)
    raw[3] = 0
    expected = [align_one(frame, size[0]) for frame in raw]
    aligned, kept = align_silhouettes(raw, size)
    assert kept.tolist() == [frame is not None for frame in expected]
    margin = (size[0] - size[1]) // 2
    wanted = np.stack([frame for frame in expected if frame is not None])
    np.testing.assert_array_equal(aligned, wanted[:, :, margin : size[0] - margin])


def test_what_shows_nobody_is_not_kept() -> None:
    raw = np.zeros((5, 64, 64), np.uint8)
    raw[1].flat[:39] = 255  # 9945
    raw[2].flat[1000:1040] = 255  # 10200: just enough
    raw[3, :, 0] = 255  # its median column is column 0
    raw[4, 10:50, 20:30] = 255
    assert align_silhouettes(raw)[1].tolist() == [False, False, True, False, True]
    aligned, kept = align_silhouettes(raw[:2])
    assert aligned.shape == (0, 64, 64)
    assert not kept.any()


def test_a_person_too_narrow_to_resize_is_not_kept() -> None:
    raw = np.full((1, 4000, 60), 255, np.uint8)  # 64 * 60 / 4000 is less than one column
    assert align_silhouettes(raw)[1].tolist() == [False]


def test_many_wide_frames_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = np.zeros((9, 40, 200), np.uint8)
    for number, frame in enumerate(raw):
        frame[5 : 30 + number, 20 * number + 5 : 20 * number + 20] = 255
    whole = align_silhouettes(raw)[0]
    monkeypatch.setattr("gaitprint.data.silhouettes._CANVAS_BYTES", 100_000)
    np.testing.assert_array_equal(align_silhouettes(raw)[0], whole)


def test_errors() -> None:
    with pytest.raises(UsageError, match="silhouette size 32x32; known: 64x64, 64x44, 128x88"):
        align_silhouettes(np.zeros((1, 9, 9), np.uint8), (32, 32))
    with pytest.raises(InvalidSequenceError, match="float64 of shape"):
        align_silhouettes(np.zeros((1, 9, 9)))

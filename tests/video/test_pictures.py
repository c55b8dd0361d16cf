import io
import os

import numpy as np
import pytest
from PIL import Image

from gaitprint.core.errors import UnreadableFileError
from gaitprint.video.pictures import read_picture

RED_THEN_BLUE = np.array([[[255, 0, 0], [0, 0, 255], [0, 255, 0]]], np.uint8)  # one row of three pixels


def test_a_colour_picture_is_itself(tmp_path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(RED_THEN_BLUE).save(path)
    picture = read_picture(path)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, RED_THEN_BLUE)
    picture[0, 0] = 7  # and may be drawn on


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("grey.png", Image.fromarray(np.array([[0, 128, 255]], np.uint8)), [0, 128, 255]),
        ("bits.png", Image.fromarray(np.array([[False, True, True]])), [0, 255, 255]),
        ("16.png", Image.fromarray(np.array([[0, 257 * 128, 65535]], np.uint16)), [0, 128, 255]),
        ("16.tif", Image.fromarray(np.array([[0, 257 * 128, 65535]], np.uint16)), [0, 128, 255]),
        ("grey-alpha.png", Image.fromarray(np.array([[[9, 255], [90, 0], [200, 255]]], np.uint8), "LA"), [9, 0, 200]),
        ("palette.png", Image.fromarray(np.array([[3, 60, 250]], np.uint8)).convert("P"), [3, 60, 250]),
        ("inks.jpg", Image.new("CMYK", (3, 1), (0, 0, 0, 255)), [0, 0, 0]),
    ],
)
def test_every_mode_becomes_rgb(name, image, expected, tmp_path) -> None:
    image.save(tmp_path / name)
    np.testing.assert_array_equal(read_picture(tmp_path / name), np.repeat([[[v] for v in expected]], 3, axis=2))


def test_transparent_colours_lie_on_black(tmp_path) -> None:
    pixels = np.array([[[200, 100, 50, 255], [200, 100, 50, 0], [200, 100, 50, 128]]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.webp", lossless=True, exact=True)
    np.testing.assert_allclose(read_picture(tmp_path / "a.webp")[0], [[200, 100, 50], [0, 0, 0], [100, 50, 25]], atol=1)


@pytest.mark.parametrize(("tag", "turns"), [(1, 0), (6, 3), (3, 2), (8, 1)])
def test_pictures_stand_as_the_camera_was_held(tag, turns, tmp_path) -> None:
    upright = np.zeros((40, 60, 3), np.uint8)
    upright[:20, :20] = 255
    exif = Image.Exif()
    exif[0x0112] = tag  # 6: to be turned by a quarter, clockwise, before it is shown
    Image.fromarray(np.rot90(upright, -turns)).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), upright)


def _jpeg() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("empty.png", b"", "empty file"),
        ("text.jpg", b"not a picture\n" * 50, "no picture (PNG, JPEG, "),
        ("script.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture"),
        ("cut.jpg", _jpeg()[:900], "damaged picture (image file is truncated"),
        ("head.jpg", _jpeg()[:30], "picture"),
        ("huge.ppm", b"P6 40000 40000 255\n" + bytes(99), "damaged picture (Image size (1600000000 pixels)"),
    ],
)
def test_damaged_pictures_are_one_line(name, data, message, tmp_path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UnreadableFileError) as caught:
        read_picture(path)
    assert str(caught.value).startswith(f"{path}: {message}") or message == "picture"
    assert "\n" not in str(caught.value)


def test_floating_point_pixels_are_refused(tmp_path) -> None:
    Image.fromarray(np.ones((3, 3), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(UnreadableFileError, match="floating point"):
        read_picture(tmp_path / "a.tif")


def test_a_missing_file_and_a_pipe(tmp_path) -> None:
    with pytest.raises(UnreadableFileError, match="No such file"):
        read_picture(tmp_path / "none.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UnreadableFileError, match="no regular file"):
        read_picture(tmp_path / "pipe.png")

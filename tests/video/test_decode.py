import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gaitprint.core.errors import UnreadableFileError
from gaitprint.video.decode import ImageFiles, Picture, Video, batches, natural_order, open_pictures


def test_a_video_gives_its_frames_again_and_again(make_video, flat_frames, tmp_path) -> None:
    video = open_pictures(make_video(tmp_path / "a.avi", flat_frames))
    assert isinstance(video, Video)
    assert (video.total, video.frame_rate_hz) == (10, 20.0)
    for _ in range(2):
        pictures = list(video)
        assert [picture.name for picture in pictures] == [str(n) for n in range(10)]
        # Red comes first, the order of RGB; the compression loses a little.
        decoded = np.stack([picture.frame for picture in pictures]).astype(int)
        np.testing.assert_allclose(decoded[:, 30:, 40:], flat_frames[:, 30:, 40:], atol=6)
        np.testing.assert_allclose(decoded[:, 4:18, 4:26], flat_frames[:, 4:18, 4:26], atol=6)
        assert video.warning == ""


def test_iterations_side_by_side_do_not_count_what_the_other_could_not_read(tmp_path) -> None:
    """As extraction does: the background is learnt from pictures of which the first is at hand already."""
    for number in range(4):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{number}.png")
    (tmp_path / "2.png").write_bytes(b"damaged")
    (tmp_path / "3.png").write_bytes(b"damaged")
    images = open_pictures(tmp_path)
    outer = iter(images)
    next(outer)
    assert len(list(images)) == 2
    assert [picture.name for picture in outer] == ["1.png"]
    assert [Path(path).name for path, _ in images.left_out] == ["2.png", "3.png"]


def test_a_grey_video_becomes_rgb(make_video, flat_frames, tmp_path) -> None:
    grey = np.repeat(flat_frames[..., :1], 3, axis=3)
    frame = next(iter(open_pictures(make_video(tmp_path / "a.mp4", grey, "mp4v")))).frame
    assert frame.shape == (48, 64, 3)
    assert np.abs(np.diff(frame.astype(int), axis=2)).max() <= 3


def test_a_video_is_turned_as_its_camera_was_held(make_video, flat_frames, tmp_path) -> None:
    path = make_video(tmp_path / "a.mp4", flat_frames, "mp4v")
    data = bytearray(path.read_bytes())
    # The track header holds a matrix; this one turns by a quarter, clockwise (ISO/IEC 14496-12, 8.3.2).
    start = data.index(b"tkhd") + 4 + 4 + 20 + 16
    assert struct.unpack_from(">9i", data, start) == (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    struct.pack_into(">9i", data, start, 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    frame = next(iter(open_pictures(path))).frame.astype(int)
    np.testing.assert_allclose(frame[4:28, 28:44], np.rot90(flat_frames[0], -1)[4:28, 28:44], atol=8)


def test_what_is_left_of_a_cut_video_is_used_and_said(make_video, tmp_path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (40, 48, 64, 3), np.uint8)
    path = make_video(tmp_path / "a.avi", frames)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    video = open_pictures(path)
    number = len(list(video))
    assert 10 < number < 30
    assert video.warning == f"{path}: cut short or damaged; {number} of its 40 frames could be decoded"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("empty.mp4", b"", "empty file"),
        ("text.mp4", b"this is no video\n" * 100, "no video that can be decoded, or a damaged one"),
        ("noise.avi", bytes(range(256)) * 40, "no video that can be decoded, or a damaged one"),
        ("frame%03d.mp4", b"x", "no video that can be decoded, or a damaged one"),
    ],
)
def test_bad_videos_are_one_line_and_nothing_else(name, data, message, tmp_path, capfd) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UnreadableFileError) as caught:
        open_pictures(path)
    assert str(caught.value) == f"{path}: {message}"
    assert capfd.readouterr().err == ""


def test_an_mp4_whose_end_is_missing(make_video, flat_frames, tmp_path) -> None:
    path = make_video(tmp_path / "a.mp4", flat_frames, "mp4v")
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(UnreadableFileError, match=r"a\.mp4: no video that can be decoded"):
        open_pictures(path)


def test_no_file_no_permission_no_pipe(tmp_path) -> None:
    with pytest.raises(UnreadableFileError, match=r"none\.mp4: No such file"):
        open_pictures(tmp_path / "none.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(UnreadableFileError, match="no regular file"):
        open_pictures(tmp_path / "pipe.mp4")


def test_a_frame_too_large_is_refused(make_video, flat_frames, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Video, "MAX_PIXELS", 48 * 64 - 1)
    with pytest.raises(UnreadableFileError, match="frames of 3072 pixels"):
        open_pictures(make_video(tmp_path / "a.avi", flat_frames))


def test_a_folder_gives_its_images_as_people_count(tmp_path) -> None:
    for value, name in enumerate(("img2.png", "img10.JPG", "img1.bmp", "._img1.bmp", "notes.txt")):
        if name.endswith("txt"):
            (tmp_path / name).write_text("no image")
        else:
            Image.new("L", (8 + value, 8), value).save(tmp_path / name)
    (tmp_path / "folder.png").mkdir()
    images = open_pictures(tmp_path)
    assert isinstance(images, ImageFiles)
    assert images.is_folder
    assert [(picture.name, picture.frame.shape) for picture in images] == [
        ("img1.bmp", (8, 10, 3)),
        ("img2.png", (8, 8, 3)),
        ("img10.JPG", (8, 9, 3)),
    ]
    assert images.left_out == []


def test_bad_images_of_a_folder_are_left_out(tmp_path) -> None:
    (tmp_path / "1.png").write_bytes(b"bad")
    with pytest.raises(UnreadableFileError, match=r"none of its 1 images can be read; first .*1.png: no picture"):
        list(open_pictures(tmp_path))
    Image.new("RGB", (8, 8)).save(tmp_path / "2.png")
    images = open_pictures(tmp_path)
    assert [picture.name for picture in images] == ["2.png"]
    assert [Path(path).name for path, _ in images.left_out] == ["1.png"]
    with pytest.raises(UnreadableFileError, match=r"1.png: no picture"):
        list(open_pictures(tmp_path / "1.png"))


def test_a_folder_without_images(tmp_path) -> None:
    with pytest.raises(UnreadableFileError, match="holds no image"):
        open_pictures(tmp_path)


def test_batches_are_bounded_in_number_and_bytes(monkeypatch) -> None:
    pictures = [Picture(str(n), np.zeros((10, 10, 3), np.uint8)) for n in range(7)]
    assert [len(batch) for batch in batches(iter(pictures), 3)] == [3, 3, 1]
    monkeypatch.setattr("gaitprint.video.decode._BATCH_BYTES", 500)
    assert [len(batch) for batch in batches(iter(pictures), 3)] == [2, 2, 2, 1]


def test_natural_order_mixes_digits_and_letters() -> None:
    names = ["b.png", "2b.png", "10a.png", "a2.png", "a.png", "A10.png", "a02.png"]
    ordered = [path.name for path in natural_order(map(Path, names))]
    assert ordered == ["2b.png", "10a.png", "a.png", "a02.png", "a2.png", "A10.png", "b.png"]

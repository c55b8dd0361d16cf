"""Videos that were made to do harm, through the real process that looks at them."""

import struct
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.video.crowds import camera, passer, picture, write

from gaitprint.serving.extraction import VideoLimits, VideoRefusedError
from gaitprint.serving.extraction_process import ExtractionProcess

LIMITS = VideoLimits(seconds=20, frames=200, pixels=1 << 20)


@pytest.fixture(scope="module")
def process() -> Iterator[ExtractionProcess]:
    made = ExtractionProcess(LIMITS, seconds=60)
    yield made
    made.close()


def refusal(process: ExtractionProcess, video: Path) -> str:
    folder = video.parent / "out"
    folder.mkdir(exist_ok=True)
    with pytest.raises(VideoRefusedError) as error:
        process.extract(video, folder, lambda frames, total: None)
    assert str(video.parent) not in str(error.value)
    return str(error.value)


def plain(path: Path, frames: int, side: int = 64, codec: str = "MJPG") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25.0, (side, side))
    for number in range(frames):
        writer.write(np.full((side, side, 3), number % 256, np.uint8))
    writer.release()
    return path


def enlarged_jpeg() -> bytes:
    """A JPEG of a few hundred bytes that claims 30,000 x 30,000 pixels."""
    _, encoded = cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))
    data = bytearray(encoded.tobytes())
    start = data.index(b"\xff\xc0") + 5
    data[start : start + 4] = struct.pack(">HH", 30_000, 30_000)
    return bytes(data)


def test_files_that_are_no_videos(process, tmp_path):
    hostile = {
        "text.mp4": b"dear reader",
        "empty.mp4": b"",
        "zeros.mp4": bytes(100_000),
        "list.mp4": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXTINF:1,\nhttp://localhost:1/x\n",
        "concat.mp4": b"ffconcat version 1.0\nfile /etc/passwd\n",
        "noise.avi": b"RIFF\xff\xff\xff\xffAVI LIST" + np.random.default_rng(0).bytes(50_000),
        "noise.mp4": b"\x00\x00\x00\x20ftypisom" + np.random.default_rng(1).bytes(50_000),
        "noise.webm": b"\x1a\x45\xdf\xa3" + np.random.default_rng(2).bytes(50_000),
    }
    for name, data in hostile.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert refusal(process, path)


def test_a_play_list_of_a_good_video_is_not_followed(process, tmp_path):
    good = plain(tmp_path / "good.ts", 30, codec="MPEG")
    for name, text in {
        "list.mp4": f"#EXTM3U\n#EXTINF:1,\n{good}\n",
        "concat.avi": f"ffconcat version 1.0\nfile {good}\n",
    }.items():
        path = tmp_path / name
        path.write_text(text)
        assert "no video" in refusal(process, path)


def test_one_frame_is_no_walk(process, tmp_path):
    assert "single frame" in refusal(process, plain(tmp_path / "one.avi", 1))


def test_too_many_frames_and_too_long_a_video(process, tmp_path):
    assert "more than 200 frames" in refusal(process, plain(tmp_path / "many.mp4", 300, codec="mp4v"))
    pictures = [Image.new("L", (64, 64), number) for number in range(3)]
    pictures[0].save(tmp_path / "slow.gif", save_all=True, append_images=pictures[1:], duration=60_000)
    assert refusal(process, tmp_path / "slow.gif")


def test_frames_of_huge_dimensions(process, tmp_path):
    large = plain(tmp_path / "large.avi", 3, side=1200)
    assert "1200 x 1200" in refusal(process, large)
    gif = tmp_path / "huge.gif"
    screen = b"GIF89a" + struct.pack("<HH", 30_000, 30_000) + b"\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    frame = b"\x21\xf9\x04\x00\x04\x00\x00\x00," + struct.pack("<HHHH", 0, 0, 30_000, 30_000)
    gif.write_bytes(screen + 2 * (frame + b"\x00\x02\x02\x4c\x01\x00") + b";")
    assert refusal(process, gif)
    small = plain(tmp_path / "bomb.avi", 2, side=16)
    data = small.read_bytes()
    first = data.index(b"\xff\xd8")
    length = struct.unpack("<I", data[first - 4 : first])[0]
    bomb = enlarged_jpeg()
    small.write_bytes(data[:first] + bomb.ljust(length, b"\x00")[: max(length, len(bomb))] + data[first + length :])
    assert refusal(process, small)


def test_after_all_that_a_walk_is_still_found(process, tmp_path):
    frames = picture([passer(1, 70, 5, 2.4, 25.0)], camera(160, 240)).frames
    video = write(tmp_path / "walk.avi", frames, 25.0)
    folder = tmp_path / "out"
    folder.mkdir()
    told = []
    seen = process.extract(video, folder, lambda frames, total: told.append((frames, total)))
    assert (seen.frames, len(seen.people), seen.several_at_once) == (70, 1, False)
    passage = seen.people[0].passages[0]
    assert passage.refused is None, passage.refused
    assert seen.people[0].walks[0].silhouettes.shape[1:] == (64, 64)
    assert passage.animation.read_bytes().startswith(b"GIF89a")
    assert told
    assert told[-1][1] == 70


def test_a_decoder_that_crashes_takes_nobody_along(process, tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (60, 240, 320, 3)).astype(np.uint8)
    video, folder = write(tmp_path / "walk.avi", frames, 25.0), tmp_path / "out"
    folder.mkdir()

    def kill(*_: object) -> None:
        process._process.kill()

    with pytest.raises(VideoRefusedError, match="crashed"):
        process.extract(video, folder, kill)
    assert process.extract(video, folder, lambda frames, total: None).frames == 60


def test_a_video_that_takes_too_long_is_given_up(process, tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (120, 240, 320, 3)).astype(np.uint8)
    video = write(tmp_path / "walk.avi", frames, 25.0)
    process._seconds, before = 0.01, process._seconds
    try:
        assert "took more than" in refusal(process, video)
    finally:
        process._seconds = before

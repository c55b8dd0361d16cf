"""What cameras do besides standing still at an even pace: rendered scenes that are spoilt in a known way."""

import struct
from pathlib import Path

import numpy as np
import pytest
from benchmarks import video_scenes as scenes
from tests.video.crowds import camera, passer, picture, write

from gaitprint.serving.extraction import VideoLimits
from gaitprint.serving.looking import look_at
from gaitprint.video.frame_times import FrameTimes
from gaitprint.video.front_ends import choose_front_ends
from gaitprint.video.litert import INSTALL, mediapipe_is_installed
from gaitprint.video.passage import Passage
from gaitprint.video.people import MotionFinder, people_in
from gaitprint.video.pipeline import Extraction
from gaitprint.video.sources import FileSource, open_source
from gaitprint.video.squares import place_mask
from gaitprint.video.video_people import people_in_video

RATE_HZ = 20.0
BACKGROUND = choose_front_ends("background")
installed = pytest.mark.skipif(not mediapipe_is_installed(), reason=f"not installed: {INSTALL}")


def usable(path: Path, front_end: str = "background") -> list[Passage]:
    extraction = Extraction(open_source(str(path)), choose_front_ends(front_end, "auto"))
    return [passage for passage in extraction if passage.refused is None]


def uneven(path: Path, first: int) -> None:
    """Let an .mp4 show its first frames at twice the pace, and the rest as much slower as makes up for it."""
    data = bytearray(path.read_bytes())
    table = data.rindex(b"stts")
    entries, count, delta = struct.unpack_from(">3I", data, table + 8)
    assert (entries, count) == (1, 2 * first)
    data[table + 8 : table + 20] = struct.pack(">5I", 2, first, delta // 2, first, delta + delta // 2)
    for box in (b"stts", b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        place = data.rindex(box) - 4
        struct.pack_into(">I", data, place, struct.unpack_from(">I", data, place)[0] + 8)
    path.write_bytes(data)


def test_frames_are_put_where_the_files_clock_says(make_video, tmp_path: Path) -> None:
    frames = np.repeat(np.arange(60, dtype=np.uint8)[:, None, None, None] * 4, 48 * 64 * 3, axis=1)
    path = make_video(tmp_path / "even.mp4", frames.reshape(60, 48, 64, 3), "mp4v")
    even = FileSource(path)
    assert [frame.number for frame in even] == list(range(60))
    assert even.warning == ""
    uneven(path, 30)
    source = FileSource(path)
    assert source.frame_rate_hz == pytest.approx(20)
    shown = {frame.number: round(float(frame.pixels.mean()) / 4) for frame in source}
    for number, position in shown.items():
        slot = position / 2 if position < 30 else 15 + 1.5 * (position - 30)
        assert abs(number - slot) <= 1.5
    assert len(shown) == pytest.approx(45, abs=2)
    assert "frame rate varies" in source.warning
    # Who says how fast the frames are to be shown is believed.
    assert [frame.number for frame in FileSource(path, 20.0)] == list(range(60))
    assert [frame.number for frame in FileSource(path, 20.0, clocked=True)] == list(shown)
    found = look_at(path, tmp_path, VideoLimits(60, 2000, 1 << 24), choose_front_ends("background"), lambda *_: None)
    assert any("frame rate varies" in line for line in found["warnings"])


def test_a_clock_that_stands_still_is_none() -> None:
    joined = FrameTimes(25.0)  # two recordings, one behind the other, each with a clock of its own
    assert [joined.number(one % 50 / 25) for one in range(100)] == list(range(100))
    assert [joined.number(place) for place in (2.0, 2.04, 2.12)] == [100, 101, 103]
    times = FrameTimes(25.0)
    assert [times.number(0.0) for _ in range(5)] == [0, 1, 2, 3, 4]
    rounded = FrameTimes(30.0)
    assert [rounded.number(round(k / 30, 3)) for k in range(300)] == list(range(300))
    assert rounded.varies == ""


class LateFrames(FileSource):
    """A file of which some frames never came, as of a camera that is too fast for the machine."""

    missing: tuple[range, ...] = ()

    def __iter__(self):
        return (frame for frame in super().__iter__() if not any(frame.number in gap for gap in self.missing))


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    crowd = picture([passer(1, 120, 20, 4.2, RATE_HZ)], camera())
    return write(tmp_path_factory.mktemp("one") / "one.avi", crowd.frames, RATE_HZ)


def test_frames_that_are_missing_change_no_pace(one: Path) -> None:
    (whole,) = usable(one)
    source = LateFrames(one)
    source.missing = tuple(range(start, start + 2) for start in range(40, 90, 5))
    (passage,) = [passage for passage in Extraction(source, BACKGROUND) if passage.refused is None]
    np.testing.assert_array_equal(np.diff(passage.numbers), 1)
    assert passage.quality.cycles == pytest.approx(whole.quality.cycles, rel=0.15)
    # More than half a second, and nobody knows what happened meanwhile.
    source.missing = (range(60, 75),)
    passages = list(Extraction(source, BACKGROUND))
    assert not any(set(range(60, 75)) & set(passage.numbers.tolist()) for passage in passages)


def test_a_video_held_upright(one: Path, tmp_path: Path, make_video) -> None:
    frames = np.stack([frame.pixels for frame in FileSource(one)])
    path = make_video(tmp_path / "upright.mp4", np.ascontiguousarray(np.rot90(frames, 1, axes=(1, 2))), "mp4v")
    data = bytearray(path.read_bytes())
    # The track header's matrix: to be turned by a quarter, clockwise (ISO/IEC 14496-12, 8.3.2).
    struct.pack_into(">9i", data, data.rindex(b"tkhd") + 44, 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    (passage,) = usable(path)
    assert passage.direction == "left"


@pytest.mark.parametrize("band", [0.12, 0.26])
def test_a_body_in_two_pieces_is_one_box(band: float) -> None:
    scene = scenes.scene(3, size=(120, 160), tall_px=80.0, seconds=0.4)
    mask = scene.crowd.silhouettes[0, 24]
    rows = np.flatnonzero(mask.any(axis=1))
    ones = np.full((1, *mask.shape, 3), 255, np.uint8)
    moving = mask & scenes.torn(ones, np.zeros_like(ones), mask[None], band)[0, ..., 0].astype(bool) * np.uint8(255)
    boxes, _ = people_in(moving, moving)
    assert len(boxes) == 1
    assert boxes[0, 3] == pytest.approx(len(rows), abs=4)


def test_a_lying_shadow_is_no_foot(tmp_path: Path) -> None:
    scene = scenes.scene(1, seconds=3.0)
    frames = scenes.hard_floor(scene.crowd.frames, scene.crowd.silhouettes[0], reflection=0.0)
    passages = usable(scenes.write(tmp_path / "shadow.avi", frames, scene.rate_hz))
    assert passages
    assert grown(passages, scene.crowd.silhouettes[0]) < 0.12


@installed
def test_a_floor_that_shines_gives_nobody_a_second_pair_of_legs(tmp_path: Path) -> None:
    scene = scenes.scene(1, seconds=3.0)
    frames = scenes.hard_floor(scene.crowd.frames, scene.crowd.silhouettes[0])
    passages = usable(scenes.write(tmp_path / "shines.avi", frames, scene.rate_hz), "mediapipe")
    assert passages
    assert grown(passages, scene.crowd.silhouettes[0]) < 0.12


def grown(passages: list[Passage], truth: np.ndarray) -> float:
    """Floor below the knees that is taken for the person, as a share of the person."""
    shares = []
    for passage in passages:
        for position in range(0, len(passage.numbers), 5):
            mask = place_mask(passage.masks[position], passage.squares[position], *truth.shape[1:]) > 127
            person = truth[passage.numbers[position]] > 127
            rows = np.flatnonzero(person.any(axis=1))
            low = rows[-1] - len(rows) // 8
            shares.append((mask[low:] & ~person[low:]).sum() / person.sum())
    return float(np.mean(shares))


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A camera that turns after somebody; the walker and the wall behind move differently."""
    scene = scenes.scene(1, size=(240, 520), tall_px=130.0, heading_deg=270.0, seconds=3.2, margin_s=0.0)
    frames, truth = (scenes.pan(values, 360, 160) for values in (scene.crowd.frames, scene.crowd.silhouettes[0]))
    return scenes.write(tmp_path_factory.mktemp("turns") / "turns.avi", frames, scene.rate_hz), truth


@pytest.mark.parametrize("seed", [0, 4])
def test_a_camera_that_turns_or_zooms_is_told_from_somebody_who_walks_by(seed: int) -> None:
    scene = scenes.scene(seed, size=(240, 520), tall_px=130.0, heading_deg=270.0, seconds=1.6, margin_s=0.0)
    still = scene.crowd.frames
    for frames, moves in ((still, False), (scenes.pan(still, 360, 80), True), (scenes.zoom(still, 1.3), True)):
        finder = MotionFinder((frames.shape[1], frames.shape[2]), scene.rate_hz)
        told = [finder.find(frame).camera_moves for frame in frames]
        assert np.mean(told) > 0.6 if moves else not any(told)


def test_a_camera_that_turns_is_said_where_nothing_is_found(turning) -> None:
    found = people_in_video(turning[0], front_ends=BACKGROUND)
    assert not found.walks
    (warning,) = found.warnings
    assert "the camera moves" in warning
    assert "\n" not in warning


@installed
def test_a_camera_that_turns_is_followed_with_a_network(turning) -> None:
    path, truth = turning
    passages = usable(path, "mediapipe")
    assert passages
    overlaps = []
    for passage in passages:
        for position, number in enumerate(passage.numbers.tolist()):
            found = place_mask(passage.masks[position], passage.squares[position], *truth.shape[1:]) > 127
            overlaps.append((found & (truth[number] > 127)).sum() / (found | (truth[number] > 127)).sum())
    assert np.mean(overlaps) > 0.7

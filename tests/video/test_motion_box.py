import numpy as np
import pytest
from numpy.typing import NDArray

from gaitprint.synth.body import average_body
from gaitprint.synth.camera import Camera
from gaitprint.synth.clothing import sample_outfit
from gaitprint.synth.motion import walk
from gaitprint.synth.render import joints_in_picture, render_frames
from gaitprint.synth.solids import dress
from gaitprint.synth.style import GaitStyle
from gaitprint.video.decode import Video, open_pictures
from gaitprint.video.motion_box import find_motion_boxes, steady_boxes

RATE_HZ = 20.0
HEIGHT, WIDTH = 120, 320


@pytest.fixture(scope="module")
def crossing() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A walker who crosses a wide picture in a tenth of its area: frames [T, H, W, 3] and joints [T, J, 2], pixels.

    In the first and the last second nobody is there.
    """
    camera = Camera(view_deg=90.0, distance_m=9.0, focal_px=230.0, height=HEIGHT, width=WIDTH)
    body, rng = average_body(1.75), np.random.default_rng(3)
    points = walk(body, GaitStyle(), 200, frame_rate_hz=RATE_HZ).landmarks
    frames = render_frames(dress(points, body, sample_outfit(rng)), camera, np.random.default_rng(4))
    joints = joints_in_picture(points, camera)
    inside = (joints[..., 0] > 0).all(axis=1) & (joints[..., 0] < WIDTH).all(axis=1)
    assert inside.sum() > 100
    return frames, joints


def test_the_walker_is_followed_and_enlarged(crossing) -> None:
    frames, joints = crossing
    found = find_motion_boxes(iter(frames), RATE_HZ)
    assert found.boxes.shape == (len(frames), 4)
    x, y, width, height = found.boxes.T
    assert (found.boxes >= 0).all()
    assert (x + width <= WIDTH).all()
    assert (y + height <= HEIGHT).all()
    whole = (joints[..., 0].min(axis=1) > 4) & (joints[..., 0].max(axis=1) < WIDTH - 4)
    assert found.moving[whole].mean() > 0.95
    seen = whole & found.moving
    corner, size = found.boxes[:, None, :2], found.boxes[:, None, 2:]
    inside = ((joints >= corner) & (joints <= corner + size)).all(axis=2)[seen]  # [seen, J]
    assert inside.mean() > 0.99
    # The person fills the square, which is much smaller than the picture.
    tall = np.ptp(joints[..., 1], axis=1)[seen]
    assert 0.55 < np.median(tall / height[seen]) < 0.95
    assert width[seen].max() < WIDTH / 3
    np.testing.assert_array_equal(width[seen], height[seen])


def test_the_square_is_steady(crossing) -> None:
    frames, _ = crossing
    found = find_motion_boxes(iter(frames), RATE_HZ)
    boxes = found.boxes[found.moving]
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    middle = centres[20:-20]
    assert np.abs(np.diff(boxes[:, 2])).max() <= 3
    assert np.abs(np.diff(middle[:, 1])).max() <= 1.5
    steps = np.diff(middle[:, 0]) * np.sign(middle[-1, 0] - middle[0, 0])
    assert steps.min() >= -1
    assert steps.max() <= 5


def test_where_nothing_moves_the_whole_frame_is_taken(crossing) -> None:
    rng = np.random.default_rng(0)
    still = np.clip(crossing[0][:1].astype(int) + rng.normal(0, 3, (60, HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)
    found = find_motion_boxes(iter(still), RATE_HZ)
    assert not found.moving.any()
    np.testing.assert_array_equal(found.boxes, np.tile([0, 0, WIDTH, HEIGHT], (60, 1)))


def test_a_camera_that_moves_shows_nobody_in_particular() -> None:
    rng = np.random.default_rng(0)
    wall = rng.integers(0, 255, (HEIGHT // 8, 200, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    panned = np.stack([wall[:, 9 * n : 9 * n + WIDTH] for n in range(80)])
    assert not find_motion_boxes(iter(panned), RATE_HZ).moving[5:].any()


def test_one_frame() -> None:
    found = find_motion_boxes(iter(np.zeros((1, 50, 70, 3), np.uint8)), 25.0)
    assert found.boxes.tolist() == [[0, 0, 70, 50]]


def _found(*boxes: tuple[int, tuple[float, ...] | None]) -> NDArray[np.float64]:
    rows = [[np.nan] * 4 if box is None else list(box) for times, box in boxes for _ in range(times)]
    return np.array(rows)


def test_steady_boxes_of_a_person_who_stands_still() -> None:
    # 30 x 80 around (115, 100): the square is 1.3 * 80 = 104 pixels.
    found = steady_boxes(_found((40, (100, 60, 30, 80))), (200, 300), 25.0)
    assert found.boxes.tolist() == [[63, 48, 104, 104]] * 40
    assert found.moving.all()


def test_steady_boxes_bridge_gaps_and_drop_specks() -> None:
    box = (100, 60, 30, 80)
    found = steady_boxes(_found((30, box), (12, None), (30, box), (40, None), (4, box), (10, None)), (200, 300), 25.0)
    assert found.moving.tolist() == [True] * 72 + [False] * 54
    assert found.boxes[72:].tolist() == [[0, 0, 300, 200]] * 54


def test_squares_stay_in_the_frame() -> None:
    corner = steady_boxes(_found((30, (0, 0, 30, 80))), (200, 300), 25.0)
    assert corner.boxes[0].tolist() == [0, 0, 104, 104]
    large = steady_boxes(_found((30, (100, 5, 90, 190))), (200, 300), 25.0)
    assert large.boxes[0].tolist() == [22, 0, 247, 200]


@pytest.mark.parametrize(("name", "tallest"), [("person06_walking_d1", 120), ("person08_walking_d2", 100)])
def test_people_in_recorded_videos_are_followed(name, tallest, shared_data) -> None:
    # Each crosses the picture four times, with empty frames between; the second is as grey as the ground.
    video = open_pictures(shared_data / "video" / f"{name}_uncomp.avi")
    assert isinstance(video, Video)
    found = find_motion_boxes((picture.frame for picture in video), video.frame_rate_hz)
    assert found.moving.mean() == pytest.approx(0.6, abs=0.2)
    assert np.diff(found.moving.astype(int), prepend=0).tolist().count(1) >= 4
    assert tallest / 2 < np.median(found.boxes[found.moving, 3]) < tallest

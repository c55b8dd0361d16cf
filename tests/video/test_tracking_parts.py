"""Squares, paths, rhythm, quality and sources, against hand-computed cases."""

from pathlib import Path

import numpy as np
import pytest
from benchmarks import video_scenes as scenes

from gaitprint.core.errors import UnreadableFileError, UsageError
from gaitprint.core.skeletons import BLAZEPOSE_33, convert_joints
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.video.crop_memory import CropMemory, without_gaps
from gaitprint.video.looks import interpolate
from gaitprint.video.passages import find_spells, longest_stretch
from gaitprint.video.people import Detections, people_in
from gaitprint.video.pose import CropJoints, refine
from gaitprint.video.quality import PassageQuality, QualityLimits, masks_inside, refusal, sharpness
from gaitprint.video.segmentation import clean_silhouette, combine
from gaitprint.video.sources import open_source
from gaitprint.video.squares import cut_square, place_mask
from gaitprint.video.step_rhythm import joint_rhythm, step_rhythm
from gaitprint.video.tracking import Track, Tracker

GOOD = PassageQuality(60, 2.4, 2.2, 120.0, 1.0, 0.6, 0.6, 0.8, 1.0)


def test_a_square_is_cut_out_and_put_back() -> None:
    image = np.zeros((60, 80), np.uint8)
    image[20:40, 30:50] = 255
    square = np.array([20.0, 10.0, 40.0])
    cut = cut_square(image, square, 80)
    assert (cut > 127)[20:60, 20:60].all()
    np.testing.assert_array_equal(place_mask(cut, square, 60, 80) > 127, image > 127)
    small = cut_square(image, square, 20)
    assert (small > 127)[5:15, 5:15].all()
    assert cut_square(image, np.array([500.0, 500.0, 10.0]), 4).shape == (4, 4)


@pytest.mark.parametrize(
    ("velocity", "view_deg", "direction"),
    [((-1.0, 0.0), 90, "left"), ((1.0, 0.0), 270, "right"), ((0.0, -1.0), 0, "towards"), ((0.0, 1.0), 180, "away")],
)
def test_view_and_direction_follow_from_the_path(velocity, view_deg: float, direction: str) -> None:
    # A body of height 1 at 8 heights' distance, in a picture of 1000 x 800 pixels with the assumed focal length.
    time = np.arange(60) / 20.0 - 1.5
    across, away = velocity[0] * time, 8.0 + velocity[1] * time
    tall = 1070 / away
    boxes = np.stack([500 + across * tall - 0.2 * tall, 400 - tall / 2, 0.4 * tall, tall], axis=1)
    (spell,) = find_spells(boxes, np.ones(60, bool), (800, 1000), 20.0)
    assert (spell.view_deg - view_deg + 180) % 360 - 180 == pytest.approx(0, abs=4)
    assert spell.direction == direction
    assert spell.speed == pytest.approx(1.0, rel=0.15)


def test_a_turn_and_a_stop_cut_a_track() -> None:
    way = np.concatenate([np.linspace(100, 500, 60), np.linspace(500, 100, 60), np.full(60, 100.0)])
    boxes = np.stack([way, np.full(180, 50.0), np.full(180, 40.0), np.full(180, 100.0)], axis=1)
    spells = find_spells(boxes, np.ones(180, bool), (300, 700), 20.0)
    assert [spell.direction for spell in spells] == ["right", "left", "in place"]
    assert abs(spells[0].stop - 60) <= 4
    assert abs(spells[1].stop - 120) <= 12


def test_people_who_walk_through_each_other_keep_their_numbers() -> None:
    tracker = Tracker((200, 640), 20.0)
    red, blue = np.zeros(128, np.float32), np.zeros(128, np.float32)
    red[[3, 70]] = blue[[9, 90]] = 0.5
    for number in range(60):
        a, b = 40.0 + 8 * number, 520.0 - 8 * number
        boxes = np.array([[a, 50, 40, 100], [b, 52, 40, 98]])
        colours = np.stack([red, blue])
        if abs(a - b) < 45:  # one piece
            left, right = min(a, b), max(a, b) + 40
            boxes, colours = np.array([[left, 50, right - left, 100]]), red[None]
        tracker.update(number, Detections(boxes, boxes, colours))
    by_number = {track.number: track for track in tracker.finish()}
    assert set(by_number) == {1, 2}
    assert by_number[1].boxes[-1][0] == pytest.approx(40 + 8 * 59, abs=1)
    assert by_number[2].boxes[-1][0] == pytest.approx(520 - 8 * 59, abs=1)
    assert any(by_number[1].shared)


def test_pieces_of_one_who_comes_in_are_not_two_people() -> None:
    tracker, colours = Tracker((200, 640), 20.0), np.full((2, 128), 1 / 128, np.float32)
    for number in range(60):
        boxes = np.array([[0.0, 60, 8, 40], [0.0, 105, 6, 35]])
        if number >= 3:
            boxes = np.array([[6.0 * (number - 3), 50, 30, 100]])
        tracker.update(number, Detections(boxes, boxes, colours[: len(boxes)]))
    (track,) = tracker.tracks
    assert sum(track.seen) > 50
    assert not any(track.shared)


def test_halves_above_one_another_are_one_person_and_two_beside_are_two() -> None:
    moving = np.zeros((120, 160), np.uint8)
    moving[20:50, 40:60] = moving[58:100, 38:62] = 255
    moving[30:100, 120:140] = 255
    boxes, _ = people_in(moving, moving)
    assert sorted(boxes[:, 0].round()) == [38, 120]
    assert boxes[boxes[:, 0].argmin(), 3] == pytest.approx(80, abs=2)


def test_who_leaves_in_the_frame_of_a_cut_has_no_crops() -> None:
    crops = CropMemory().take(Track(1, 300))
    assert (crops.numbers, crops.pixels) == ([], [])
    assert without_gaps(Track(1, 300), crops)[1] is crops


def test_steps_have_a_rhythm_and_noise_has_none() -> None:
    rng = np.random.default_rng(0)
    masks = np.zeros((75, 64, 64), np.uint8)
    for number in range(75):
        opening = round(3 + 9 * abs(np.sin(np.pi * number / 25 / 0.56)))
        masks[number, 4:34, 26:38] = masks[number, 34:62, 32 - opening : 32 + opening] = 255
    rhythm = step_rhythm(masks, 25.0)
    assert rhythm.seconds == pytest.approx(0.56, abs=0.03)
    assert rhythm.strength > 0.5
    still = np.where(rng.random((75, 64, 64)) < 0.01, np.uint8(255), masks[:1])
    assert step_rhythm(still, 25.0).strength < QualityLimits().least_rhythm
    assert step_rhythm(masks[:2], 25.0).strength == 0


@pytest.mark.parametrize("heading_deg", [0.0, 90.0, 180.0])
def test_joints_show_steps_from_everywhere(heading_deg: float) -> None:
    scene = scenes.scene(5, heading_deg=heading_deg, seconds=4.0, margin_s=0.0)
    rng = np.random.default_rng(0)
    points, _ = convert_joints(scene.crowd.joints[0], LANDMARKS, BLAZEPOSE_33)
    tall = np.ptp(points[..., 1], axis=1)[:, None, None] * 1.35
    # A network trembles by a hundredth of the height.
    placed = points / tall + rng.normal(0, 0.01, points.shape).astype(np.float32)
    rhythm = joint_rhythm(placed.astype(np.float32), BLAZEPOSE_33, scene.rate_hz)
    assert rhythm.seconds == pytest.approx(0.55, abs=0.1)
    assert rhythm.strength > QualityLimits().least_rhythm
    still = np.repeat(placed[:1], 100, axis=0) + rng.normal(0, 0.01, (100, 33, 2))
    assert joint_rhythm(still.astype(np.float32), BLAZEPOSE_33, 25.0).strength < QualityLimits().least_rhythm
    assert joint_rhythm(placed[:2].astype(np.float32), BLAZEPOSE_33, 25.0).strength == 0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"person": 0.2}, "no person"),
        ({"height_px": 30.0}, "too small"),
        ({"speed": 0.0, "rhythm": 0.1}, "stands"),
        ({"frames": 5}, "too short"),
        ({"cycles": 0.6}, "too short"),
        ({"complete": 0.4}, "incomplete"),
        ({"sharpness": 0.01}, "blurred"),
        ({"rhythm": 0.1, "seconds": 5.0}, "no steps"),
        ({"rhythm": 0.1, "seconds": 1.5}, None),
        ({"rhythm": 0.1, "seconds": 1.5, "person": None}, "no steps"),
        ({"speed": 0.0}, None),  # on a treadmill
    ],
)
def test_each_limit_refuses_with_its_reason(changed, reason: str | None) -> None:
    from dataclasses import replace

    found = refusal(replace(GOOD, **changed), QualityLimits())
    assert (found is None) if reason is None else (found is not None and found.startswith(reason))


def test_heads_beyond_the_edge_show_in_the_mask() -> None:
    masks = np.zeros((4, 64, 64), np.uint8)
    masks[:3, 16:60, 20:40] = 255
    squares = np.array([[10.0, 0.0, 128.0], [10.0, -32.0, 128.0], [300 - 76.0, 20.0, 128.0], [0.0, 0.0, 128.0]])
    np.testing.assert_array_equal(masks_inside(masks, squares, (240, 300)), [True, False, False, True])
    assert longest_stretch(np.array([0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1], bool), 10.0) == (1, 7)
    assert longest_stretch(np.zeros(5, bool), 10.0) == (0, 5)


def test_blur_costs_sharpness() -> None:
    import cv2

    picture = np.random.default_rng(0).integers(0, 255, (80, 60), np.uint8)
    assert sharpness(picture) > 0.5 > sharpness(cv2.GaussianBlur(picture, (0, 0), 4))
    assert sharpness(np.zeros((20, 20), np.uint8)) == 0


def test_background_moves_the_limit_of_the_network() -> None:
    probability = np.array([[0.3, 0.3, 0.3, 0.8, 0.8, 0.995]], np.float32)
    differs = np.array([[0.0, 1.0, -1.0, 0.0, -1.0, -1.0]], np.float32)
    np.testing.assert_array_equal(combine(probability, differs) > 0.5, [[False, True, False, True, False, True]])


def test_only_the_one_in_the_middle_is_kept() -> None:
    soft = np.zeros((256, 256), np.float32)
    soft[40:220, 100:150] = 1
    soft[90:94, 120:124] = 0  # a speck
    soft[40:220, 200:250] = 1  # somebody else
    mask = clean_silhouette(soft, np.array([95.0, 35.0, 60.0, 190.0])) > 127
    assert mask[40:220, 100:150].all()
    assert not mask[:, 180:].any()


def test_heat_maps_move_landmarks_to_their_middle() -> None:
    maps = np.full((1, 64, 64, 2), -20.0, np.float32)
    maps[0, 31, 20, 0] = maps[0, 31, 22, 0] = 5.0
    points = np.array([[[20.5 / 64, 30.5 / 64], [0.5, 0.5]]], np.float32)
    found = refine(points, maps)
    np.testing.assert_allclose(found[0, 0] * 64, [21, 31], atol=1e-4)
    np.testing.assert_array_equal(found[0, 1], points[0, 1])


def test_joints_between_looks_lie_on_straight_lines() -> None:
    image = np.array([[[0.0, 0.0]], [[4.0, 8.0]], [[5.0, 8.0]]], np.float32)
    confidence = np.array([[1.0], [0.5], [0.2]], np.float32)
    found = CropJoints(image, None, confidence, np.ones(3, np.float32))
    every = interpolate(found, np.array([0, 4, 5]), 6)
    np.testing.assert_allclose(every.image[:, 0, 0], [0, 1, 2, 3, 4, 5])
    np.testing.assert_allclose(every.confidence[:, 0], [1, 0.5, 0.5, 0.5, 0.5, 0.2])


def test_what_cannot_be_a_source_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="nothing"):
        open_source(str(tmp_path / "nothing.mp4"))
    with pytest.raises(UsageError, match="--seconds"):
        open_source(str(tmp_path / "nothing.mp4"), seconds=3)
    with pytest.raises(UnreadableFileError, match="cannot be opened"):
        open_source("97")


def test_a_single_frame_of_a_slow_camera_has_no_direction() -> None:
    boxes = np.tile([100.0, 50.0, 40.0, 100.0], (6, 1))
    usable = np.array([True, False, False, True, True, True])
    assert [(spell.start, spell.stop) for spell in find_spells(boxes, usable, (300, 400), 2.0)] == [(3, 6)]


def test_few_frames_are_compared_as_far_as_they_go() -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (5, 16, 16), np.uint8)
    assert 0 <= step_rhythm(pictures, 10.0).strength <= 1

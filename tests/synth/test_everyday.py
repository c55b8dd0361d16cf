import numpy as np
import pytest

from gaitprint.core.skeletons import KINECT_V1_20, convert_joints
from gaitprint.synth import motion
from gaitprint.synth.body import average_body
from gaitprint.synth.clothing import pocket
from gaitprint.synth.everyday import EverydayWalk
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.recorded import render_recorded
from gaitprint.synth.style import GaitStyle
from gaitprint.synth.walkers import everyday_walks, render_walk_views, walker_of


def test_a_person_keeps_body_and_nothing_else() -> None:
    walks = everyday_walks(2, seed=3)
    assert len(walks) == 16
    assert (walks[0].subject, walks[0].condition, walks[-1].condition) == ("001", "ev-01", "ev-08")
    first, second, other = (walker_of(walk) for walk in (walks[0], walks[1], walks[8]))
    assert first.body == second.body != other.body
    assert first.outfit.shirt != second.outfit.shirt
    assert set(walks[0].cameras) != set(walks[1].cameras)


def test_hair_headwear_and_pockets_change_from_walk_to_walk() -> None:
    outfits = [walker_of(walk).outfit for walk in everyday_walks(30, seed=3)]
    assert {outfit.headwear for outfit in outfits} == {"none", "cap", "hood"}
    long_haired, in_pockets = (
        np.mean([bool(value) for value in values])
        for values in ([outfit.long_hair for outfit in outfits], [outfit.pockets for outfit in outfits])
    )
    assert 0.2 < long_haired < 0.4
    assert 0.08 < in_pockets < 0.22
    assert len({outfit.hair for outfit in outfits[:8]}) == 8


def test_hands_in_pockets_stay_near_the_hips() -> None:
    style = pocket(GaitStyle(), np.random.default_rng(0))
    body = average_body(1.75)
    swings, reaches = [], []
    for gait in (style, GaitStyle()):
        landmarks = motion.walk(body, gait, 60).landmarks
        hand = landmarks[:, LANDMARKS.index("right_hand_tip")] - landmarks[:, LANDMARKS.index("right_hip")]
        swings.append(np.ptp(hand[:, 2]))
        reaches.append(np.linalg.norm(hand, axis=1).max())
    assert swings[0] < 0.6 * swings[1]
    assert reaches[0] < 0.35


def test_cameras_stand_around_the_walker_each_with_its_own_picture() -> None:
    for person in range(40):
        cameras = EverydayWalk(seed=1, person=person, walk=1).cameras()
        views = np.array([camera.view_deg for camera in cameras.values()])
        assert [f"{view:03.0f}" for view in views] == list(cameras)
        assert len(cameras) == 6
        gaps = np.diff(np.sort(views), append=views.min() + 360)
        assert gaps.max() <= 91  # a sector and half the next one
        assert len({camera.height for camera in cameras.values()}) > 1


def test_the_whole_walker_is_in_every_picture() -> None:
    for spec in everyday_walks(3, seed=5)[::5]:
        for walk in render_walk_views(spec):
            assert walk.silhouettes is not None
            edges = np.concatenate([walk.silhouettes[:, 0], walk.silhouettes[:, -1]], axis=1)
            assert not edges.any(), walk.id
            sides = np.concatenate([walk.silhouettes[:, :, 0], walk.silhouettes[:, :, -1]], axis=1)
            assert not sides.any(), walk.id


def test_the_same_walk_in_any_order() -> None:
    spec = everyday_walks(2, seed=3)[9]
    for once, again in zip(render_walk_views(spec), render_walk_views(spec), strict=True):
        assert once.id == again.id
        assert np.array_equal(once.silhouettes, again.silhouettes)


@pytest.mark.parametrize(("frames", "longest"), [(20, 20), (600, 78)])
def test_recorded_walks_are_shown_in_passages(frames: int, longest: int) -> None:
    starts = set()
    for walk in range(30):
        part = EverydayWalk(seed=0, person=4, walk=walk).passage(frames, 30.0)
        assert part.stop - part.start == longest
        assert part.start >= 0
        assert part.stop <= frames
        starts.add(part.start)
    assert starts == {0} if frames == longest else len(starts) > 20


def test_recorded_people_get_bodies_clothes_and_cameras_of_their_own() -> None:
    joints = convert_joints(motion.walk(average_body(1.7), GaitStyle(), 30).landmarks, LANDMARKS, KINECT_V1_20)[0]
    facts = {"frame_rate_hz": 25.0, "subject": "Person001", "condition": "walk-01"}
    everyday = EverydayWalk(seed=2, person=7, walk=1)
    seen = render_recorded(joints, KINECT_V1_20, everyday=everyday, **facts)
    assert [one.view for one in seen] == list(everyday.cameras())
    wide = render_recorded(joints, KINECT_V1_20, everyday=EverydayWalk(seed=2, person=8, walk=1), **facts)
    assert [one.view for one in wide] != [one.view for one in seen]

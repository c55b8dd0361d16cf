import numpy as np
import pytest

from gaitprint.core.errors import InvalidSequenceError
from gaitprint.core.skeletons import COCO_17, KINECT_V1_20, KINECT_V2_25, MPII_16, Skeleton, convert_joints
from gaitprint.synth.body import average_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.recorded import render_recorded, stage
from gaitprint.synth.style import GaitStyle

BODY = average_body(1.7)
FACTS = {"frame_rate_hz": 25.0, "subject": "1", "condition": "walk"}


def recording(target, turn_deg=0.0, handed=1):
    """A walk in another skeleton, turned about the vertical, away from the origin and over no floor in particular."""
    points = walk(BODY, GaitStyle(), 50).landmarks
    angle = np.deg2rad(turn_deg)
    x, y, z = np.moveaxis(points, -1, 0)
    turned = np.stack(
        [handed * (x * np.cos(angle) + z * np.sin(angle)) + 1.5, y - 0.4, z * np.cos(angle) - x * np.sin(angle) + 3],
        axis=-1,
    )
    return convert_joints(turned.astype(np.float32), LANDMARKS, target)[0]


@pytest.mark.parametrize("target", [KINECT_V1_20, KINECT_V2_25, COCO_17, MPII_16])
def test_every_skeleton_of_a_whole_body_can_be_rendered(target):
    sequences = render_recorded(recording(target), target, views=("000", "090"), frames=True, **FACTS)
    assert [sequence.view for sequence in sequences] == ["000", "090"]
    for sequence in sequences:
        assert sequence.modalities == ("silhouettes", "frames")
        tall = sequence.silhouettes.any(axis=2).sum(axis=1)
        assert (tall > 85).all()
        assert (tall < 115).all()


@pytest.mark.parametrize("turn_deg", [0.0, 70.0, 200.0])
@pytest.mark.parametrize("handed", [1, -1])
def test_where_the_walk_went_and_how_its_axes_lie_does_not_matter(turn_deg, handed):
    straight, _ = stage(recording(KINECT_V2_25), KINECT_V2_25, BODY, 25.0)
    other, landmarks = stage(recording(KINECT_V2_25, turn_deg, handed), KINECT_V2_25, BODY, 25.0)
    assert np.allclose(straight, other, atol=2e-3)
    assert np.abs(landmarks[:, LANDMARKS.index("pelvis")][:, [0, 2]]).max() < 0.6
    lowest = landmarks[:, [LANDMARKS.index("left_foot"), LANDMARKS.index("right_foot")], 1].min(axis=1)
    assert np.abs(np.median(lowest)) < 0.03


def test_joints_lie_in_the_silhouettes_and_unseen_ones_are_marked():
    sequence = render_recorded(
        recording(KINECT_V1_20), "kinect-v1-20", views=("054",), joints_as="coco-17", joint_axes=2, **FACTS
    )[0]
    seen = sequence.confidence[0] > 0
    assert not seen[:5].any()  # a Kinect knows no face
    assert (sequence.joints[:, ~seen] == 0).all()
    columns, rows = np.floor(sequence.joints[:, seen]).astype(int).reshape(-1, 2).T
    frames = np.repeat(np.arange(50), seen.sum())
    assert (sequence.silhouettes[frames, rows, columns] > 0).mean() > 0.98


def test_every_walk_has_segmentation_errors_of_its_own():
    def masks(condition):
        facts = {**FACTS, "condition": condition}
        return render_recorded(recording(KINECT_V1_20), KINECT_V1_20, views=("090",), noise=1.0, **facts)[0].silhouettes

    assert np.array_equal(masks("first"), masks("first"))
    assert not np.array_equal(masks("first"), masks("second"))


def test_bad_recordings_are_refused():
    joints = recording(KINECT_V1_20)
    joints[3, 2, 1] = np.nan
    with pytest.raises(InvalidSequenceError, match="NaN"):
        render_recorded(joints, KINECT_V1_20, **FACTS)
    with pytest.raises(InvalidSequenceError, match=r"\[T >= 1, J, 3\]"):
        render_recorded(joints[..., :2], KINECT_V1_20, **FACTS)
    legs = Skeleton("legs", tuple(f"{s}_{p}" for s in ("left", "right") for p in ("hip", "knee", "ankle")), (), ())
    with pytest.raises(InvalidSequenceError, match="no thorax"):
        render_recorded(recording(legs), legs, **FACTS)

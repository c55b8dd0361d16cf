import numpy as np
import pytest

from gaitprint.core.errors import InvalidSequenceError, UsageError
from gaitprint.core.skeletons import (
    BLAZEPOSE_33,
    COCO_17,
    KINECT_V1_20,
    KINECT_V2_25,
    MPII_16,
    SKELETONS,
    Skeleton,
    convert_joints,
    get_skeleton,
    mapping,
)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda skeleton: skeleton.name)
def test_definition_is_sound(skeleton):
    assert len(skeleton.joints) == int(skeleton.name.rsplit("-", 1)[1])
    # The bones form one tree over all joints.
    children = [child for _, child in skeleton.bones]
    assert len(set(children)) == len(children) == len(skeleton.joints) - 1
    reached = {joint for joint in skeleton.joints if joint not in children}
    for _ in skeleton.joints:
        reached |= {child for parent, child in skeleton.bones if parent in reached}
    assert reached == set(skeleton.joints)
    # Mirroring twice changes nothing, and mirrors names too.
    mirror = skeleton.mirror_indices
    assert (mirror[mirror] == np.arange(len(mirror))).all()
    for joint, other in zip(skeleton.joints, mirror, strict=True):
        swapped = joint.replace("left_", "?").replace("right_", "left_").replace("?", "right_")
        assert skeleton.joints[other] == swapped
    assert (skeleton.adjacency == skeleton.adjacency.T).all()
    assert skeleton.adjacency.sum() == 2 * len(skeleton.bones)


def test_joint_orders_follow_their_sources():
    assert KINECT_V1_20.joints.index("right_ankle") == 18
    assert KINECT_V2_25.joints.index("thorax") == 20
    assert MPII_16.joints[:3] == ("right_ankle", "right_knee", "right_hip")
    assert COCO_17.joints.index("right_ankle") == 16
    assert BLAZEPOSE_33.joints.index("left_hip") == 23


def test_mapping_copies_shared_joints_and_derives_others():
    generator = np.random.default_rng(0)
    joints = generator.normal(size=(3, 17, 2)).astype(np.float32)
    confidence = generator.uniform(0.1, 1, size=(3, 17)).astype(np.float32)
    converted, certain = convert_joints(joints, COCO_17, MPII_16, confidence)
    knee, pelvis = MPII_16.index("left_knee"), MPII_16.index("pelvis")
    left, right = COCO_17.index("left_hip"), COCO_17.index("right_hip")
    np.testing.assert_allclose(converted[:, knee], joints[:, COCO_17.index("left_knee")])
    np.testing.assert_allclose(converted[:, pelvis], (joints[:, left] + joints[:, right]) / 2, rtol=1e-6)
    np.testing.assert_allclose(certain[:, pelvis], np.minimum(confidence[:, left], confidence[:, right]))


def test_what_cannot_be_derived_has_no_confidence():
    converted, certain = convert_joints(np.ones((20, 3), np.float32), KINECT_V1_20, COCO_17)
    eye = COCO_17.index("left_eye")
    assert certain[eye] == 0
    assert (converted[eye] == 0).all()
    assert certain[COCO_17.index("left_wrist")] == 1


@pytest.mark.parametrize("source", SKELETONS.values(), ids=lambda skeleton: skeleton.name)
@pytest.mark.parametrize("target", SKELETONS.values(), ids=lambda skeleton: skeleton.name)
def test_every_mapping_moves_with_the_body(source, target):
    weights, available = mapping(source, target)
    np.testing.assert_allclose(weights.sum(axis=1), available.astype(float), atol=1e-5)
    assert available[target.index("left_knee")]


def test_errors_name_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'coco-17'"):
        get_skeleton("coco17")
    with pytest.raises(UsageError, match="did you mean 'left_knee'"):
        COCO_17.index("leftknee")
    with pytest.raises(InvalidSequenceError, match="unknown joint 'b'"):
        Skeleton("mine", ("a",), (("a", "b"),), ())
    with pytest.raises(InvalidSequenceError, match="19 joints"):
        convert_joints(np.zeros((19, 3), np.float32), KINECT_V1_20, COCO_17)

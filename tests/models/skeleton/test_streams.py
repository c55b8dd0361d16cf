import pytest
import torch
from torch import Tensor

from gaitprint.core.skeletons import COCO_17, KINECT_V1_20, SKELETONS, Skeleton
from gaitprint.models.skeleton.streams import SkeletonStreams


def _raw(skeleton: Skeleton, joints: Tensor, seen: Tensor) -> list[Tensor]:
    """The streams as they are before standardisation."""
    streams = SkeletonStreams(skeleton, joints.shape[-1]).eval()
    for stage in streams.standardise:
        stage.variance -= 1e-6
        torch.nn.init.zeros_(stage.offset)
    return streams(joints.masked_fill(~seen[..., None], 0.0), seen)


@pytest.mark.parametrize("name", sorted(SKELETONS))
def test_motion_and_bones_against_a_loop(name: str) -> None:
    skeleton = SKELETONS[name]
    torch.manual_seed(0)
    count = len(skeleton.joints)
    joints, seen = torch.randn(2, 6, count, 3), torch.rand(2, 6, count) > 0.2
    _, motion, bones = _raw(skeleton, joints, seen)
    parents = {child: parent for parent, child in skeleton.bones}
    for b, t, (j, joint) in [(b, t, e) for b in range(2) for t in range(6) for e in enumerate(skeleton.joints)]:
        for k, step in enumerate((1, 2)):
            both = t + step < 6 and bool(seen[b, t, j]) and bool(seen[b, t + step, j])
            way = joints[b, t + step, j] - joints[b, t, j] if both else torch.zeros(3)
            torch.testing.assert_close(motion[b, t, j, 3 * k : 3 * k + 3], way)
        expected = torch.zeros(7)
        if joint in parents:
            p = skeleton.joints.index(parents[joint])
            if seen[b, t, j] and seen[b, t, p]:
                bone = joints[b, t, j] - joints[b, t, p]
                length = (bone**2).sum() ** 0.5
                expected = torch.cat([bone, length[None], bone / length])
        torch.testing.assert_close(bones[b, t, j], expected)


def test_joints_come_about_the_pelvis() -> None:
    torch.manual_seed(0)
    joints = torch.randn(2, 6, 20, 3)
    centred = _raw(KINECT_V1_20, joints, torch.ones(2, 6, 20, dtype=torch.bool))[0]
    torch.testing.assert_close(centred, joints - joints[:, :, KINECT_V1_20.index("pelvis")][:, :, None])


def test_a_frame_without_pelvis_is_centred_by_the_others() -> None:
    torch.manual_seed(0)
    pose, way = torch.randn(20, 3), torch.randn(6, 3) * 5
    joints = (pose + way[:, None])[None]  # a statue on wheels
    seen = torch.ones(1, 6, 20, dtype=torch.bool)
    expected = _raw(KINECT_V1_20, joints, seen)[0]
    seen[0, 2, KINECT_V1_20.index("pelvis")] = False
    seen_joints = seen[..., None].expand(1, 6, 20, 3)
    centred = _raw(KINECT_V1_20, joints, seen)[0]
    # The average of 19 joints is not that of 20, which is all that is lost.
    assert (centred - expected)[seen_joints].abs().max() < pose.norm(dim=1).max() / 10
    seen[:, :, KINECT_V1_20.index("pelvis")] = False
    centred = _raw(KINECT_V1_20, joints, seen)[0]
    torch.testing.assert_close(centred[:, :, 1:].mean(dim=2), torch.zeros(1, 6, 3), rtol=0, atol=1e-5)


def test_where_somebody_walks_shows_in_no_stream() -> None:
    torch.manual_seed(0)
    joints, seen = torch.randn(2, 6, 17, 2), torch.rand(2, 6, 17) > 0.2
    for here, there in zip(_raw(COCO_17, joints, seen), _raw(COCO_17, joints + 3, seen), strict=True):
        torch.testing.assert_close(here, there, rtol=1e-4, atol=1e-5)


def test_streams_are_standardised_in_training() -> None:
    torch.manual_seed(0)
    joints = torch.randn(8, 30, 20, 3) * 0.05 + torch.randn(20, 3)
    streams = SkeletonStreams(KINECT_V1_20, 3).train()
    for stage in streams.standardise:
        torch.nn.init.zeros_(stage.offset)
    for stream in streams(joints, None):
        values = stream[:, :28, 1:]  # the pelvis has no bone, the last frames no motion
        assert values.mean(dim=(0, 1)).abs().max() < 0.05
        assert (values.std(dim=(0, 1)) - 1).abs().max() < 0.1

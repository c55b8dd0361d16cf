import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.core.skeletons import SKELETONS
from gaitprint.data.augmentation.joint_flip import JointFlip, JointFlipConfig


@pytest.mark.parametrize("name", sorted(SKELETONS))
@pytest.mark.parametrize("axes", [2, 3])
def test_mirrors_and_exchanges_left_and_right(name: str, axes: int) -> None:
    skeleton = SKELETONS[name]
    walks = torch.rand(2, 4, len(skeleton.joints), axes + 1) + 0.1
    flip = JointFlip(JointFlipConfig(probability=1.0, skeleton=name))
    flipped = flip(walks)
    for joint in skeleton.joints:
        other = {"left": "right", "right": "left"}.get(joint.split("_")[0])
        source = joint if other is None else joint.replace(joint.split("_")[0], other, 1)
        expected = walks[:, :, skeleton.index(source)].clone()
        expected[..., 0] *= -1
        assert torch.equal(flipped[:, :, skeleton.index(joint)], expected), joint
    assert torch.equal(flip(flipped), walks)


def test_another_skeleton_is_refused() -> None:
    with pytest.raises(UsageError, match=r"augment\.skeleton is coco-17 with 17 joints; the model's input has 20"):
        JointFlip(JointFlipConfig(skeleton="coco-17"))(torch.ones(1, 2, 20, 4))
    with pytest.raises(UsageError, match=r"augment\.skeleton is null, and there is no input"):
        JointFlip(JointFlipConfig())
    with pytest.raises(UsageError, match="did you mean 'coco-17'"):
        JointFlipConfig(skeleton="coco17")

import pytest
import torch

from gaitprint.data.augmentation.joint_dropout import JointDropout, JointDropoutConfig


@pytest.mark.parametrize("per_frame", [True, False])
def test_loses_as_many_as_told(per_frame: bool) -> None:
    torch.manual_seed(0)
    walks = torch.rand(200, 30, 20, 4) + 0.1
    config = JointDropoutConfig(probability=1.0, joints=0.3, per_frame=per_frame)
    changed = JointDropout(config)(walks)
    lost = changed[..., 3] == 0
    assert (changed[lost] == 0).all()
    assert torch.equal(changed[~lost], walks[~lost])
    assert lost.float().mean().item() == pytest.approx(0.3, abs=0.02)
    same_all_along = (lost == lost[:, :1]).all().item()
    assert same_all_along is not per_frame


def test_all_and_none() -> None:
    walks = torch.rand(3, 5, 20, 4) + 0.1
    assert (JointDropout(JointDropoutConfig(probability=1.0, joints=1.0))(walks) == 0).all()
    assert torch.equal(JointDropout(JointDropoutConfig(probability=1.0, joints=0.0))(walks), walks)

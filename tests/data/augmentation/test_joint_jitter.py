import pytest
import torch

from gaitprint.data.augmentation.joint_jitter import JointJitter, JointJitterConfig


@pytest.mark.parametrize("axes", [2, 3])
def test_adds_noise_of_the_given_deviation_to_seen_joints(axes: int) -> None:
    torch.manual_seed(0)
    walks = torch.rand(20, 60, 10, axes + 1) + 0.1
    walks[:, :, 3] = 0
    noise = JointJitter(JointJitterConfig(probability=1.0, deviation=0.02))(walks) - walks
    assert (noise[..., -1] == 0).all()
    assert (noise[:, :, 3] == 0).all()
    values = noise[:, :, [0, 1, 2, *range(4, 10)], :-1]
    assert values.std().item() == pytest.approx(0.02, rel=0.02)
    assert abs(values.mean().item()) < 5e-4
    # Neighbours in time, joints and axes have nothing in common.
    for pair in (
        (values[:, 1:], values[:, :-1]),
        (values[:, :, 1:], values[:, :, :-1]),
        (values[..., 1:], values[..., :-1]),
    ):
        assert abs((pair[0] * pair[1]).mean().item()) < 0.03 * 0.02**2

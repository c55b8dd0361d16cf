import torch
from torch import nn

from gaitprint.models.skeleton.normalisation import JointStandardisation, SeenBatchNorm


def test_statistics_are_those_of_the_seen_places() -> None:
    torch.manual_seed(0)
    values, seen = torch.randn(3, 5, 7, 4), torch.rand(3, 5, 7) > 0.3
    values[~seen] = 1e6
    norm, expected = SeenBatchNorm(4).train(), nn.BatchNorm1d(4).train()
    result = norm(values, seen)
    rows = torch.stack([values[b, t, j] for b in range(3) for t in range(5) for j in range(7) if seen[b, t, j]])
    torch.testing.assert_close(result[seen], expected(rows))
    assert not result[~seen].any()
    torch.testing.assert_close(norm.norm.running_mean, expected.running_mean)
    torch.testing.assert_close(norm.norm.running_var, expected.running_var)


def test_mask_of_leading_axes_stands_for_all_beneath() -> None:
    torch.manual_seed(0)
    values, frames = torch.randn(3, 5, 7, 4), torch.rand(3, 5) > 0.3
    wide = SeenBatchNorm(4).train()(values, frames[..., None].expand(3, 5, 7))
    torch.testing.assert_close(SeenBatchNorm(4).train()(values, frames), wide)


def test_standardisation_treats_each_coordinate_of_each_joint_by_itself() -> None:
    torch.manual_seed(0)
    values, seen = torch.randn(4, 6, 3, 2) * 0.1 - torch.arange(3.0)[:, None], torch.rand(4, 6, 3, 2) > 0.3
    stage = JointStandardisation(3, 2, momentum=1.0).train()
    nn.init.normal_(stage.factor)
    result = stage(values.masked_fill(~seen, 1e6), seen)
    for joint in range(3):
        for axis in range(2):
            shown = values[:, :, joint, axis][seen[:, :, joint, axis]]
            expected = (shown - shown.mean()) / (shown.var(correction=0) + 1e-6).sqrt()
            expected = expected * stage.factor[joint, axis] + stage.offset[joint, axis]
            torch.testing.assert_close(result[:, :, joint, axis][seen[:, :, joint, axis]], expected)
    assert torch.equal(result[~seen], stage.offset.expand_as(result)[~seen])
    torch.testing.assert_close(stage.eval()(values, seen), result)


def test_what_no_walk_shows_keeps_its_statistics() -> None:
    stage = JointStandardisation(2, 1, momentum=1.0).train()
    seen = torch.tensor([True, False])[:, None].expand(2, 3, 2, 1)
    stage(torch.arange(12.0).view(2, 3, 2, 1), seen)
    assert stage.mean.flatten().tolist() == [5, 0]
    assert stage.variance[1, 0] == 1

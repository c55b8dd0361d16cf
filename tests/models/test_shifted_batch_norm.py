"""Batch normalisation without a factor, against torch's own with a factor of 1."""

import torch
from torch import nn

from gaitprint.models.shifted_batch_norm import ShiftedBatchNorm


def test_equals_torch_with_a_factor_of_one() -> None:
    torch.manual_seed(0)
    norm, reference = ShiftedBatchNorm(5, epsilon=1e-3, momentum=0.2), nn.BatchNorm2d(5, eps=1e-3, momentum=0.2)
    with torch.no_grad():
        reference.bias.copy_(norm.bias.normal_())
    for _ in range(3):
        values = torch.randn(4, 5, 6, 7) * 3 + 1
        torch.testing.assert_close(norm(values), reference(values))
    torch.testing.assert_close(norm.running_mean, reference.running_mean)
    torch.testing.assert_close(norm.running_var, reference.running_var)
    torch.testing.assert_close(norm.eval()(values), reference.eval()(values))


def test_has_no_factor() -> None:
    norm = ShiftedBatchNorm(5, epsilon=1e-3, momentum=0.2)
    assert {name: tuple(tensor.shape) for name, tensor in norm.state_dict().items()} == {
        "bias": (5,),
        "running_mean": (5,),
        "running_var": (5,),
    }
    assert [name for name, _ in norm.named_parameters()] == ["bias"]

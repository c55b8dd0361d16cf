import math

import torch

from gaitprint.losses.unit_length import unit_length


def test_scales_each_vector() -> None:
    values = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for row, scaled in zip(values.flatten(0, 1).tolist(), unit_length(values).flatten(0, 1).tolist(), strict=True):
        torch.testing.assert_close(scaled, [value / math.hypot(*row) for value in row])


def test_zeros_stay_and_pass_the_gradient_on() -> None:
    values = torch.zeros(1, 3, requires_grad=True)
    scaled = unit_length(values)
    (scaled * torch.tensor([1.0, -2.0, 3.0])).sum().backward()
    assert scaled.tolist() == [[0, 0, 0]]
    assert values.grad.tolist() == [[1, -2, 3]]

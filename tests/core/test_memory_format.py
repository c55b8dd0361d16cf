import torch
from torch import nn

from gaitprint.core.memory_format import channels_last


def test_convolutions_lie_channels_last_and_compute_the_same() -> None:
    torch.manual_seed(0)
    flat, deep = nn.Conv2d(3, 4, 3), nn.Conv3d(3, 4, 3)
    images, clips = torch.randn(2, 3, 6, 5), torch.randn(2, 3, 4, 6, 5)
    before = flat(images), deep(clips)
    parameters = [flat.weight, deep.weight]
    both = channels_last(nn.ModuleList([flat, deep, nn.Linear(3, 2)]))
    assert isinstance(both, nn.ModuleList)
    assert flat.weight.is_contiguous(memory_format=torch.channels_last)
    assert deep.weight.is_contiguous(memory_format=torch.channels_last_3d)
    assert not flat.weight.is_contiguous()
    assert all(old is new for old, new in zip(parameters, [flat.weight, deep.weight], strict=True))
    torch.testing.assert_close((flat(images), deep(clips)), before)


def test_so_do_the_results_of_a_convolution_of_one_channel() -> None:
    layer = channels_last(nn.Conv2d(1, 4, 3))
    assert layer(torch.randn(2, 1, 6, 5)).is_contiguous(memory_format=torch.channels_last)

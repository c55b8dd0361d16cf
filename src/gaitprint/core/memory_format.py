"""The layout of convolution weights in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from torch import nn

    Module = TypeVar("Module", bound=nn.Module)


def channels_last(module: Module) -> Module:
    """Lay the weights of 2-D and 3-D convolutions out with the channels last, and return the module.

    Convolutions are up to several times faster on a CPU with it, and not slower on a GPU; the values are the same.
    """
    import torch

    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    for parameter in module.parameters():
        if parameter.ndim in formats:
            # Not contiguous(): to it, the weights of a single input channel lie either way, and it leaves them.
            parameter.data = parameter.data.to(memory_format=formats[parameter.ndim])
    return module

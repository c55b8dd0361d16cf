import numpy as np
import torch

from gaitprint.data.augmentation.base import AugmentationConfig
from gaitprint.data.augmentation.flip import Flip


def test_mirrors_columns_and_keeps_time(clips: torch.Tensor) -> None:
    flipped = Flip(AugmentationConfig()).change(clips, torch.rand(len(clips), 0))
    np.testing.assert_array_equal(flipped.numpy(), clips.numpy()[:, :, :, :, ::-1])

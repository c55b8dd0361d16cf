import numpy as np
import torch
from scipy import ndimage

from gaitprint.data.augmentation.part_blur import PartBlur, PartBlurConfig, gaussian_matrices


def test_blurs_the_box_as_scipy_does_and_nothing_else(clips: torch.Tensor) -> None:
    config = PartBlurConfig(part_height=(0.25, 0.25), part_width=(0.5, 0.5), sigma=(0.01, 0.05))
    drawn = torch.tensor([[0, 0, 0, 0, 0], [0, 0, 0.5, 0.5, 0.4], [0, 0, 0.999, 0.999, 1.0], [0, 0, 0, 0.999, 0.7]])
    corners = [(0, 0), (24, 11), (48, 22), (0, 22)]
    changed = PartBlur(config).change(clips.double(), drawn)
    for number, (row, column) in enumerate(corners):
        sigma = 64 * (0.01 + 0.04 * float(drawn[number, 4]))
        box = (slice(row, row + 16), slice(column, column + 22))
        for before, after in zip(clips[number, :, 0].double().numpy(), changed[number, :, 0].numpy(), strict=True):
            expected = before.copy()
            blurred = ndimage.gaussian_filter(before, sigma, mode="constant", cval=-1, truncate=9)
            expected[box] = blurred[box]
            np.testing.assert_allclose(after, expected, atol=1e-6)


def test_blurs_narrow_frames_widely_as_scipy_does() -> None:
    clips = torch.rand(2, 3, 1, 32, 5, dtype=torch.float64)
    config = PartBlurConfig(part_height=(1.0, 1.0), part_width=(1.0, 1.0), sigma=(0.25, 0.25))
    changed = PartBlur(config).change(clips, torch.zeros(2, 5))
    for before, after in zip(clips.flatten(0, 2).numpy(), changed.flatten(0, 2).numpy(), strict=True):
        expected = ndimage.gaussian_filter(before, 8.0, mode="constant", cval=-1, truncate=6)
        np.testing.assert_allclose(after, expected, atol=1e-6)


def test_keeps_what_is_far_from_the_border() -> None:
    matrices = gaussian_matrices(torch.tensor([0.5, 2.0]), 41, 12)
    torch.testing.assert_close(matrices[:, 20].sum(dim=-1), torch.ones(2))
    assert (matrices[:, 0].sum(dim=-1) < 0.95).all()

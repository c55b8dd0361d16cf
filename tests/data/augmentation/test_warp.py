import numpy as np
import torch
from scipy import ndimage

from gaitprint.data.augmentation.warp import matrices, warp


def _in_pixels(source: np.ndarray, height: int, width: int) -> np.ndarray:
    """A map between points in heights from the middle -> the same between (column, row)."""
    to_heights = np.array([[1, 0, 0.5 - width / 2], [0, 1, 0.5 - height / 2], [0, 0, height]]) / height
    return np.linalg.inv(to_heights) @ source @ to_heights


def test_agrees_with_interpolation_by_scipy(clips: torch.Tensor) -> None:
    height, width = clips.shape[-2:]
    rng = np.random.default_rng(0)
    sources = np.eye(3) + 0.15 * rng.standard_normal((len(clips), 3, 3))
    warped = warp(clips.double(), torch.from_numpy(sources))
    rows, columns = np.mgrid[:height, :width]
    points = np.stack([columns.ravel(), rows.ravel(), np.ones(rows.size)])
    for number, source in enumerate(sources):
        x, y, scale = _in_pixels(source, height, width) @ points
        assert (scale > 0).all()
        for frame in range(clips.shape[1]):
            expected = ndimage.map_coordinates(
                clips[number, frame, 0].double().numpy(), [y / scale, x / scale], order=1, mode="grid-constant", cval=-1
            )
            np.testing.assert_allclose(warped[number, frame, 0].numpy().ravel(), expected, atol=1e-9)


def test_nothing_moves_under_the_identity(clips: torch.Tensor) -> None:
    one = torch.ones(len(clips))
    torch.testing.assert_close(warp(clips, matrices(one, 0.0, 0.0, 0.0, one, 0.0, 0.0, 0.0, 1.0)), clips)


def test_half_precision_only_rounds_the_values(clips: torch.Tensor) -> None:
    one = torch.ones(len(clips))
    shift = matrices(one, 0.0, one / 64, 0.0, one, 0.0, 0.0, 0.0, 1.0)  # one pixel of 64
    half = clips.bfloat16()
    warped = warp(half, shift)
    torch.testing.assert_close(warped[..., :-1], half[..., 1:], rtol=0, atol=0.01)
    assert (warped[..., -1] == -1).all()

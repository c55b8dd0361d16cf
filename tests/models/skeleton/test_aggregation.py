import math

import pytest
import torch
from torch.nn import functional

from gaitprint.models.skeleton.aggregation import TemporalPyramid, segment_means


@pytest.mark.parametrize("segments", [1, 2, 4, 8])
@pytest.mark.parametrize("count", [1, 3, 8, 21, 60])
def test_segments_against_a_loop_and_torch(segments: int, count: int) -> None:
    torch.manual_seed(count)
    frames = torch.randn(2, count, 5)
    means = segment_means(frames, None, segments)
    for s in range(segments):
        part = frames[:, math.floor(s * count / segments) : math.ceil((s + 1) * count / segments)]
        torch.testing.assert_close(means[:, s], sum(part.unbind(1)) / part.shape[1])
    torch.testing.assert_close(means, functional.adaptive_avg_pool1d(frames.mT, segments).mT)


def test_unseen_frames_are_as_if_they_were_not_there() -> None:
    torch.manual_seed(0)
    frames, seen = torch.randn(4, 21, 8), torch.rand(4, 21) > 0.4
    pyramid = TemporalPyramid(8, (1, 2, 4, 8))
    together = pyramid(frames.masked_fill(~seen[..., None], 1e3), seen)
    for row, walk, mask in zip(together, frames, seen, strict=True):
        torch.testing.assert_close(row, pyramid(walk[mask][None], None)[0], rtol=1e-5, atol=1e-5)


def test_levels_differ_from_one_another() -> None:
    # A ramp: a level averaged once more would give the mean of the walk, whatever its number of segments.
    ramp = torch.arange(16.0)[None, :, None]
    assert segment_means(ramp, None, 1).flatten().tolist() == [7.5]
    assert segment_means(ramp, None, 2).flatten().tolist() == [3.5, 11.5]
    assert segment_means(ramp, None, 4).flatten().tolist() == [1.5, 5.5, 9.5, 13.5]
    torch.manual_seed(0)
    pyramid = TemporalPyramid(8, (1, 2, 4, 8))
    frames = torch.randn(2, 16, 8)
    changed = (pyramid(frames.flip(1), None) - pyramid(frames, None)).view(2, 6, 8).abs().amax(dim=(0, 2))
    # Backwards in time: the mean of the walk, its maximum and deviation stay; the finer levels do not.
    assert (changed > 1e-2).tolist() == [False, True, True, True, False, False]


def test_maximum_and_deviation() -> None:
    torch.manual_seed(0)
    frames = torch.randn(2, 16, 8)
    result = TemporalPyramid(8, (1,))(frames, None)
    torch.testing.assert_close(result[:, 8:16], frames.max(dim=1).values)
    torch.testing.assert_close(result[:, 16:], (frames.var(dim=1, correction=0) + 1e-6).sqrt())


def test_one_frame_has_a_finite_gradient() -> None:
    frames = torch.randn(2, 1, 8, requires_grad=True)
    TemporalPyramid(8, (1, 2))(frames, None).sum().backward()
    assert torch.isfinite(frames.grad).all()

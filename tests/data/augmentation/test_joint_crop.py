import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.joint_crop import JointCrop, JointCropConfig


def counting(batch: int, lengths: list[int], frames: int = 60) -> torch.Tensor:
    """Every joint of frame t at (t, 2 t, 3 t), seen until the walk's length."""
    time = torch.arange(frames).float()
    walks = torch.stack([time, 2 * time, 3 * time, torch.ones_like(time)], dim=-1)[None, :, None].repeat(batch, 1, 5, 1)
    for walk, length in zip(walks, lengths, strict=True):
        walk[length:] = 0
    return walks


def test_keeps_frames_in_a_row_and_pads() -> None:
    torch.manual_seed(0)
    walks = counting(400, [60, 30] * 200)
    cropped = JointCrop(JointCropConfig(probability=1.0))(walks)
    kept = (cropped[:, :, 0, 3] > 0).sum(dim=1)
    for walk, count, length in zip(cropped, kept.tolist(), [60, 30] * 200, strict=True):
        start = int(walk[0, 0, 0])
        assert 0 <= start <= length - count
        expected = torch.zeros(60, 5, 4)
        expected[:count] = counting(1, [60])[0, start : start + count]
        assert torch.equal(walk, expected)
    assert (kept[::2].min(), kept[::2].max()) == (40, 60)
    assert (kept[1::2].min(), kept[1::2].max()) == (20, 30)
    whole_range = {int(walk[0, 0, 0]) + int(count) for walk, count in zip(cropped[::2], kept[::2], strict=True)}
    assert 60 in whole_range


def test_stretches_to_the_old_length() -> None:
    torch.manual_seed(0)
    config = JointCropConfig(probability=1.0, fill="stretch", frames=(0.5, 0.5))
    for walk, length in zip(JointCrop(config)(counting(6, [60, 30] * 3)), [60, 30] * 3, strict=True):
        places = walk[:, 0, 0]
        assert (walk[:length, :, 3] == 1).all()
        assert (walk[length:] == 0).all()
        expected = places[0] + torch.arange(length) * (length / 2 - 1) / (length - 1)
        torch.testing.assert_close(places[:length], expected, rtol=0, atol=2e-3)


def test_options() -> None:
    with pytest.raises(UsageError, match=r"augment\.frames is 0\.0, 1\.0"):
        JointCropConfig(frames=(0.0, 1.0))

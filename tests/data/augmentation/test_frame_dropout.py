import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.frame_dropout import FrameDropout, FrameDropoutConfig


def _by_loop(clip: torch.Tensor, drawn: torch.Tensor, share: float, replacement: str) -> torch.Tensor:
    frames = len(clip)
    kept = [float(drawn[1 + frame]) >= share or frame == int(float(drawn[0]) * frames) for frame in range(frames)]
    result = []
    for frame in range(frames):
        if kept[frame]:
            result.append(clip[frame])
        elif replacement == "background":
            result.append(torch.full_like(clip[frame], -1))
        else:
            before = [other for other in range(frame) if kept[other]]
            result.append(clip[before[-1] if before else kept.index(True)])
    return torch.stack(result)


@pytest.mark.parametrize("replacement", ["previous", "background"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_agrees_with_a_loop(share: float, replacement: str) -> None:
    clips = torch.rand(40, 7, 1, 3, 2)
    drawn = torch.rand(40, 8, generator=torch.Generator().manual_seed(0))
    changed = FrameDropout(FrameDropoutConfig(frames=share, replacement=replacement)).change(clips, drawn)
    expected = torch.stack([_by_loop(clip, row, share, replacement) for clip, row in zip(clips, drawn, strict=True)])
    assert torch.equal(changed, expected)


def test_one_frame_is_always_kept_and_any_may_be() -> None:
    clips = torch.arange(5.0).div(5).view(1, 5, 1, 1, 1).repeat(300, 1, 1, 1, 1)
    config = FrameDropoutConfig(probability=1.0, frames=1.0, replacement="background")
    torch.manual_seed(0)
    shown = FrameDropout(config)(clips) >= 0
    assert (shown.sum(dim=1) == 1).all()
    assert (shown.sum(dim=0) > 30).all()
    alone = torch.rand(4, 1, 1, 3, 2)
    assert torch.equal(FrameDropout(config)(alone), alone)


def test_energy_images_are_refused() -> None:
    with pytest.raises(UsageError, match="frame-dropout needs clips of frames; gait energy images have none"):
        FrameDropout(FrameDropoutConfig())(torch.zeros(2, 1, 64, 44))
    with pytest.raises(UsageError, match=r"augment\.frames is 1\.5"):
        FrameDropoutConfig(frames=1.5)

import pytest
import torch

from gaitprint.data.augmentation.base import AugmentationConfig, around_zero, between
from gaitprint.data.augmentation.silhouette_augmentation import SilhouetteAugmentation


class _Paint(SilhouetteAugmentation[AugmentationConfig]):
    """Paint each clip in the first number drawn for it."""

    Config = AugmentationConfig

    def draws(self, frames: int) -> int:
        return 2 * frames

    def change(self, clips: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        assert drawn.shape == (len(clips), 2 * clips.shape[1])
        return drawn[:, :1, None, None, None].expand_as(clips)


@pytest.mark.parametrize("shape", [(4000, 3, 1, 2, 1), (4000, 1, 2, 1)])
def test_whether_a_clip_is_chosen_says_nothing_of_how_it_is_changed(shape: tuple[int, ...]) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        changed = _Paint(AugmentationConfig(probability=0.3))(torch.full(shape, -1.0))
    assert changed.shape == shape
    values = changed.flatten(1)[:, 0]
    chosen = values >= 0
    assert chosen.float().mean() == pytest.approx(0.3, abs=0.03)
    assert values[chosen].mean() == pytest.approx(0.5, abs=0.03)
    assert values[chosen].max() > 0.98


def test_stretches_to_the_limits() -> None:
    drawn = torch.tensor([0.0, 0.25, 1.0])
    assert between(drawn, (2.0, 4.0)).tolist() == [2, 2.5, 4]
    assert around_zero(drawn, 2.0).tolist() == [-2, -1, 2]

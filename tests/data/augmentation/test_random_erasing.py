import math

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.random_erasing import RandomErasing, RandomErasingConfig


def _erased(config: RandomErasingConfig, clips: torch.Tensor) -> torch.Tensor:
    torch.manual_seed(0)
    return RandomErasing(config)(clips) != clips


def _is_rectangle(mask: torch.Tensor) -> bool:
    rows, columns = mask.any(dim=1), mask.any(dim=0)
    gaps = [int((flags.int().diff() == 1).sum()) > 1 for flags in (rows, columns)]
    return bool((mask == rows[:, None] & columns).all()) and not any(gaps)


def test_erases_one_rectangle_of_the_asked_size_in_all_frames() -> None:
    clips = torch.rand(300, 2, 1, 64, 44)  # no value is background
    config = RandomErasingConfig(probability=1.0, area=(0.1, 0.3), aspect=(0.5, 2.0))
    torch.manual_seed(0)
    changed = RandomErasing(config)(clips)
    erased = changed != clips
    assert (changed[erased] == -1).all()
    assert torch.equal(erased[:, 0], erased[:, 1])
    masks = erased[:, 0, 0]
    assert all(_is_rectangle(mask) for mask in masks)
    heights, widths = masks.any(dim=2).sum(dim=1), masks.any(dim=1).sum(dim=1)
    shares = (heights * widths) / (64 * 44)
    # A side is rounded by half a pixel at most.
    assert shares.min() > 0.1 * 0.95
    assert shares.max() < 0.3 * 1.05
    assert shares.mean() == pytest.approx(0.2, abs=0.01)
    aspects = heights / widths
    assert aspects.min() > 0.5 * 0.93
    assert aspects.max() < 2 * 1.07
    # As often upright as lying.
    assert aspects.log().mean().abs() < 0.1
    assert masks.any(dim=0).float().mean() > 0.95


def test_a_rectangle_that_would_not_fit_keeps_its_area() -> None:
    clips = torch.zeros(200, 1, 1, 60, 40)
    for aspect in ((50.0, 50.0), (0.02, 0.02)):
        masks = _erased(RandomErasingConfig(probability=1.0, area=(0.5, 0.5), aspect=aspect), clips)[:, 0, 0]
        side = masks.any(dim=2).sum(dim=1) if aspect[0] > 1 else masks.any(dim=1).sum(dim=1)
        assert (side == (60 if aspect[0] > 1 else 40)).all()
        assert (masks.sum(dim=(1, 2)) == 1200).all()


def test_another_rectangle_in_each_frame() -> None:
    masks = _erased(RandomErasingConfig(probability=1.0, per_frame=True), torch.zeros(3, 8, 1, 64, 44))[:, :, 0]
    assert all(_is_rectangle(mask) for mask in masks.flatten(0, 1))
    frames = masks.flatten(0, 1).flatten(1)
    assert len(frames.unique(dim=0)) == 24


def test_refuses_impossible_rectangles() -> None:
    for options in ({"area": (0.0, 0.2)}, {"area": (0.3, 0.2)}, {"area": (0.3, 1.2)}, {"aspect": (math.nan, 1.0)}):
        with pytest.raises(UsageError, match=rf"augment\.{next(iter(options))} is"):
            RandomErasingConfig(**options)

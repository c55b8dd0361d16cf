"""What the tests of skeleton networks share: a small skeleton, and joints of which some are unseen."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gaitprint.core.skeletons import SKELETONS, Skeleton

# The trunk with two limbs: a - b, b - c, b - d.
STAR = Skeleton("star-4", ("a", "b", "c", "d"), (("a", "b"), ("b", "c"), ("b", "d")), (("c", "d"),))


@pytest.fixture
def star(monkeypatch: pytest.MonkeyPatch) -> Skeleton:
    monkeypatch.setitem(SKELETONS, STAR.name, STAR)
    return STAR


@pytest.fixture
def walks() -> Callable[..., Tensor]:
    """Make joints [B, T, J, 4] with a share unseen, none of it a whole frame."""

    def make(batch: int, frames: int, joints: int, unseen: float = 0.0, seed: int = 5) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        positions = torch.randn(batch, frames, joints, 3, generator=generator)
        confidence = (torch.rand(batch, frames, joints, 1, generator=generator) >= unseen).float()
        confidence[:, :, 0] = 1
        return torch.cat([positions, confidence], dim=-1)

    return make

"""What every augmentation of joints in the table promises."""

from collections.abc import Iterator

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation import AUGMENTATIONS
from gaitprint.data.augmentation.base import Augmentation, build_augmentations

NAMES = [name for name in AUGMENTATIONS if AUGMENTATIONS[name].modality == "joints"]
IN_THE_IMAGE = [name for name in NAMES if name != "joint-yaw"]
# So that no chosen walk stays as it was by chance.
ALWAYS_CHANGES = {"joint-crop": {"frames": (0.3, 0.8)}, "joint-shift": {"frames": 500}}
# What a recipe takes from its input.
NEEDED = {"joint-flip": {"skeleton": "kinect-v1-20"}}


def build(name: str, **options: object) -> Augmentation:
    augmentation_type = AUGMENTATIONS[name]
    options = {"probability": 1.0, **NEEDED.get(name, {}), **options}
    return augmentation_type(augmentation_type.Config(**options))


def seeded(augmentation: Augmentation, batch: torch.Tensor, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    return augmentation(batch)


def make_walks(batch: int = 4, frames: int = 24, axes: int = 3, *, alike: bool = False) -> torch.Tensor:
    """Joints that swing; a few unseen ones; every other walk a quarter shorter, with padding at its end."""
    generator = torch.Generator().manual_seed(1)
    time = torch.arange(frames).view(1, -1, 1, 1)
    rates, places = (torch.rand(batch, 1, 20, axes, generator=generator) + 0.1 for _ in range(2))
    positions = places + 0.3 * torch.sin(rates * time)
    confidence = (torch.rand(batch, frames, 20, 1, generator=generator) > 0.05).float() * 0.9
    walks = torch.cat([positions, confidence], dim=-1) * (confidence > 0)
    walks[::2, frames - frames // 4 :] = 0
    return walks[:1].expand_as(walks).clone() if alike else walks


@pytest.fixture(autouse=True)
def _keep_random_state() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        yield


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_gives_what_it_was_given(name: str, axes: int, dtype: torch.dtype) -> None:
    if axes == 2 and name not in IN_THE_IMAGE:
        return
    walks = make_walks(axes=axes).to(dtype)
    before = walks.clone()
    changed = seeded(build(name), walks)
    assert changed.shape == walks.shape
    assert changed.dtype == dtype
    assert torch.equal(walks, before)
    assert not torch.equal(changed, walks)
    exact = seeded(build(name), walks.double())
    torch.testing.assert_close(changed.double(), exact, rtol=0, atol=0.03 if dtype == torch.bfloat16 else 1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_unseen_is_made_up_and_padding_stays_padding(name: str) -> None:
    walks = make_walks(8)
    padding = (walks[..., 3] == 0).all(dim=2)
    # Some tracker left places that mean nothing.
    walks[..., :3] = torch.where(walks[..., 3:] > 0, walks[..., :3], 77.0)
    changed = seeded(build(name), walks)
    assert (changed[padding] == 0).all()
    assert (changed[changed[..., 3] == 0] == 0).all()
    assert changed.abs().max() < 10
    assert ((changed[..., 3] == 0) | (changed[..., 3] == 0.9)).all()
    assert changed[..., 3].sum() <= walks[..., 3].sum() * 1.1


@pytest.mark.parametrize("name", NAMES)
def test_never_or_seldom_chosen_walks_are_the_same_to_the_bit(name: str) -> None:
    walks = make_walks(300, 8, alike=True)
    walks[..., :3] = torch.where(walks[..., 3:] > 0, walks[..., :3], -0.0)
    options = ALWAYS_CHANGES.get(name, {})
    never = seeded(build(name, probability=0.0, **options), walks)
    assert torch.equal(never.view(torch.int32), walks.view(torch.int32))
    always, sometimes = seeded(build(name, **options), walks), seeded(build(name, probability=0.3, **options), walks)
    chosen = (sometimes != walks).flatten(1).any(dim=1)
    assert torch.equal(sometimes[chosen], always[chosen])
    assert 0.2 < chosen.float().mean() < 0.4


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name: str) -> None:
    augmentation, walks = build(name, probability=0.7), make_walks()
    assert torch.equal(seeded(augmentation, walks, 1), seeded(augmentation, walks, 1))
    others = [seeded(augmentation, walks, seed) for seed in range(2, 6)]
    assert any(not torch.equal(seeded(augmentation, walks, 1), other) for other in others)


@pytest.mark.parametrize("name", NAMES)
def test_draws_as_many_numbers_whatever_the_values(name: str) -> None:
    states, walks = [], make_walks()
    for batch, probability in ((walks, 1.0), (torch.ones_like(walks), 0.2), (torch.zeros_like(walks), 0.0)):
        seeded(build(name, probability=probability), batch)
        states.append(torch.get_rng_state())
    assert torch.equal(states[0], states[1])
    assert torch.equal(states[0], states[2])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "joint-flip"])
def test_every_walk_is_changed_in_its_own_way(name: str) -> None:
    changed = seeded(build(name, **ALWAYS_CHANGES.get(name, {})), make_walks(6, 600, alike=True)).flatten(1)
    differ = (changed[:, None] != changed).any(dim=2)
    assert (differ | torch.eye(6, dtype=torch.bool)).all()


@pytest.mark.parametrize("name", NAMES)
def test_nobody_stays_nobody_and_one_frame_is_enough(name: str) -> None:
    nobody = torch.zeros(3, 9, 20, 4)
    assert torch.equal(seeded(build(name), nobody), nobody)
    changed = seeded(build(name), make_walks(3, 1))
    assert changed.shape == (3, 1, 20, 4)
    assert torch.isfinite(changed).all()


@pytest.mark.parametrize("name", NAMES)
def test_wrong_options_and_batches_are_refused(name: str) -> None:
    for probability in (-0.1, 1.1):
        with pytest.raises(UsageError, match=r"augment\.probability is .*, must be in 0\.\.1"):
            build_augmentations([{"name": name, "probability": probability}])
    with pytest.raises(UsageError, match=r"unknown key 'augment\.probabilty' \(did you mean 'probability'\?\)"):
        build_augmentations([{"name": name, "probabilty": 1}])
    walks = make_walks()
    for wrong in (walks[0], walks[..., :2], walks.to(torch.int64), torch.zeros(2, 5, 1, 64, 44)):
        with pytest.raises(UsageError, match=r"need joints \[B, T, J, 3 or 4\] as floating point"):
            build(name)(wrong)


def test_a_chain_is_applied_in_its_order() -> None:
    walks = make_walks()
    flip = {"name": "joint-flip", "probability": 1.0, **NEEDED["joint-flip"]}
    choices = [{"name": "joint-yaw", "probability": 1.0, "degrees": 90}, flip]
    together = seeded(build_augmentations(choices), walks)
    torch.manual_seed(0)
    assert torch.equal(together, build("joint-flip")(build("joint-yaw", degrees=90.0)(walks)))
    assert not torch.equal(together, seeded(build_augmentations(choices[::-1]), walks))

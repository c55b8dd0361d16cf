"""What every augmentation of silhouettes in the table promises."""

from collections.abc import Callable, Iterator

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation import AUGMENTATIONS
from gaitprint.data.augmentation.base import Augmentation, build_augmentations

NAMES = [name for name in AUGMENTATIONS if AUGMENTATIONS[name].modality == "silhouettes"]
# Frame dropout refuses gait energy images; its own test says so.
ON_ENERGY_IMAGES = [name for name in NAMES if name != "frame-dropout"]

Clips = Callable[..., torch.Tensor]


def build(name: str, **options: object) -> Augmentation:
    augmentation_type = AUGMENTATIONS[name]
    return augmentation_type(augmentation_type.Config(**{"probability": 1.0, **options}))


def seeded(augmentation: Augmentation, batch: torch.Tensor, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    return augmentation(batch)


@pytest.fixture(autouse=True)
def _keep_random_state() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        yield


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", NAMES)
def test_gives_what_it_was_given(name: str, dtype: torch.dtype, clips: torch.Tensor) -> None:
    clips = clips.to(dtype)
    before = clips.clone()
    changed = seeded(build(name), clips)
    assert changed.shape == clips.shape
    assert changed.dtype == dtype
    assert changed.min() >= -1
    assert changed.max() <= 1
    assert torch.equal(clips, before)
    assert not torch.equal(changed, clips)
    # The same change in any precision, up to its rounding.
    exact = seeded(build(name), clips.double())
    torch.testing.assert_close(changed.double(), exact, rtol=0, atol=0.004 if dtype.itemsize == 2 else 1e-4)


@pytest.mark.parametrize("name", ON_ENERGY_IMAGES)
def test_gait_energy_images_are_clips_of_one_frame(name: str, clips: torch.Tensor) -> None:
    images = clips.mean(dim=1)  # [B, 1, H, W]
    changed = seeded(build(name), images)
    assert changed.shape == images.shape
    assert not torch.equal(changed, images)
    assert torch.equal(changed, seeded(build(name), images.unsqueeze(1)).squeeze(1))


@pytest.mark.parametrize("name", NAMES)
def test_never_or_seldom_chosen_clips_are_the_same_to_the_bit(name: str, clips_of: Clips) -> None:
    clips = clips_of(200, 3, 32, 22, alike=True)
    # All frames but one, so that no chosen clip stays as it was by chance.
    options = {"frames": 1.0} if name == "frame-dropout" else {}
    assert torch.equal(seeded(build(name, probability=0.0, **options), clips), clips)
    always, sometimes = seeded(build(name, **options), clips), seeded(build(name, probability=0.3, **options), clips)
    chosen = (sometimes != clips).flatten(1).any(dim=1)
    assert torch.equal(sometimes[chosen], always[chosen])
    assert 0.2 < chosen.float().mean() < 0.4


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name: str, clips: torch.Tensor) -> None:
    augmentation = build(name, probability=0.7)
    assert torch.equal(seeded(augmentation, clips, 1), seeded(augmentation, clips, 1))
    others = [seeded(augmentation, clips, seed) for seed in range(2, 6)]
    assert any(not torch.equal(seeded(augmentation, clips, 1), other) for other in others)


@pytest.mark.parametrize("name", NAMES)
def test_draws_as_many_numbers_whatever_the_values(name: str, clips: torch.Tensor) -> None:
    states = []
    for batch, probability in ((clips, 1.0), (-clips, 0.2), (torch.full_like(clips, -1), 0.0)):
        seeded(build(name, probability=probability), batch)
        states.append(torch.get_rng_state())
    assert torch.equal(states[0], states[1])
    assert torch.equal(states[0], states[2])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "flip"])
def test_every_walk_is_changed_in_its_own_way(name: str, clips_of: Clips) -> None:
    options = {"frames": 0.5} if name == "frame-dropout" else {}
    changed = seeded(build(name, **options), clips_of(8, 16, alike=True)).flatten(1)
    differ = (changed[:, None] != changed).any(dim=2)
    assert (differ | torch.eye(8, dtype=torch.bool)).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_that_stands_still_goes_on_standing_still(name: str, clips_of: Clips) -> None:
    still = clips_of(4, 1).expand(-1, 5, -1, -1, -1)
    changed = seeded(build(name), still)
    assert torch.equal(changed, changed[:, :1].expand_as(changed))


@pytest.mark.parametrize("name", NAMES)
def test_nobody_stays_nobody(name: str, clips: torch.Tensor) -> None:
    nobody = torch.full_like(clips, -1)
    assert torch.equal(seeded(build(name), nobody), nobody)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_brighter_than_a_person(name: str) -> None:
    changed = seeded(build(name), torch.ones(50, 2, 1, 64, 44))
    assert -1 <= changed.min() <= changed.max() <= 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(1, 1), (2, 7), (9, 3), (128, 88)])
def test_frames_of_any_size(name: str, size: tuple[int, int], clips_of: Clips) -> None:
    clips = torch.linspace(-1, 1, 2 * 2 * size[0] * size[1]).view(2, 2, 1, *size)
    changed = seeded(build(name), clips)
    assert changed.shape == clips.shape
    assert changed.abs().max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_wrong_options_and_batches_are_refused(name: str, clips: torch.Tensor) -> None:
    for probability in (-0.1, 1.1):
        with pytest.raises(UsageError, match=r"augment\.probability is .*, must be in 0\.\.1"):
            build_augmentations([{"name": name, "probability": probability}])
    with pytest.raises(UsageError, match=r"unknown key 'augment\.probabilty' \(did you mean 'probability'\?\)"):
        build_augmentations([{"name": name, "probabilty": 1}])
    for wrong in (clips[0, 0, 0], clips.expand(-1, -1, 3, -1, -1), clips.to(torch.uint8)):
        with pytest.raises(UsageError, match="need silhouettes"):
            build(name)(wrong)


def test_a_chain_is_applied_in_its_order(clips: torch.Tensor) -> None:
    choices = [{"name": "rotation", "probability": 1.0, "degrees": 20}, {"name": "flip", "probability": 1.0}]
    together = seeded(build_augmentations(choices), clips)
    torch.manual_seed(0)
    one_by_one = build("flip")(build("rotation", degrees=20.0)(clips))
    assert torch.equal(together, one_by_one)
    assert not torch.equal(together, seeded(build_augmentations(choices[::-1]), clips))
    assert build_augmentations([])(clips) is clips


def test_names_are_listed_and_explained() -> None:
    assert len(AUGMENTATIONS) >= 9
    for name in AUGMENTATIONS:
        assert AUGMENTATIONS[name].__doc__
    with pytest.raises(UsageError, match="did you mean 'rotation'"):
        build_augmentations([{"name": "rotatoin"}])

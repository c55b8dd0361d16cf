"""What every augmentation of pictures promises: after it, a joint still is where it is said to be."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gaitprint.core.errors import UsageError
from gaitprint.core.skeletons import MPII_16
from gaitprint.data.pose_augmentation import POSE_AUGMENTATIONS
from gaitprint.data.pose_augmentation.base import build_pose_augmentations

R = 96
ALWAYS = {"probability": 1.0}
NAMES = sorted(POSE_AUGMENTATIONS)


def _dots(batch: int = 6, spread: float = 20.0) -> tuple[Tensor, Tensor]:
    """Grey pictures with a smooth bright dot at each joint, joints at random places, far apart.

    The dots of left joints are twice as wide as those of right ones, so that exchanged names would show.
    """
    draw = torch.Generator().manual_seed(3)
    grid = torch.stack(torch.meshgrid(torch.arange(4), torch.arange(4), indexing="xy"), dim=-1).reshape(16, 2)
    places = grid * 22.0 + 15 + (torch.rand(batch, 16, 2, generator=draw) - 0.5) * 6
    centres = torch.arange(R) + 0.5
    wide = torch.tensor([2.0 if name.startswith("left") else 1.2 for name in MPII_16.joints])[:, None, None]
    dx = centres[None, None, None, :] - places[..., 0][..., None, None]
    dy = centres[None, None, :, None] - places[..., 1][..., None, None]
    image = torch.exp(-(dx**2 + dy**2) / (2 * wide**2)).amax(dim=1)  # [B, R, R]
    images = (image * 1.4 - 0.7)[:, None].expand(-1, 3, -1, -1).contiguous()
    return images, torch.cat([places, torch.ones(batch, 16, 1)], dim=-1)


def _run(name: str, images: Tensor, joints: Tensor, seed: int = 0, **options: Any) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    return build_pose_augmentations([{"name": name, **ALWAYS, **options}])(images, joints)


def _centre_of_dot(image: Tensor, x: float, y: float, reach: int) -> Tensor:
    """Brightness-weighted middle of a window around a place, in pixels whose centres lie at halves."""
    left, top = int(x) - reach, int(y) - reach
    window = image[max(top, 0) : top + 2 * reach + 1, max(left, 0) : left + 2 * reach + 1].double()
    weight = (window - window.median()).clamp(min=0) ** 2
    rows = torch.arange(max(top, 0), max(top, 0) + len(window)) + 0.5
    columns = torch.arange(max(left, 0), max(left, 0) + window.shape[1]) + 0.5
    return torch.stack([(weight.sum(0) * columns).sum(), (weight.sum(1) * rows).sum()]) / weight.sum()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, {}) for name in NAMES if name not in ("picture-occlusion", "picture-noise")),
        ("picture-affine", {"degrees": 180.0}),
        ("picture-affine", {"degrees": 0.0, "scale": (1.6, 1.8), "shift": 0.3}),
        ("picture-noise", {"deviation": 0.02}),
    ],
)
def test_each_dot_stays_at_its_joint(name: str, options: dict[str, Any]) -> None:
    images, joints = _dots()
    changed, moved = _run(name, images, joints, **options)
    tolerance = 1.2 if name == "picture-resolution" else 0.4  # squares of up to three pixels
    checked = 0
    for picture, places in zip(changed.mean(dim=1), moved, strict=True):
        for x, y, confidence in places.tolist():
            if confidence == 0 or min(x, y) < 6 or max(x, y) > R - 6:
                continue
            found = _centre_of_dot(picture, x, y, 4)
            assert (found - torch.tensor([x, y])).norm() < tolerance
            checked += 1
    assert checked > 25


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_pictures_and_nothing_is_changed_in_place(name: str) -> None:
    images, joints = _dots()
    before = images.clone(), joints.clone()
    first, again, other = (_run(name, images, joints, seed) for seed in (1, 1, 2))
    assert torch.equal(images, before[0])
    assert torch.equal(joints, before[1])
    for one, two in zip(first, again, strict=True):
        assert torch.equal(one, two)
    assert not torch.equal(first[0], other[0]) or name == "picture-flip"
    assert first[0].shape == images.shape
    assert first[1].shape == joints.shape
    assert first[0].dtype == first[1].dtype == torch.float32
    assert first[0].abs().max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_changed_one_by_one(name: str) -> None:
    images, joints = _dots(batch=40)
    torch.manual_seed(0)
    some = build_pose_augmentations([{"name": name, "probability": 0.5}])
    changed, moved = some(images, joints)
    same = (changed == images).flatten(1).all(dim=1)
    assert 8 < same.sum() < 32
    assert torch.equal(moved[same], joints[same])
    torch.manual_seed(0)
    never, there = build_pose_augmentations([{"name": name, "probability": 0.0}])(images, joints)
    assert torch.equal(never, images)
    assert torch.equal(there, joints)
    # Every picture its own way: the same picture twice becomes two.
    twice = images[:1].expand(8, -1, -1, -1).contiguous(), joints[:1].expand(8, -1, -1).contiguous()
    changed, _ = _run(name, *twice)
    assert name == "picture-flip" or len({tuple(picture.flatten().tolist()) for picture in changed}) == 8


@pytest.mark.parametrize("name", NAMES)
def test_unknown_joints_stay_unknown(name: str) -> None:
    images, joints = _dots()
    joints[:, ::3, 2] = 0
    _, moved = _run(name, images, joints)
    assert (moved[..., 2] > 0).sum() <= (joints[..., 2] > 0).sum()
    if name == "picture-flip":
        joints = joints[:, torch.from_numpy(MPII_16.mirror_indices)]
    assert (moved[..., 2][joints[..., 2] == 0] == 0).all()


def test_flipping_exchanges_left_and_right() -> None:
    images, joints = _dots()
    changed, moved = _run("picture-flip", images, joints)
    assert torch.equal(changed, images.flip(-1))
    left, right = MPII_16.index("left_knee"), MPII_16.index("right_knee")
    assert torch.equal(moved[:, left, 0], R - joints[:, right, 0])
    assert torch.equal(moved[:, left, 1], joints[:, right, 1])
    pelvis = MPII_16.index("pelvis")
    assert torch.equal(moved[:, pelvis, 0], R - joints[:, pelvis, 0])


def test_a_joint_that_leaves_the_picture_is_unknown() -> None:
    images, joints = _dots()
    _, moved = _run("picture-affine", images, joints, degrees=0.0, scale=(2.0, 2.0), shift=0.0)
    far = ((joints[..., :2] - R / 2).abs() > R / 4).any(dim=-1)
    assert torch.equal(moved[..., 2] == 0, far)
    torch.testing.assert_close(moved[..., :2], (joints[..., :2] - R / 2) * 2 + R / 2)


def test_turning_is_what_opencv_does() -> None:
    import cv2
    import numpy as np

    images, joints = _dots(batch=1)
    torch.manual_seed(5)
    torch.rand(1)
    drawn = torch.rand(1, 4)
    changed, moved = _run("picture-affine", images, joints, seed=5, degrees=40.0)
    degrees = float((drawn[0, 0] * 2 - 1) * 40)
    scale = float(0.75 + 0.5 * drawn[0, 1])
    right, down = ((drawn[0, 2:] * 2 - 1) * 0.1 * R).tolist()
    # OpenCV turns counter-clockwise, and counts pixels from their centres.
    matrix = cv2.getRotationMatrix2D((R / 2 - 0.5, R / 2 - 0.5), -degrees, scale)
    matrix[:, 2] += (right, down)
    expected = cv2.warpAffine(images[0, 0].numpy(), matrix, (R, R), borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(expected - changed[0, 0].numpy()).max() < 0.05  # it rounds places to 1/32 of a pixel
    places = (joints[0, :, :2].numpy() - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5
    np.testing.assert_allclose(moved[0, :, :2].numpy(), places, atol=1e-3)


@pytest.mark.parametrize("left", [1, 17, 40, 95, 96])
@pytest.mark.parametrize("smooth", [True, False])
def test_resampling_is_what_torch_does(left: int, smooth: bool) -> None:
    from torch.nn import functional

    from gaitprint.data.pose_augmentation.resolution import resampling

    image = torch.rand(1, 1, R, R, generator=torch.Generator().manual_seed(left))
    small = functional.interpolate(image, (left, left), mode="bilinear", antialias=True)
    mode = {"mode": "bilinear", "align_corners": False} if smooth else {"mode": "nearest-exact"}
    expected = functional.interpolate(small, (R, R), **mode)
    rows = resampling(R, torch.tensor([float(left)]), torch.tensor([smooth]))
    torch.testing.assert_close(rows @ image[0] @ rows.mT, expected[0], atol=1e-4, rtol=0)


def test_colour_of_a_grey_picture_stays_grey_without_tint() -> None:
    images, joints = _dots()
    changed, same = _run("picture-colour", images, joints, tint=0.0, brightness=0.0, contrast=0.0)
    torch.testing.assert_close(changed, images, atol=1e-6, rtol=0)
    assert torch.equal(same, joints)


def test_colour_by_hand() -> None:
    images, joints = _dots(batch=1)
    images = images * torch.tensor([0.5, 0.9, 0.2]).view(3, 1, 1)
    torch.manual_seed(9)
    torch.rand(1)
    b, c, s, *tint = (torch.rand(1, 6, 1, 1, 1).flatten() * 2 - 1) * torch.tensor([0.4, 0.4, 0.4, 0.1, 0.1, 0.1]) + 1
    pixels = [(images[0, k] + 1) / 2 * b * tint[k] for k in range(3)]
    grey = 0.299 * pixels[0] + 0.587 * pixels[1] + 0.114 * pixels[2]
    mean = grey.mean()
    expected = [mean + (grey + (pixel - grey) * s - mean) * c for pixel in pixels]
    changed, _ = _run("picture-colour", images, joints, seed=9)
    torch.testing.assert_close(changed[0], (torch.stack(expected) * 2 - 1).clamp(-1, 1))


def test_noise_is_as_strong_as_it_says() -> None:
    images = torch.zeros(200, 3, R, R)
    changed, _ = _run("picture-noise", images, torch.zeros(200, 16, 3), deviation=0.1)
    deviations = changed.std(dim=(1, 2, 3)) / 2
    assert 0.095 < deviations.max() < 0.101
    assert deviations.min() < 0.01


def test_boxes_cover_as_much_as_they_should() -> None:
    images = torch.full((50, 3, R, R), 2.0)
    changed, _ = _run("picture-occlusion", images, torch.zeros(50, 16, 3), boxes=1, side=(0.25, 0.25))
    covered = (changed < 1.5).all(dim=1)
    assert (covered.flatten(1).sum(dim=1) == (R // 4) ** 2).all()
    assert len({tuple(picture[:, mask][:, 0].tolist()) for picture, mask in zip(changed, covered, strict=True)}) == 50


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"name": "picture-flipp"}, "unknown augmentation of pictures 'picture-flipp' .*'picture-flip'"),
        ({"name": "picture-flip", "probability": 2}, r"augment\.probability is 2"),
        ({"name": "picture-affine", "scale": [0, 1]}, r"augment\.scale"),
        ({"name": "picture-affine", "degree": 1}, "'degrees'"),
        ({"name": "picture-noise", "deviation": -1}, r"augment\.deviation"),
        ({"name": "picture-occlusion", "boxes": 0}, r"augment\.boxes is 0"),
        ({"name": "picture-resolution", "scale": [0.5, 1.5]}, r"augment\.scale"),
        ({"name": "picture-colour", "tint": 1.5}, r"augment\.tint"),
    ],
)
def test_refuses_in_one_line(choice: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        build_pose_augmentations([choice])
    assert "\n" not in str(caught.value)

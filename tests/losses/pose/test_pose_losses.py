"""Targets and losses of heat maps against loops that follow their definitions cell by cell."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gaitprint.core.errors import UsageError
from gaitprint.losses.pose import POSE_LOSSES
from gaitprint.losses.pose.heat_map_cross_entropy import heat_map_cross_entropy
from gaitprint.losses.pose.heat_map_squared_error import heat_map_squared_error
from gaitprint.losses.pose.targets import disks, gaussians
from gaitprint.losses.pose.weighted_sum import PoseLosses
from gaitprint.models.pose.heat_maps import GaussianBlur, locate

M = 34


def _places(batch: int = 3, joints: int = 16, size: int = M) -> Tensor:
    return torch.rand(batch, joints, 2, generator=torch.Generator().manual_seed(1)) * size


def _logits(batch: int = 3, joints: int = 16, size: int = M) -> Tensor:
    draw = torch.Generator().manual_seed(2)
    return (torch.randn(batch, joints, size, size, generator=draw) * 3).requires_grad_()


def test_a_disk_on_whole_cells_is_the_published_mask() -> None:
    """A mask of 15 x 15 cells: those at most 7.5 from the middle one; its corner 7 above and left of the joint."""
    size, column, row = 289, 120, 33
    expected = np.zeros((size, size), np.float32)
    for y in range(-7, 8):
        for x in range(-7, 8):
            expected[row + y, column + x] = x * x + y * y <= 7.5**2
    drawn = disks(torch.tensor([[[float(column), float(row)]]]), size)
    np.testing.assert_array_equal(drawn[0, 0].numpy(), expected)
    # A joint at the border has the part of the disk that is inside; one beyond has what reaches in.
    border = disks(torch.tensor([[[0.0, 0.0], [-3.0, 288.0]]]), size)[0]
    np.testing.assert_array_equal(border[0].numpy()[:8, :8], expected[row : row + 8, column : column + 8])
    assert border[0].sum() == expected[row : row + 8, column : column + 8].sum()
    assert border[1].sum() == expected[row - 7 : row + 1, column + 3 : column + 8].sum()


def test_targets_are_what_a_loop_draws() -> None:
    places = _places(2, 3)
    disk, gaussian = disks(places, M, 40.0), gaussians(places, M, 12.0)
    radius, deviation = 20.0 * M / 289, 12.0 * M / 289
    for sample in range(2):
        for joint in range(3):
            column, row = places[sample, joint].tolist()
            for y in range(M):
                for x in range(M):
                    distance = math.hypot(x - column, y - row)
                    assert disk[sample, joint, y, x] == float(distance <= radius)
                    expected = math.exp(-(distance**2) / (2 * deviation**2))
                    assert gaussian[sample, joint, y, x] == pytest.approx(expected, abs=1e-5)


def test_where_a_target_is_drawn_the_joint_is_found() -> None:
    """The middle of a target, as networks decode it, is the cell next to the joint, on maps of both sizes."""
    for size, blur in ((289, GaussianBlur(15, 0.7)), (68, GaussianBlur(5, 1.0))):
        places = _places(2, 16, 1) * (size - 20) + 10
        for drawn in (disks(places, size), gaussians(places, size)):
            found, _ = locate(drawn, blur)
            assert (found - places).abs().max() < 0.7
            assert (found - places).mean().abs() < 0.15


def test_cross_entropy_is_what_a_loop_sums() -> None:
    logits, places = _logits(1, 2, 6).detach().double(), _places(1, 2, 6)
    truth = disks(places, 6, 100.0).double()
    expected = np.zeros((1, 2))
    for joint in range(2):
        for y in range(6):
            for x in range(6):
                probability = 1 / (1 + math.exp(-float(logits[0, joint, y, x])))
                right = probability if truth[0, joint, y, x] else 1 - probability
                expected[0, joint] -= math.log(right)
    np.testing.assert_allclose(heat_map_cross_entropy(logits, places, 100.0).numpy(), expected, rtol=1e-6)


def test_squared_error_is_what_a_loop_sums() -> None:
    logits, places = _logits(1, 2, 6).detach().double(), _places(1, 2, 6)
    truth = gaussians(places, 6, 50.0).double()
    expected = np.zeros((1, 2))
    for joint in range(2):
        for y in range(6):
            for x in range(6):
                probability = 1 / (1 + math.exp(-float(logits[0, joint, y, x])))
                expected[0, joint] += (probability - float(truth[0, joint, y, x])) ** 2
    np.testing.assert_allclose(heat_map_squared_error(logits, places, 50.0).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("name", sorted(POSE_LOSSES))
def test_only_known_joints_count(name: str) -> None:
    joints = torch.cat([_places() * 4, torch.ones(3, 16, 1)], dim=-1)
    joints[0, 3:] = torch.tensor([1e9, -1e9, 0.0])  # where an unknown joint is said to be does not matter
    joints[1] *= torch.tensor([1.0, 1.0, 0.5])  # seen, if not surely
    losses = PoseLosses([{"name": name}], resolution=4 * M)
    logits = _logits()
    total, figures = losses(logits, joints)
    total.backward()
    assert logits.grad is not None
    assert logits.grad[0, 3:].abs().max() == 0
    assert (logits.grad[0, :3].flatten(1).abs().amax(dim=1) > 0).all()
    assert (logits.grad[1:].flatten(2).abs().amax(dim=2) > 0).all()
    known = joints[..., 2] > 0
    (loss,) = losses.losses
    each = loss(logits.detach(), joints[..., :2] / 4)
    assert float(total.detach()) == pytest.approx(float(each[known].mean()), rel=1e-6)
    assert figures == {name: total.detach()}
    nothing, _ = losses(_logits(), joints * torch.tensor([1.0, 1.0, 0.0]))
    assert nothing.detach() == 0


@pytest.mark.parametrize("name", sorted(POSE_LOSSES))
def test_half_precision_and_the_right_answer(name: str) -> None:
    places = _places()
    joints = torch.cat([places, torch.ones(3, 16, 1)], dim=-1)
    losses = PoseLosses([{"name": name}], resolution=M)
    exact, _ = losses(_logits().detach().bfloat16().float(), joints)
    half, _ = losses(_logits().detach().bfloat16(), joints)
    assert half.dtype == torch.float32
    assert float(half) == pytest.approx(float(exact), rel=1e-6)
    right = (disks(places, M) if name.endswith("entropy") else gaussians(places, M)).clamp(1e-6, 1 - 1e-6).logit()
    assert float(losses(right, joints)[0]) < 0.01
    assert float(losses(right.roll(5, dims=-1), joints)[0]) > 1


def test_a_weighted_sum_of_two() -> None:
    choices: list[dict[str, Any]] = [
        {"name": name, "weight": weight} for name, weight in zip(POSE_LOSSES, (2, 0.5), strict=True)
    ]
    joints = torch.cat([_places(), torch.ones(3, 16, 1)], dim=-1)
    total, figures = PoseLosses(choices, M)(_logits(), joints)
    assert list(figures) == list(POSE_LOSSES)
    first, second = figures.values()
    assert float(total.detach()) == pytest.approx(float(2 * first + 0.5 * second), rel=1e-6)


def test_shares_of_a_batch_add_up() -> None:
    """Two processes with unlike numbers of known joints: the mean of their losses is that of the whole batch."""
    joints = torch.cat([_places(4), torch.ones(4, 16, 1)], dim=-1)
    joints[0, 2:, 2] = 0
    logits = _logits(4).detach()
    losses = PoseLosses([{"name": "heat-map-cross-entropy"}], M)
    whole, _ = losses(logits, joints)
    mean = (joints[..., 2] > 0).sum() / 2
    parts = [losses(logits[half], joints[half], lambda _: mean)[0] for half in (slice(0, 2), slice(2, 4))]
    assert float(sum(parts) / 2) == pytest.approx(float(whole), rel=1e-6)


def test_refuses_unknown_options() -> None:
    with pytest.raises(UsageError, match="'diameter'"):
        PoseLosses([{"name": "heat-map-cross-entropy", "diametre": 3}], M)
    with pytest.raises(UsageError, match=r"loss\.deviation is 0"):
        PoseLosses([{"name": "heat-map-squared-error", "deviation": 0}], M)

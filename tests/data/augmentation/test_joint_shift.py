import numpy as np
import torch

from gaitprint.data.augmentation.joint_shift import JointShift, JointShiftConfig


def drawn_shifts(ends: str) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    walks = torch.rand(300, 20, 4, 4) + 0.1
    walks[150:, 15:] = 0
    return walks, JointShift(JointShiftConfig(probability=1.0, frames=3, ends=ends))(walks)


def test_circular_is_a_roll_of_the_walk_without_its_padding() -> None:
    found = set()
    for number, (walk, shifted) in enumerate(zip(*drawn_shifts("circular"), strict=True)):
        length = 20 if number < 150 else 15
        rolls = [
            shift for shift in range(-3, 4) if np.array_equal(np.roll(walk[:length], shift, axis=0), shifted[:length])
        ]
        assert len(rolls) == 1
        found.add(rolls[0])
        assert (shifted[length:] == 0).all()
    assert found == set(range(-3, 4))


def test_leaves_the_place_empty() -> None:
    found = set()
    for number, (walk, shifted) in enumerate(zip(*drawn_shifts("unseen"), strict=True)):
        length = 20 if number < 150 else 15
        expected = {}
        for shift in range(-3, 4):
            expected[shift] = torch.zeros_like(walk)
            for frame in range(length):
                if 0 <= frame - shift < length:
                    expected[shift][frame] = walk[frame - shift]
        (shift,) = [shift for shift, result in expected.items() if torch.equal(result, shifted)]
        found.add(shift)
    assert found == set(range(-3, 4))


def test_a_circular_shift_makes_a_body_jump() -> None:
    """Why it is not the default: the step from the last frame to the first is none that anybody takes."""
    time = torch.arange(60) / 30
    walks = torch.ones(50, 60, 1, 4)
    walks[..., 0, :3] = (0.3 * torch.sin(2 * np.pi * 0.8 * time))[:, None]  # 1.6 cycles
    torch.manual_seed(0)
    fastest = walks[..., 0, 0].diff(dim=1).abs().max()
    for ends, jumps in (("circular", True), ("unseen", False)):
        shifted = JointShift(JointShiftConfig(probability=1.0, ends=ends))(walks)
        seen = (shifted[:, 1:, 0, 3] > 0) & (shifted[:, :-1, 0, 3] > 0)
        steps = shifted[..., 0, 0].diff(dim=1).abs() * seen
        assert bool(steps.max() > 2 * fastest) == jumps

import numpy as np
import pytest

from gaitprint.core.heading import moving_average, walking_direction

RATE = 30.0


def legs_of(direction: np.ndarray, swing_m: float = 0.3) -> np.ndarray:
    """A pair of legs on a spot that swing along a direction [T], knees bent forward, ankles 0.1 m apart."""
    frames = len(direction)
    ahead = np.stack([np.sin(direction), np.zeros(frames), np.cos(direction)], axis=-1)
    right = np.stack([np.cos(direction), np.zeros(frames), -np.sin(direction)], axis=-1)
    phase = 2 * np.pi * np.arange(frames) / RATE
    legs = np.zeros((frames, 2, 3, 3))
    for side, sign in enumerate((-1, 1)):
        sway = swing_m * np.sin(phase + side * np.pi)[:, None] * ahead
        legs[:, side, 0] = 0.1 * sign * right + [0, 0.9, 0]
        legs[:, side, 2] = 0.05 * sign * right + sway
        legs[:, side, 1] = (legs[:, side, 0] + legs[:, side, 2]) / 2 + 0.04 * ahead
    return legs.astype(np.float32)


def difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs((a - b + np.pi) % (2 * np.pi) - np.pi)


@pytest.mark.parametrize("degrees", [0, 45, 90, 135, 180, 270])
@pytest.mark.parametrize("facing_degrees", [0, 90])
def test_the_legs_decide_whatever_the_hips_say(degrees: int, facing_degrees: int) -> None:
    direction = np.full(90, np.radians(degrees))
    found = walking_direction(legs_of(direction), np.full(90, np.radians(facing_degrees), np.float32), RATE)
    assert difference(found, direction).max() < np.radians(4)


def test_a_turn_is_followed() -> None:
    direction = np.linspace(0, np.pi, 300)
    found = walking_direction(legs_of(direction), np.zeros(300, np.float32), RATE)
    assert difference(found, direction)[30:-30].max() < np.radians(8)


def test_who_walks_back_is_seen_to() -> None:
    direction = np.repeat([np.pi / 2, -np.pi / 2], 150)
    found = walking_direction(legs_of(direction), np.zeros(300, np.float32), RATE)
    assert difference(found[:120], direction[:120]).max() < np.radians(4)
    assert difference(found[-120:], direction[-120:]).max() < np.radians(4)


def test_who_stands_faces_where_the_hips_do() -> None:
    facing = np.full(60, 0.7, np.float32)
    still = np.repeat(legs_of(np.zeros(1)), 60, axis=0)
    assert difference(walking_direction(still, facing, RATE), facing).max() < 1e-6


def test_moving_average_agrees_with_a_loop() -> None:
    values = np.random.default_rng(0).normal(size=(20, 3))
    for window in (1, 2, 5, 50):
        expected = [values[max(0, t - (window - 1) // 2) : t + window // 2 + 1].mean(axis=0) for t in range(20)]
        assert np.allclose(moving_average(values, window), expected)

"""Ratios of attention against loops over every head, frame and joint."""

import numpy as np
import pytest

from gaitprint.evaluation.attention_ratios import (
    frame_ratios,
    joint_ratios,
    key_moments,
    lay_out,
    pair_ratios,
    strongest_pairs,
)


def _maps(rng: np.random.Generator, seen: np.ndarray, heads: int) -> np.ndarray:
    """Random rows that sum to 1 over what was seen; 0 in rows and columns of the rest: [..., heads, L, L]."""
    length = seen.shape[-1]
    weights = rng.random((*seen.shape[:-1], heads, length, length)) * seen[..., None, None, :]
    total = weights.sum(axis=-1, keepdims=True)
    return (weights / np.where(total > 0, total, 1) * seen[..., None, :, None]).astype(np.float32)


@pytest.fixture
def case() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    seen = rng.random((7, 5)) > 0.3
    seen[:, 3] = False  # a joint that is never seen
    seen[2] = False  # a frame without any
    return _maps(rng, seen, heads=3), seen


def test_joints_and_pairs_agree_with_loops(case) -> None:
    weights, seen = case
    received: dict[int, list[float]] = {}
    given: dict[tuple[int, int], list[float]] = {}
    for t in range(7):
        present = [j for j in range(5) if seen[t, j]]
        for key in present:
            by_query = []
            for query in present:
                by_head = [float(weights[t, head, query, key]) for head in range(3)]
                by_query.append(len(present) * sum(by_head) / 3)
                given.setdefault((query, key), []).append(by_query[-1])
            received.setdefault(key, []).append(sum(by_query) / len(present))
    joints, pairs = joint_ratios(weights, seen), pair_ratios(weights, seen)
    for j in range(5):
        assert np.isnan(joints[j]) if j not in received else joints[j] == pytest.approx(np.mean(received[j]), rel=1e-6)
        for k in range(5):
            if (j, k) in given:
                assert pairs[j, k] == pytest.approx(np.mean(given[j, k]), rel=1e-6)
            else:
                assert np.isnan(pairs[j, k])
    assert np.isnan(joints[3])


def test_frames_agree_with_a_loop() -> None:
    rng = np.random.default_rng(1)
    seen = np.array([True, True, False, True, True, False])
    weights = _maps(rng, seen, heads=2)
    ratios = frame_ratios(weights, seen)
    present = [0, 1, 3, 4]
    for key in range(6):
        if not seen[key]:
            assert np.isnan(ratios[key])
            continue
        total = sum(float(weights[head, query, key]) for head in range(2) for query in present)
        assert ratios[key] == pytest.approx(4 * total / (2 * 4), rel=1e-6)
    assert np.nanmean(ratios) == pytest.approx(1.0, rel=1e-6)


def test_uniform_attention_is_one_whatever_was_seen(case) -> None:
    seen = case[1]
    present = np.maximum(seen.sum(axis=1), 1)[:, None, None]
    uniform = np.repeat((seen[:, :, None] & seen[:, None, :])[:, None] / present[:, None], 4, axis=1)
    for values in (joint_ratios(uniform, seen), pair_ratios(uniform, seen)):
        np.testing.assert_allclose(values[~np.isnan(values)], 1.0)


def test_clips_are_laid_out_along_the_walk() -> None:
    frames = np.array([[3, 4, 5, 5], [0, 1, 2, 3], [9, 9, 9, 9]])
    values = np.array([[1.0, 2.0, 3.0, np.nan], [4.0, np.nan, 6.0, 7.0], [8.0, np.nan, np.nan, np.nan]])
    moments, mean = lay_out(values, frames)
    assert moments.tolist() == [0, 1, 2, 3, 4, 5, 9]
    for moment, value in zip(moments, mean, strict=True):
        known = values[(frames == moment) & ~np.isnan(values)]
        assert np.isnan(value) if not len(known) else value == pytest.approx(sum(known) / len(known))


def test_key_moments_stand_apart_and_out() -> None:
    rng = np.random.default_rng(2)
    moments = np.sort(rng.choice(400, 150, replace=False))
    values = rng.lognormal(0, 0.4, 150)
    values[rng.choice(150, 20, replace=False)] = np.nan
    chosen = key_moments(values, moments, 25, 5, 2)
    assert (len(chosen.highest), len(chosen.lowest)) == (5, 2)
    assert chosen.highest[0] == np.nanargmax(values)
    places = sorted(moments[[*chosen.highest, *chosen.lowest]])
    assert min(np.diff(places)) >= 25
    assert values[chosen.highest].min() >= 1 > values[chosen.lowest].max()
    assert values[chosen.highest].tolist() == sorted(values[chosen.highest], reverse=True)
    # The highest that is left out has one of the chosen near it.
    free = [place for place in range(150) if all(abs(moments[place] - other) >= 25 for other in places)]
    assert not [place for place in free if values[place] > values[chosen.highest[-1]]]


def test_where_there_is_room_for_two_one_of_them_is_low() -> None:
    values = np.array([1.1, 1.5, 1.2, 0.7, 0.6, np.nan])
    chosen = key_moments(values, np.arange(6), 3, 5, 2)
    assert (chosen.highest, chosen.lowest) == ([1], [4])
    assert key_moments(np.full(4, 1.0), np.arange(4), 2, 1, 2) == ([0], [])
    assert key_moments(np.full(4, np.nan), np.arange(4), 2, 1, 2) == ([], [])


def test_strongest_pairs_agree_with_a_loop() -> None:
    rng = np.random.default_rng(3)
    pairs = rng.random((6, 6))
    pairs[2, 4] = pairs[4, 2] = np.nan
    expected = sorted(
        (((pairs[a, b] + pairs[b, a]) / 2, a, b) for a in range(6) for b in range(a + 1, 6) if (a, b) != (2, 4)),
        reverse=True,
    )
    assert strongest_pairs(pairs, 4) == [(a, b, pytest.approx(value)) for value, a, b in expected[:4]]
    assert len(strongest_pairs(pairs, 100)) == 14

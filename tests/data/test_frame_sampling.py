import numpy as np
import pytest

from gaitprint.data.frame_sampling import choose_frames


@pytest.mark.parametrize("sampling", ["uniform", "clip"])
@pytest.mark.parametrize("count", [1, 2, 5, 20])
def test_in_order_and_inside_the_walk(sampling: str, count: int) -> None:
    lengths = np.arange(1, 60)
    frames = choose_frames(lengths, count, sampling, np.random.default_rng(0))
    assert frames.shape == (59, count)
    for length, row in zip(lengths, frames, strict=True):
        assert row.min() >= 0
        assert row.max() < length
        if length < count:
            assert row.tolist() == [*range(length), *[length - 1] * (count - length)]
        elif sampling == "clip":
            assert row.tolist() == list(range(row[0], row[0] + count))
        elif count > 1:
            expected = [int(step * (length - 1) / (count - 1) + 0.5) for step in range(count)]
            assert row.tolist() == expected


def test_clips_start_everywhere_in_training_and_in_the_middle_otherwise() -> None:
    lengths = np.full(2000, 10)
    starts = choose_frames(lengths, 4, "clip", np.random.default_rng(0))[:, 0]
    assert set(starts.tolist()) == set(range(7))
    assert choose_frames(np.array([10]), 4, "clip", None).tolist() == [[3, 4, 5, 6]]


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_clip_takes_every_so_many_frames(stride: int) -> None:
    lengths = np.arange(1, 60)
    frames = choose_frames(lengths, 8, "clip", np.random.default_rng(0), stride=stride)
    for length, row in zip(lengths, frames, strict=True):
        expected = [min(row[0] + stride * step, length - 1) for step in range(8)]
        assert row.tolist() == expected
        if length >= 7 * stride + 1:
            assert row[-1] == row[0] + 7 * stride
        else:
            assert row[0] == 0


def test_random_sets_take_every_frame_before_any_again() -> None:
    lengths = np.arange(1, 60)
    frames = choose_frames(lengths, 20, "random", np.random.default_rng(0))
    assert frames.shape == (59, 20)
    for length, row in zip(lengths.tolist(), frames, strict=True):
        times = np.bincount(row, minlength=length)
        assert len(times) == length
        assert times.max() - times.min() <= 1
        assert (np.diff(row) >= 0).all()
    assert not np.array_equal(frames, choose_frames(lengths, 20, "random", np.random.default_rng(1)))
    many = choose_frames(np.full(4000, 5), 2, "random", np.random.default_rng(2))
    assert np.allclose(np.bincount(many.ravel()) / 4000, 2 / 5, atol=0.03)


def test_random_sets_are_evenly_spaced_without_chance() -> None:
    assert choose_frames(np.array([9, 3]), 5, "random", None).tolist() == [[0, 2, 4, 6, 8], [0, 1, 1, 2, 2]]

import pytest
import torch

from gaitprint.evaluation.copying import BASELINES, nearest_visible_frame, nearest_visible_pixel


def _case(batch: int = 3, frames: int = 7, height: int = 4, width: int = 3, seed: int = 0):
    """Random silhouettes, hidden pixels and, in all clips but the last, hidden frames."""
    generator = torch.Generator().manual_seed(seed)
    truth = torch.rand(batch, frames, 1, height, width, generator=generator)
    hidden = torch.rand(truth.shape, generator=generator) < 0.35
    hidden[:-1, 2:4] = True
    hidden[0, frames - 1] = hidden[1, 0] = True
    hidden[0, [1, 4]] = False  # frames of which nothing is hidden
    hidden[2, :, 0, 0, 0] = True  # a pixel that is never visible
    return truth, hidden


def _nearest(frame: int, allowed: list[int]) -> int | None:
    """Brute force: the nearest allowed frame, the earlier one of two."""
    others = [other for other in allowed if other != frame]
    return min(others, key=lambda other: (abs(other - frame), other), default=None)


def _pixels(shape):
    return [(t, y, x) for t in range(shape[1]) for y in range(shape[3]) for x in range(shape[4])]


@pytest.mark.parametrize("seed", range(3))
def test_nearest_pixel_agrees_with_a_loop(seed: int) -> None:
    truth, hidden = _case(seed=seed)
    guess = nearest_visible_pixel(truth, hidden)
    for b, clip in enumerate(truth[:, :, 0]):
        for t, y, x in _pixels(truth.shape):
            source = _nearest(t, [s for s in range(len(clip)) if not hidden[b, s, 0, y, x]])
            if hidden[b, t, 0, y, x]:
                assert guess[b, t, 0, y, x] == (0 if source is None else clip[source, y, x])


@pytest.mark.parametrize("seed", range(3))
def test_nearest_frame_agrees_with_a_loop(seed: int) -> None:
    truth, hidden = _case(seed=seed)
    guess, by_pixel = nearest_visible_frame(truth, hidden), nearest_visible_pixel(truth, hidden)
    complete = [[t for t in range(truth.shape[1]) if not hidden[b, t].any()] for b in range(len(truth))]
    assert complete[0]
    assert not complete[2]
    for b, t in ((b, t) for b in range(len(truth)) for t in range(truth.shape[1]) if hidden[b, t].any()):
        source = _nearest(t, complete[b])
        expected = by_pixel[b, t] if source is None else truth[b, source]
        assert torch.equal(guess[b, t][hidden[b, t]], expected[hidden[b, t]])


def test_mean_and_peeking_agree_with_a_loop() -> None:
    truth, hidden = _case()
    mean, peeking = (BASELINES[name](truth, hidden) for name in ("mean", "peeking"))
    for b in range(len(truth)):
        partly = [t for t in range(truth.shape[1]) if not hidden[b, t].all()]
        for t, y, x in _pixels(truth.shape):
            visible = [float(truth[b, s, 0, y, x]) for s in range(truth.shape[1]) if not hidden[b, s, 0, y, x]]
            expected = sum(visible) / len(visible) if visible else 0.0
            assert float(mean[b, t, 0, y, x]) == pytest.approx(expected, abs=1e-6)
            assert peeking[b, t, 0, y, x] == truth[b, _nearest(t, partly), 0, y, x]


def test_only_peeking_knows_what_is_hidden() -> None:
    truth, hidden = _case()
    other = torch.where(hidden, 1 - truth, truth)
    for name, copy in BASELINES.items():
        same = torch.equal(copy(truth, hidden)[hidden], copy(other, hidden)[hidden])
        assert same == (name != "peeking"), name


def test_linear_interpolation_would_give_the_same_but_for_ties() -> None:
    truth, hidden = _case(batch=4, frames=12)
    truth = (truth > 0.5).float()
    guess = nearest_visible_pixel(truth, hidden) >= 0.5
    compared = 0
    for b, clip in enumerate(truth[:, :, 0]):
        for t, y, x in _pixels(truth.shape):
            visible = [s for s in range(len(clip)) if not hidden[b, s, 0, y, x]]
            earlier, later = [s for s in visible if s < t], [s for s in visible if s > t]
            if hidden[b, t, 0, y, x] and earlier and later and t - earlier[-1] != later[0] - t:
                share = (t - earlier[-1]) / (later[0] - earlier[-1])
                value = (1 - share) * clip[earlier[-1], y, x] + share * clip[later[0], y, x]
                assert guess[b, t, 0, y, x] == (value >= 0.5)
                compared += 1
    assert compared > 50


@pytest.mark.parametrize("name", BASELINES)
def test_a_single_frame_has_nothing_to_copy_from(name: str) -> None:
    truth = torch.ones(2, 1, 1, 3, 3)
    guess = BASELINES[name](truth, torch.ones_like(truth, dtype=torch.bool))
    assert guess.shape == truth.shape
    assert not guess.any()

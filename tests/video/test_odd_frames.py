import numpy as np
from numpy.typing import NDArray

from gaitprint.data.silhouettes import align_silhouettes
from gaitprint.synth.walkers import WalkerDifficulty, WalkSpec, render_walk
from gaitprint.video.odd_frames import odd_frames


def _masks(view: str = "090") -> NDArray[np.uint8]:
    masks = render_walk(WalkSpec("001", "nm-01", difficulty=WalkerDifficulty(noise=0.5)), view).silhouettes
    assert masks is not None
    return masks


def _aligned(masks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return align_silhouettes(masks, (64, 64))[0]


def test_walkers_have_none() -> None:
    for view in ("000", "054", "090", "180"):
        assert odd_frames(_aligned(_masks(view))).mean() < 0.02


def test_leaks_and_halves_are_odd_and_nothing_else_is() -> None:
    masks = _masks().copy()
    wrong = np.random.default_rng(0).choice(len(masks), 8, replace=False)
    masks[wrong[:4], 40:120, 55:] = 255  # the background
    top = masks.any(axis=(0, 2)).argmax()
    masks[wrong[4:], top + 35 :] = 0  # a head and shoulders
    odd = odd_frames(_aligned(masks))
    assert odd[wrong].all()
    assert odd.sum() == len(wrong)


def test_one_frame_is_not_odd() -> None:
    assert odd_frames(_aligned(_masks())[:1]).tolist() == [False]

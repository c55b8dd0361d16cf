"""Clips of frames as model input."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.frames import square_frames
from gaitprint.data.inputs import build_input
from gaitprint.data.store import Store


def _walk(frames: int = 9, condition: str = "nm-01") -> GaitSequence:
    pixels = np.random.default_rng(frames).integers(0, 256, (frames, 24, 18, 3), dtype=np.uint8)
    return GaitSequence("001", condition, "090", 25.0, frames=pixels)


def test_frames_are_those_of_the_clip_in_minus_one_to_one() -> None:
    walk = _walk()
    model_input = build_input({"representation": "frames", "resolution": 24, "frames": 4, "stride": 2})
    compact = model_input.encode(walk)
    assert compact.dtype == np.uint8
    # 9 frames, 7 of which a clip of every second one spans: it starts at the second.
    np.testing.assert_array_equal(compact[:, :, 3:21], walk.frames[[1, 3, 5, 7]])
    final = model_input.finish(model_input.collate([compact, compact]))
    assert final.shape == (2, 4, 3, 24, 24)
    assert final.dtype == torch.float32
    expected = walk.frames[5, :, :, 1].astype(float) / 255 * 2 - 1
    np.testing.assert_allclose(final[1, 2, 1, :, 3:21].numpy(), expected, atol=1e-6)
    assert (final[:, :, :, :, :3] == -1).all()


def test_several_clips_and_short_walks(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    long, short = _walk(11), _walk(2, "nm-02")
    store.add([long, short])
    model_input = build_input({"representation": "frames", "resolution": 16, "frames": 3, "evaluation_clips": 2})
    frames = model_input.choose_frames(np.array([11, 2]), None)
    assert frames is not None
    clips = [model_input.read(store, position, frames[position]) for position in (0, 1)]
    np.testing.assert_array_equal(clips[0], square_frames(long.frames[[0, 1, 2, 8, 9, 10]], 16))
    np.testing.assert_array_equal(clips[1], square_frames(short.frames[[0, 1, 1, 0, 1, 1]], 16))
    assert model_input.collate(clips).shape == (2, 6, 16, 16, 3)


def test_walks_of_several_sizes_fit_into_one_batch() -> None:
    model_input = build_input({"representation": "frames", "resolution": 16, "frames": 2})
    wide = GaitSequence("001", "nm-02", "090", 25.0, frames=np.zeros((4, 10, 40, 3), np.uint8))
    assert model_input.collate([model_input.encode(_walk()), model_input.encode(wide)]).shape == (2, 2, 16, 16, 3)


def test_refuses_in_one_line(tmp_path: Path) -> None:
    model_input = build_input({"representation": "frames", "resolution": 16})
    silhouettes = GaitSequence("001", "nm-01", "090", 25.0, silhouettes=np.zeros((4, 64, 44), np.uint8))
    message = "001/nm-01/090: the model needs frames; this walk has only silhouettes"
    with pytest.raises(IncompatibleError, match=message):
        model_input.encode(silhouettes)
    store = Store.create(tmp_path / "store")
    store.add([silhouettes])
    with pytest.raises(IncompatibleError, match=message):
        model_input.check(store.infos)
    for options, part in (
        ({"frames": 0}, "input.frames is 0"),
        ({"resolution": 0}, "input.resolution is 0"),
        ({"sampling": "uniform", "stride": 2}, "input.stride needs input.sampling=clip, not uniform"),
        ({"sampling": "uniform", "evaluation_clips": 2}, "input.evaluation_clips needs input.sampling=clip"),
        ({"resolutoin": 3}, "did you mean 'resolution'"),
    ):
        with pytest.raises(UsageError, match=part):
            build_input({"representation": "frames", **options})

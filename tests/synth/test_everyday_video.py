import numpy as np
import pytest

from gaitprint.core.errors import UsageError
from gaitprint.synth.everyday_video import film
from gaitprint.synth.walkers import WalkSpec, everyday_walks


@pytest.mark.parametrize("number", [0, 11])
def test_somebody_crosses_twice_and_the_picture_is_empty_between(number: int) -> None:
    video = film(everyday_walks(2, seed=3)[number])
    assert video.frames.shape == (*video.silhouettes.shape, 3)
    assert video.frames.dtype == np.uint8
    there = video.silhouettes.any(axis=(1, 2))
    begins = np.flatnonzero(np.diff(there.astype(int)) == 1)
    assert len(begins) == 2
    assert not there[0]
    assert not there[-1]
    # To the one side, then to the other.
    columns = video.silhouettes.any(axis=1)
    middle = (columns * np.arange(columns.shape[1])).sum(axis=1) / np.maximum(columns.sum(axis=1), 1)
    ways = [middle[part][there[part]] for part in (slice(0, begins[1]), slice(begins[1], None))]
    assert (ways[0][-1] - ways[0][0]) * (ways[1][-1] - ways[1][0]) < 0
    # Where the picture is not cut off at its sides, head and feet are in it.
    assert not video.silhouettes[:, 0].any()
    assert not video.silhouettes[:, -1].any()


def test_only_everyday_walks_are_filmed() -> None:
    with pytest.raises(UsageError, match="nm-01"):
        film(WalkSpec("001", "nm-01"))

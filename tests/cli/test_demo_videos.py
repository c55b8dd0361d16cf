"""The last step of the demo, with a network that was not trained."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.networks import save_untrained_network

import gaitprint
from gaitprint.cli import demo_videos
from gaitprint.evaluation.calibration import Calibration
from gaitprint.video.decode import open_pictures


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Calibrated, so that there is a decision."""
    folder = save_untrained_network(tmp_path / "network")
    rng = np.random.default_rng(0)
    Calibration.fit(rng.uniform(0.0, 0.1, 200), rng.uniform(0.05, 1.0, 2000)).save(folder)
    return folder


def test_videos_are_filmed_enrolled_and_asked_about(network: Path, tmp_path: Path, monkeypatch) -> None:
    # Half the frames, and nobody comes back: enough for a passage of each.
    monkeypatch.setattr(demo_videos, "_RATE_HZ", 12.5)
    monkeypatch.setattr(demo_videos, "_WAYS", 1)
    told = demo_videos.recognise_in_videos(tmp_path / "videos", network, device="cpu")
    with gaitprint.Gallery(tmp_path / "videos" / "gallery", network, device="cpu") as gallery:
        assert [person.name for person in gallery.people()] == ["Anna", "Ben", "Cleo"]
    # A network that learnt nothing finds all alike.
    assert told["visitor"]["decision"] == "known"
    assert {one["name"] for one in told["stranger"]["candidates"]} == {"Anna", "Ben", "Cleo"}
    assert Path(told["picture"]).stat().st_size > 10_000
    for name in ("anna", "ben", "cleo", "visitor", "stranger", "visitor-annotated", "stranger-annotated"):
        video = open_pictures(tmp_path / "videos" / f"{name}.mp4")
        assert video.total == len(list(video))
    with Image.open(tmp_path / "videos" / "who-came.gif") as animation:
        assert animation.n_frames > 20
        assert animation.width == 2 * 360

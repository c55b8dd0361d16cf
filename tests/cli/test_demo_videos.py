"""The last step of the demo, with a network that was not trained."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import gaitprint
from gaitprint.cli import demo_videos
from gaitprint.core.config import to_mapping
from gaitprint.evaluation.calibration import Calibration
from gaitprint.models.weights import Card, build_model, save_weights
from gaitprint.video.decode import open_pictures


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Calibrated, so that there is a decision."""
    torch.manual_seed(0)
    model = build_model({"name": "cnn-gei"}, None)
    folder = tmp_path / "network"
    folder.mkdir()
    card = Card(
        model={"name": "cnn-gei", **to_mapping(model.Config())},
        input={"representation": "gei", "size": [128, 88]},
        distance="cosine",
        num_subjects=None,
        train_subjects=(),
        data="",
        metrics={},
        recipe="",
        step=0,
    )
    save_weights(folder, model, card)
    rng = np.random.default_rng(0)
    Calibration.fit(rng.uniform(0.0, 0.1, 200), rng.uniform(0.05, 1.0, 2000)).save(folder)
    return folder


def test_videos_are_filmed_enrolled_and_asked_about(network: Path, tmp_path: Path, monkeypatch) -> None:
    # Half the frames, and nobody comes back: enough for a passage of each.
    monkeypatch.setattr(demo_videos, "_RATE_HZ", 12.5)
    monkeypatch.setattr(demo_videos, "_CLIPS", tuple(replace(clip, returns=False) for clip in demo_videos._CLIPS))
    told = demo_videos.recognise_in_videos(tmp_path / "videos", network, device="cpu")
    with gaitprint.Gallery(tmp_path / "videos" / "gallery", network, device="cpu") as gallery:
        assert [person.name for person in gallery.people()] == ["Anna", "Ben", "Cleo"]
    # A network that learnt nothing finds all alike.
    assert told["visitor"]["decision"] == "known"
    assert {one["name"] for one in told["stranger"]["candidates"]} == {"Anna", "Ben", "Cleo"}
    assert Path(told["picture"]).stat().st_size > 10_000
    for name in ("anna", "ben", "cleo", "visitor", "stranger", "visitor-annotated"):
        video = open_pictures(tmp_path / "videos" / f"{name}.mp4")
        assert video.total == len(list(video))

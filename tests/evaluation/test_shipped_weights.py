"""The weights that come with the package: complete, small, described, and good for what they are there for."""

from pathlib import Path

import numpy as np
import pytest

from gaitprint.data.walk_source import read_walk
from gaitprint.evaluation.embed import SHIPPED_WEIGHTS, load_embedder, weights_folder
from gaitprint.evaluation.matching import DEFAULT_MODEL, Matcher

PACKAGE = Path(__file__).parents[2] / "src" / "gaitprint"
LARGEST_BYTES = 20e6


@pytest.mark.parametrize("name", SHIPPED_WEIGHTS)
def test_weights_are_whole_small_and_described(name: str) -> None:
    folder = PACKAGE / "weights" / name
    assert sum(file.stat().st_size for file in folder.rglob("*")) < LARGEST_BYTES
    embedder = load_embedder(name, "cpu")
    assert embedder.calibration is not None
    assert embedder.calibration.source
    assert len(embedder.train_subjects) == 100
    text = (folder / "README.md").read_text()
    for wanted in ("Andersson", "Vortander/KinectGait", "provided as is", "first-walk"):
        assert wanted in text
    assert weights_folder(folder) == folder


def test_the_default_model_is_shipped() -> None:
    assert DEFAULT_MODEL in SHIPPED_WEIGHTS


def test_people_before_a_kinect_are_told_apart(shared_data: Path, tmp_path: Path) -> None:
    import tarfile

    wanted = [f"Person{person}/{walk}.txt" for person in ("002", "003", "008") for walk in (1, 2)]
    with tarfile.open(shared_data / "kinect-gait" / "walks.tar.xz") as archive:
        for member in archive:
            if any(member.name.endswith(name) for name in wanted):
                archive.extract(member, tmp_path, filter="data")
    walks = [read_walk(str(next(tmp_path.rglob(name)))) for name in wanted]
    matcher = Matcher(load_embedder("skeleton", "cpu"))
    likeness = matcher.similarity_matrix(walks)
    same = np.arange(6)[:, None] // 2 == np.arange(6) // 2
    assert likeness[same].min() > likeness[~same].max()
    # They are people that it was trained on, whom it knows better than it would strangers.
    assert matcher.compare(walks[0], walks[1]).probability > 0.9
    assert matcher.compare(walks[0], walks[4]).probability < 0.1

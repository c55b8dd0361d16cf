"""The weights that come with the package: complete, small, described, and good for what they are there for."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from gaitprint.core.distance import pairwise_distance
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.silhouettes import align_silhouettes
from gaitprint.data.walk_source import read_walk
from gaitprint.evaluation.embed import SHIPPED_WEIGHTS, load_embedder, weights_folder
from gaitprint.evaluation.matching import Matcher
from gaitprint.synth.walkers import everyday_walks, render_walk_views

PACKAGE = Path(__file__).parents[2] / "src" / "gaitprint"
LARGEST_BYTES = 20e6


PEOPLE = {"skeleton": 100, "silhouettes": 480}
TERMS = ("Andersson", "Vortander/KinectGait", "provided as is")


def test_every_shipped_model_is_known_here() -> None:
    assert set(PEOPLE) == set(SHIPPED_WEIGHTS)


@pytest.mark.parametrize("name", SHIPPED_WEIGHTS)
def test_weights_are_whole_small_and_described(name: str) -> None:
    folder = PACKAGE / "weights" / name
    assert sum(file.stat().st_size for file in folder.rglob("*")) < LARGEST_BYTES
    embedder = load_embedder(name, "cpu")
    assert embedder.calibration is not None
    assert embedder.calibration.source
    assert len(embedder.train_subjects) == PEOPLE[name]
    text = " ".join((folder / "README.md").read_text().split())
    for wanted in TERMS:
        assert wanted in text
    assert weights_folder(folder) == folder


def aligned(walk: GaitSequence) -> GaitSequence:
    assert walk.silhouettes is not None
    silhouettes, kept = align_silhouettes(walk.silhouettes, (64, 64))
    return dataclasses.replace(walk.select(kept), silhouettes=silhouettes)


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


def test_people_in_rendered_videos_are_told_apart() -> None:
    """Other people than those it learnt from, each in other clothes and before other cameras in every walk."""
    embedder = load_embedder("silhouettes", "cpu")
    specs = [spec for spec in everyday_walks(6, seed=9001) if spec.condition in ("ev-01", "ev-02", "ev-03")]
    walks = [aligned(walk) for spec in specs for walk in render_walk_views(spec)]
    embeddings = EmbeddingSet(
        embedder.embed(walks),
        *(np.array([getattr(w, name) for w in walks]) for name in ("subject", "condition", "view")),
    )
    distance = pairwise_distance(embeddings.embeddings, embeddings.embeddings, embedder.distance)
    same = embeddings.subjects[:, None] == embeddings.subjects
    apart = embeddings.conditions[:, None] != embeddings.conditions
    order = np.where(same & ~apart, np.inf, distance).argmin(axis=1)
    assert (embeddings.subjects[order] == embeddings.subjects).mean() > 0.6  # chance is a sixth
    assert np.median(distance[same & apart]) < np.percentile(distance[~same], 20)

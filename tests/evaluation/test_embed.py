from pathlib import Path

import numpy as np
import pytest
import torch

from gaitprint.core.config import to_mapping
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError, UnreadableFileError, UsageError
from gaitprint.core.folders import atomic_folder
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.inputs import build_input
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import Embedder, load_embedder
from gaitprint.models.weights import Card, build_model, save_weights


def _skeleton_walks(count: int) -> list[GaitSequence]:
    rng = np.random.default_rng(0)
    return [
        GaitSequence(
            *(f"{i:03d}", "walk-1", "front", 30.0),
            joints=rng.normal(size=(5 + i, 20, 3)).astype(np.float32),
            skeleton="kinect-v1-20",
        )
        for i in range(count)
    ]


def _silhouette_walks(count: int) -> list[GaitSequence]:
    rng = np.random.default_rng(0)
    return [
        GaitSequence(
            f"{i:03d}", "nm-01", "090", 25.0, silhouettes=((rng.random((6, 64, 64)) > 0.5) * 255).astype(np.uint8)
        )
        for i in range(count)
    ]


@pytest.fixture
def run(tmp_path):
    torch.manual_seed(0)
    model = build_model({"name": "cnn-gei"}, 3)
    card = Card(
        model={"name": "cnn-gei", **to_mapping(model.Config())},
        input={"representation": "gei", "size": [128, 88]},
        distance="cosine",
        num_subjects=3,
        train_subjects=("x", "y"),
        validation_subjects=("z",),
        data="",
        metrics={},
        recipe="",
        step=0,
    )
    with atomic_folder(tmp_path / "run" / "best") as folder:
        save_weights(folder, model, card)
    return tmp_path / "run"


def test_a_run_a_weights_folder_and_a_weights_file_are_the_same_model(run) -> None:
    walks = _silhouette_walks(3)
    embedders = [load_embedder(path) for path in (run, run / "best", run / "best" / "model.safetensors")]
    results = [embedder.embed(walks) for embedder in embedders]
    assert results[0].shape == (3, 1, 128)
    assert results[0].dtype == np.float32
    assert all(np.array_equal(results[0], result) for result in results)
    assert embedders[0].distance == "cosine"
    assert embedders[0].train_subjects == ("x", "y", "z")
    assert embedders[0].card["weights_hash"] == embedders[0].facts["weights_hash"]


def test_agrees_with_the_model_called_by_hand(run) -> None:
    walks = _silhouette_walks(5)
    embedder = load_embedder(run)
    embedder.batch_size = 2
    model_input = build_input({"representation": "gei", "size": [128, 88]})
    for walk, got in zip(walks, embedder.embed(iter(walks)), strict=True):
        with torch.no_grad():
            expected = embedder.model(model_input.finish(torch.from_numpy(model_input.encode(walk))[None])).embedding[0]
        np.testing.assert_allclose(got, expected.numpy(), rtol=1e-4, atol=1e-6)


def test_a_checkpoint_caught_between_two_renames_is_found(run) -> None:
    (run / "best").rename(run / ".best.previous")
    assert load_embedder(run).embed(_silhouette_walks(1)).shape == (1, 1, 128)


def test_embeds_a_store_as_it_embeds_its_walks(run, tmp_path) -> None:
    for model, walks in ((str(run), _silhouette_walks(5)), ("anthropometry", _skeleton_walks(5))):
        store = Store.create(tmp_path / f"store-{len(model)}")
        store.add(walks)
        embedder = load_embedder(model)
        everything = embedder.embed_store(store)
        np.testing.assert_allclose(everything.embeddings, embedder.embed(walks), rtol=1e-5, atol=1e-6)
        assert everything.ids == [walk.id for walk in walks]
        some = embedder.embed_store(store, [4, 1])
        assert some.ids == [walks[4].id, walks[1].id]
        np.testing.assert_allclose(some.embeddings, everything.embeddings[[4, 1]], rtol=1e-5, atol=1e-6)


def test_anthropometry_is_shipped() -> None:
    embedder = load_embedder("anthropometry")
    assert embedder.distance == "standardised-euclidean"
    assert embedder.train_subjects == ()
    walks = _skeleton_walks(2)
    got = embedder.embed(walks)
    assert got.shape == (2, 1, 19)
    for walk, lengths in zip(walks, got[:, 0], strict=True):
        for (a, b), length in zip(walk.skeleton.bone_indices, lengths, strict=True):
            expected = np.median(np.linalg.norm(walk.joints[:, a] - walk.joints[:, b], axis=1))
            assert length == pytest.approx(expected, rel=1e-5)
    assert embedder.card["model"] == {"name": "anthropometry"}


def test_refuses_in_one_line(run, tmp_path) -> None:
    with pytest.raises(UsageError, match=r"unknown shipped model 'antropometry' .*'anthropometry'"):
        load_embedder("antropometry")
    with pytest.raises(UsageError, match="comes without weights: train it"):
        load_embedder("cnn-gei")
    with pytest.raises(UsageError, match="neither a run folder"):
        load_embedder(tmp_path)
    (tmp_path / "weights.pt").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"is no \.safetensors file"):
        load_embedder(tmp_path / "weights.pt")
    with pytest.raises(UsageError, match="did you mean 'cuda'"):
        load_embedder("anthropometry", "cude")
    store = Store.create(tmp_path / "store")
    store.add(_silhouette_walks(2))
    with pytest.raises(
        IncompatibleError, match="000/nm-01/090: the model needs joints; this walk has only silhouettes"
    ):
        load_embedder("anthropometry").embed_store(store)
    unseen = _skeleton_walks(2)
    blind = GaitSequence(
        *("b", "walk-1", "front", 30.0),
        joints=unseen[0].joints,
        skeleton="kinect-v1-20",
        confidence=np.zeros((5, 20), np.float32),
    )
    with pytest.raises(IncompatibleError, match="b/walk-1/front: anthropometry gives no finite embedding"):
        load_embedder("anthropometry").embed([unseen[1], blind])


def test_a_walk_of_several_clips_is_their_mean_direction(tmp_path) -> None:
    torch.manual_seed(0)
    model = build_model({"name": "gaitbert", "channels": [8, 16], "patch": 2}, None)
    options = {"representation": "silhouettes", "size": [32, 22], "frames": 3, "sampling": "clip"}
    one, several = (build_input(options | {"evaluation_clips": clips}) for clips in (1, 3))
    walks = [
        GaitSequence(f"{i:03d}", "nm-01", "090", 25.0, silhouettes=((walk > 0.5) * 255).astype(np.uint8))
        for i, walk in enumerate(np.random.default_rng(0).random((2, 9, 64, 64)))
    ]
    found = Embedder(model, several, name="gaitbert").embed(walks)
    for walk, embedding in zip(walks, found, strict=True):
        clips = [walk.select(np.isin(np.arange(9), range(start, start + 3))) for start in (0, 3, 6)]
        vectors = Embedder(model, one, name="gaitbert").embed(clips)[:, 0]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        np.testing.assert_allclose(embedding[0], vectors.mean(axis=0), rtol=1e-4, atol=1e-6)


def test_clips_of_joints_are_counted_in_frames_after_resampling(tmp_path) -> None:
    """A stored walk of 60 frames a second has half as many frames to choose from as it has stored."""
    rng = np.random.default_rng(0)
    walks = []
    for number, rate in enumerate((30.0, 60.0)):
        joints = np.repeat(rng.normal(size=(1, 20, 3)), 121, axis=0) * np.linspace(1, 2, 121)[:, None, None]
        labels = (f"{number:03d}", "walk-1", "front", rate)
        walks.append(GaitSequence(*labels, joints=joints.astype(np.float32), skeleton="kinect-v1-20"))
    store = Store.create(tmp_path / "store")
    store.add(walks)
    preprocessing = {"outlier_threshold": None, "cutoff_hz": None, "face_forward": False, "rate_hz": 30.0}
    options = {"frames": 21, "sampling": "clip", "evaluation_clips": 3, "preprocessing": preprocessing}
    model_input = build_input({"representation": "joints", "skeleton": "kinect-v1-20", **options})
    embedder = Embedder(build_model({"name": "anthropometry"}, None), model_input, name="anthropometry")
    found = embedder.embed_store(store).embeddings
    np.testing.assert_array_equal(found, embedder.embed(walks))
    # Bones grow along the walk: a clip's median is its middle frame's, and three clips' mean the middle of the walk's.
    for walk, embedding in zip(walks, found, strict=True):
        middle = walk.joints[60]
        bones = walk.skeleton.bone_indices
        lengths = np.linalg.norm(middle[bones[:, 0]] - middle[bones[:, 1]], axis=-1)
        np.testing.assert_allclose(embedding[0], lengths, rtol=1e-4)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"text"])
def test_damaged_embedding_files_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "embeddings.npz"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match="not an embedding file"):
        EmbeddingSet.load(path)

"""Models fitted in closed form, fusions, and what every training ends with."""

import json
from pathlib import Path

import numpy as np
import pytest

from gaitprint.core.distance import pairwise_distance
from gaitprint.core.errors import IncompatibleError, UnreadableFileError, UsageError
from gaitprint.core.score_normalisation import Strangers
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import load_embedder, load_network
from gaitprint.evaluation.fusion import FUSION_FILE, FusedEmbedder, side_by_side
from gaitprint.models.resgcn import ResGcn
from gaitprint.training.people import choose_people
from gaitprint.training.recipe import FusionRecipe, load_any_recipe, load_recipe
from gaitprint.training.train import train

NETWORK = """
model: {name: resgcn, branch_channels: 4, channels: [8], reduction: 2, joint_channels: 4, embedding: 16}
input: {preprocessing: {rate_hz: 15}, frames: 16, evaluation_clips: 3}
data: {subjects: all}
sampler: {name: pk, subjects: 3, walks: 2}
loss: supervised-contrastive
training: {steps: 3, normalise_scores: true}
"""


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipes")
    (folder / "network.yaml").write_text(NETWORK)
    (folder / "both.yaml").write_text(f"description: both\nmembers: [gait-statistics, {folder / 'network.yaml'}]\n")
    return folder


@pytest.fixture(scope="module")
def fused(recipes: Path, skeletons: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("fused") / "run"
    train(load_any_recipe(str(recipes / "both.yaml"), ["data.folds=3"]), skeletons, run, device="cpu")
    return run


def test_closed_form_leaves_a_run_that_recognises_people(skeletons: Store, tmp_path: Path) -> None:
    recipe = load_recipe("gait-statistics", ["data.folds=3", "data.validation_subjects=2"])
    summary = train(recipe, skeletons, tmp_path / "run", device="cpu")
    assert summary["subjects"] == 4
    assert summary["best"]["validation_rank1"] >= 0.5
    embedder = load_embedder(tmp_path / "run", "cpu")
    assert embedder.distance == "normalised-cosine"
    assert len(embedder.train_subjects) == 6
    with pytest.raises(UsageError, match="holds a run already"):
        train(recipe, skeletons, tmp_path / "run", device="cpu")
    again = train(recipe, skeletons, tmp_path / "run", resume=True, device="cpu")
    assert again["weights_hash"] == summary["weights_hash"]


def test_closed_form_is_for_one_process(skeletons: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="train it without torchrun"):
        train(load_recipe("gait-statistics"), skeletons, tmp_path / "run", device="cpu")


@pytest.mark.parametrize("section", ["loss=triplet", "optimizer=adam", "sampler=pk", "augment=joint-yaw"])
def test_closed_form_takes_nothing_that_only_steps_need(section: str) -> None:
    with pytest.raises(UsageError, match=f"{section.split('=')[0]}: model 'gait-statistics' is fitted in closed form"):
        load_recipe("gait-statistics", [section])


def test_part_of_the_preprocessing_can_be_changed() -> None:
    recipe = load_recipe("gait-statistics", ["input.preprocessing.size=unit"])
    assert recipe.input["preprocessing"]["size"] == "unit"
    assert recipe.input["preprocessing"]["sensor"] is True


def test_strangers_are_the_people_learnt(fused: Path, skeletons: Store) -> None:
    folder = fused / "members" / "network" / "best"
    embedder = load_network(folder, "cpu")
    recipe = load_recipe(str(folder.parent / "recipe.yaml"))
    people = choose_people(skeletons, recipe.data, recipe.training.seed)
    walks = embedder.embed_store(skeletons, people.positions)
    expected = Strangers.of(walks.embeddings[..., :-2], walks.subjects).annotate(walks.embeddings[..., :-2])
    np.testing.assert_allclose(walks.embeddings, expected, atol=1e-5)
    damaged = folder / "strangers.safetensors"
    content = damaged.read_bytes()
    try:
        damaged.write_bytes(content[:-1] + b"x")
        with pytest.raises(UnreadableFileError, match=r"strangers\.safetensors: its SHA-256"):
            load_network(folder, "cpu")
        damaged.unlink()
        with pytest.raises(UnreadableFileError, match="not readable as a description of strangers"):
            load_network(folder, "cpu")
    finally:
        damaged.write_bytes(content)


def test_a_fusion_averages_the_distances_of_its_members(fused: Path, skeletons: Store) -> None:
    embedder = load_embedder(fused, "cpu")
    assert isinstance(embedder, FusedEmbedder)
    assert list(embedder.members) == ["gait-statistics", "network"]
    walks = embedder.embed_store(skeletons)
    singly = []
    for name in embedder.members:
        one = load_network(fused / "members" / name, "cpu").embed_store(skeletons).embeddings
        singly.append(pairwise_distance(one, one, "normalised-cosine"))
    together = pairwise_distance(walks.embeddings, walks.embeddings, "normalised-cosine")
    np.testing.assert_allclose(together, np.mean(singly, axis=0), rtol=1e-4, atol=1e-4)
    in_memory = embedder.embed([skeletons.read(info.id) for info in skeletons.infos[:2]])
    np.testing.assert_allclose(in_memory, walks.embeddings[:2], atol=1e-4)
    assert embedder.train_subjects == tuple(
        sorted(choose_people(skeletons, load_recipe("gait-statistics", ["data.folds=3"]).data, 42).subjects)
    )
    assert len(embedder.card["weights_hash"]) == 64
    assert embedder.facts["train_subjects"] == 6


def test_a_fusion_resumes_and_is_not_trained_over(fused: Path, recipes: Path, skeletons: Store) -> None:
    recipe = load_any_recipe(str(recipes / "both.yaml"), ["data.folds=3"])
    before = json.loads((fused / "best" / "network" / "card.json").read_text())
    with pytest.raises(UsageError, match="holds a run already"):
        train(recipe, skeletons, fused, device="cpu")
    # What lies beside the weights (a calibration) stays where they stay.
    (fused / "best" / "kept.txt").write_text("kept")
    train(recipe, skeletons, fused, resume=True, device="cpu")
    assert json.loads((fused / "best" / "network" / "card.json").read_text()) == before
    assert (fused / "best" / "kept.txt").exists()
    with pytest.raises(IncompatibleError, match="was started as a fusion of gait-statistics, network"):
        train(load_any_recipe("skeleton", ["data.folds=3"]), skeletons, fused, resume=True, device="cpu")


@pytest.mark.parametrize("resume", [False, True])
def test_neither_fusion_nor_single_model_is_trained_over_the_other(
    fused: Path, recipes: Path, skeletons: Store, resume: bool
) -> None:
    both, one = load_any_recipe(str(recipes / "both.yaml"), ["data.folds=3"]), load_recipe("gait-statistics")
    with pytest.raises(UsageError, match="holds a fusion of several models"):
        train(one, skeletons, fused, resume=resume, device="cpu")
    with pytest.raises(UsageError, match="holds the run of a single model"):
        train(both, skeletons, fused / "members" / "network", resume=resume, device="cpu")


def test_parts_of_other_shapes_lie_side_by_side() -> None:
    rng = np.random.default_rng(0)
    strangers = [rng.normal(size=(12, parts, size)).astype(np.float32) for parts, size in ((1, 3), (2, 5))]
    names = np.array([f"p{i}" for i in range(12)])
    each = [Strangers.of(one, names).annotate(one) for one in strangers]
    fused = side_by_side(each)
    assert fused.shape == (12, 4, 7)
    expected = np.mean([pairwise_distance(one, one, "normalised-cosine") for one in each], axis=0)
    np.testing.assert_allclose(pairwise_distance(fused, fused, "normalised-cosine"), expected, rtol=1e-4, atol=1e-5)


def test_only_normalised_scores_are_fused(recipes: Path, skeletons: Store, fused: Path, tmp_path: Path) -> None:
    recipe = load_any_recipe(str(recipes / "both.yaml"), ["training.normalise_scores=false"])
    with pytest.raises(UsageError, match=r"needs training\.normalise_scores=true"):
        train(recipe, skeletons, tmp_path / "run", device="cpu")
    network = load_network(fused / "members" / "network", "cpu")
    with pytest.raises(IncompatibleError, match="anthropometry is compared by standardised-euclidean"):
        FusedEmbedder({"network": network, "anthropometry": load_network("anthropometry", "cpu")}, name="both")


def test_a_fusion_is_no_single_network(fused: Path) -> None:
    with pytest.raises(UsageError, match="is a fusion of several models; give one of them"):
        load_network(fused, "cpu")
    with pytest.raises(UsageError, match=r"is a fusion of gait-statistics, .*resgcn-light; give one of these"):
        load_recipe("skeleton")
    assert isinstance(load_any_recipe("skeleton"), FusionRecipe)


@pytest.mark.parametrize(
    "text",
    [
        "members: [gait-statistics]",
        "members: [resgcn-light, resgcn-light]",
        "members: [resgcn-light, gait-statistics]\nmodel: resgcn",
    ],
)
def test_bad_fusions_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"members are|not 'model'"):
        load_any_recipe(str(tmp_path / "bad.yaml"))


@pytest.mark.parametrize("text", ["{}", '{"name": "x", "members": ["../outside"]}', "no json"])
def test_damaged_fusions_are_refused(text: str, fused: Path, tmp_path: Path) -> None:
    (tmp_path / FUSION_FILE).write_text(text)
    with pytest.raises(UnreadableFileError, match=r"not the description of a fusion|no folder beside it"):
        load_embedder(tmp_path, "cpu")


def test_only_cosines_are_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ResGcn, "distance", "euclidean")
    with pytest.raises(UsageError, match="'resgcn' is compared by euclidean, not by cosine"):
        load_recipe("resgcn-light")

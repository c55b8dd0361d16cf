"""The whole way on a handful of walkers: synth, prepare, train, evaluate, embed, export, gei."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import gaitprint
from gaitprint.cli import main


def call(*words) -> dict:
    """Run a command and return its JSON summary."""
    out = Path(words[words.index("--out") + 1]) if "--out" in words else None
    summary = (out.parent if out else Path()) / "summary.json"
    assert main.run([str(word) for word in (*words, "--quiet", "--json", summary)]) == 0
    return json.loads(summary.read_text())


@pytest.fixture(scope="module")
def walkers(tmp_path_factory):
    """A store of five synthetic people."""
    path = tmp_path_factory.mktemp("walkers") / "store"
    assert call("synth", "--subjects", "5", "--out", path)["made"] == 5 * 10 * 11
    return path


@pytest.fixture(scope="module")
def run(walkers, tmp_path_factory):
    """A training run of one epoch on them."""
    path = tmp_path_factory.mktemp("run") / "run"
    call("train", "cnn-gei-demo", "--data", walkers, "--out", path, "training.epochs=1", "data.validation_subjects=0")
    return path


def test_synth_splits_as_casia_b_does_and_adds_only_what_is_missing(walkers):
    store = gaitprint.Store(walkers)
    assert store.splits == {"train": ("001", "002", "003"), "test": ("004", "005")}
    assert {info.view_deg for info in store.infos} == {18.0 * step for step in range(11)}
    before = store.content_hash()
    again = call("synth", "--subjects", "5", "--out", walkers)
    assert (again["made"], again["present"], again["rejects"]) == (0, 550, [])
    assert gaitprint.Store(walkers).content_hash() == before


def test_another_seed_does_not_mix_into_a_store(walkers, capsys):
    assert main.run(["synth", "--subjects", "5", "--seed", "1", "--out", str(walkers)]) == 2
    assert "holds walks of another source" in capsys.readouterr().err


@pytest.mark.parametrize("subjects", ["3", "10"])
def test_nobody_goes_over_from_test_to_train(subjects, walkers, capsys):
    before = gaitprint.Store(walkers).splits
    assert main.run(["synth", "--subjects", subjects, "--out", str(walkers)]) == 2
    assert "was made for another number of subjects" in capsys.readouterr().err
    assert gaitprint.Store(walkers).splits == before


def test_evaluate_writes_figures_embeddings_and_a_page(walkers, run, tmp_path):
    metrics = call("evaluate", run, "--data", walkers, "--protocol", "casia-b", "--out", tmp_path / "e", "--tsne")
    assert json.loads((tmp_path / "e" / "metrics.json").read_text()) == metrics
    assert (metrics["subjects"], metrics["gallery"], metrics["probe"]) == (2, 2 * 4 * 11, 2 * 6 * 11)
    assert [condition["name"] for condition in metrics["conditions"]] == ["NM", "BG", "CL"]
    embeddings = gaitprint.EmbeddingSet.load(tmp_path / "e" / "embeddings.npz")
    assert set(embeddings.subjects) == {"004", "005"}
    page = (tmp_path / "e" / "report.html").read_text()
    assert f"{100 * metrics['conditions'][0]['rank1']:.1f}" in page


def test_python_gives_what_the_command_line_gives(walkers, run, tmp_path):
    store = gaitprint.Store(walkers)
    walks = [store.read(f"00{subject}/nm-01/090") for subject in (4, 5)]
    embedded = gaitprint.load(run).embed(walks)
    assert embedded.dtype == np.float32
    assert embedded.shape == (2, 1, 128)
    summary = call("embed", run, "--data", walkers, "--out", tmp_path / "all.npz")
    assert summary["walks"] == 550
    everything = gaitprint.EmbeddingSet.load(tmp_path / "all.npz")
    positions = [everything.ids.index(walk.id) for walk in walks]
    np.testing.assert_allclose(everything.embeddings[positions], embedded, rtol=1e-4, atol=1e-5)


def test_tree_and_store_hold_the_same_walkers(tmp_path):
    call("synth", "--subjects", "1", "--out", tmp_path / "tree", "--as", "tree")
    summary = call("prepare", "casia-b", tmp_path / "tree", "--out", tmp_path / "prepared")
    assert (summary["stored"], summary["rejects"]) == (110, [])
    call("synth", "--subjects", "1", "--out", tmp_path / "store")
    prepared, store = gaitprint.Store(tmp_path / "prepared"), gaitprint.Store(tmp_path / "store")
    assert list(prepared) == list(store)
    for walk in ("001/nm-01/000", "001/cl-02/090"):
        np.testing.assert_array_equal(prepared.read(walk).silhouettes, store.read(walk).silhouettes)


def test_export_and_gei(walkers, tmp_path):
    assert call("gei", walkers, "--out", tmp_path / "gei")["written"] == 550
    store = gaitprint.Store(walkers)
    image = cv2.imread(str(tmp_path / "gei/001/nm-01/090.png"), cv2.IMREAD_UNCHANGED)
    mean = store.read("001/nm-01/090").silhouettes.mean(axis=0)
    assert np.abs(image - mean).max() <= 0.5 + 1e-6


def test_bad_input_is_one_line(run, tmp_path, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    for words in (
        ("prepare", "tree", str(empty), "--out", str(tmp_path / "s")),
        ("prepare", "tree", str(tmp_path / "missing"), "--out", str(tmp_path / "s")),
        ("evaluate", str(run), "--data", str(empty), "--protocol", "casia-b", "--out", str(tmp_path / "e")),
        ("gei", str(empty), "--out", str(tmp_path / "g")),
        ("export-tree", str(empty), "--out", str(tmp_path / "g")),
    ):
        assert main.run(words) in (1, 2), words
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        assert str(tmp_path) in lines[0]


def test_recorded_motion_is_rendered_from_every_view_and_what_cannot_be_is_said(tmp_path):
    from gaitprint.synth.walkers import casia_b_walks, render_walk_views

    spec = casia_b_walks(1)[0]
    walk = render_walk_views(spec, silhouettes=False, joints="kinect-v1-20")[5]
    collapsed = gaitprint.GaitSequence(
        "002", "nm-01", "090", 25.0, joints=np.zeros_like(walk.joints), skeleton=walk.skeleton
    )
    gaitprint.Store.create(tmp_path / "recorded").add([walk, collapsed])
    summary = call("synth", "--motion", tmp_path / "recorded", "--out", tmp_path / "rendered")
    assert (summary["made"], [reject["path"] for reject in summary["rejects"]]) == (11, ["002/nm-01"])
    rendered = gaitprint.Store(tmp_path / "rendered").read("001/nm-01/090")
    assert rendered.num_frames > 0.9 * walk.num_frames
    assert rendered.silhouettes.mean() > 20


def test_people_are_made_up_or_recorded_not_both(tmp_path, capsys):
    assert main.run(["synth", "--out", str(tmp_path / "s")]) == 2
    assert "either --subjects" in capsys.readouterr().err

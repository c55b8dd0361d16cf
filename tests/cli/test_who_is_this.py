"""compare, identify and verify, with the baseline on skeletons and with a calibrated network on silhouettes."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from tests.cli.block_walks import block_walks
from tests.cli.networks import save_untrained_network

import gaitprint
from gaitprint.cli import main
from gaitprint.data.walk_files import save_walk
from gaitprint.evaluation.calibration import Calibration


def call(capsys, *words) -> tuple[dict, str]:
    """Run a command; return its JSON summary and what it printed."""
    summary = Path(words[-1])
    assert main.run([str(word) for word in (*words[:-1], "--json", summary, "--device", "cpu")]) == 0
    return json.loads(summary.read_text()), capsys.readouterr().out


@pytest.fixture
def skeletons(tmp_path) -> gaitprint.Store:
    """Four people of different size, three walks each."""
    rng = np.random.default_rng(0)
    body = rng.normal(size=(20, 3))
    sizes = rng.uniform(0.8, 1.2, size=(4, 20, 1))
    store = gaitprint.Store.create(tmp_path / "skeletons")
    store.add(
        gaitprint.GaitSequence(
            *(f"person[{person}]", f"walk-{number}", "free", 30.0),
            joints=(sizes[person] * body + rng.normal(scale=0.01, size=(9, 20, 3))).astype(np.float32),
            skeleton="kinect-v1-20",
        )
        for person in range(4)
        for number in (1, 2, 3)
    )
    return store


@pytest.fixture
def silhouettes(tmp_path) -> gaitprint.Store:
    """Three walks each of four people."""
    store = gaitprint.Store.create(tmp_path / "silhouettes")
    store.add(block_walks())
    return store


@pytest.fixture
def network(silhouettes, tmp_path) -> Path:
    """A network compared by cosine, with a calibration from the walks themselves."""
    folder = save_untrained_network(tmp_path / "network")
    same, other = all_distances(folder, silhouettes)
    Calibration.fit(same, other).save(folder)
    return folder


def all_distances(folder: Path, store: gaitprint.Store) -> tuple[list[float], list[float]]:
    """Cosine distances of all pairs of one person and of two, with nothing but NumPy."""
    known = gaitprint.load(folder, "cpu").embed_store(store)
    values = known.embeddings[:, 0] / np.linalg.norm(known.embeddings[:, 0], axis=1, keepdims=True)
    same, other = [], []
    for row in range(len(known)):
        for column in range(row):
            pairs = same if known.subjects[row] == known.subjects[column] else other
            pairs.append(1 - float(values[row] @ values[column]))
    return same, other


def test_identify_without_training_and_without_the_probe_itself(skeletons, tmp_path, capsys) -> None:
    probe = "person[1]/walk-2/free"
    words = ("identify", f"{skeletons.path}::{probe}", "--gallery", skeletons.path, "--model", "anthropometry")
    found, printed = call(capsys, *words, "--top-k", 3, tmp_path / "found.json")
    assert (found["model"], found["walk"], found["people"], found["walks"]) == ("anthropometry", probe, 4, 11)
    assert found["left_out"] == [probe]
    assert found["metric"] == "standardised-euclidean"
    assert [candidate["rank"] for candidate in found["candidates"]] == [1, 2, 3]
    assert found["candidates"][0]["subject"] == "person[1]"
    assert found["candidates"][0]["probability"] is None
    assert f"being this very walk: {probe}" in printed
    assert "anthropometry is not calibrated" in printed
    for candidate in found["candidates"]:
        assert re.search(
            rf"{candidate['rank']} +{re.escape(candidate['subject'])} +{candidate['distance']:.3f} ", printed
        )

    # The same recording from a file, under another name.
    walk = skeletons.read(probe)
    copy = gaitprint.GaitSequence("x", "y", "z", 30.0, joints=walk.joints, skeleton=walk.skeleton)
    save_walk(tmp_path / "copy.npz", copy)
    words = ("identify", tmp_path / "copy.npz", "--gallery", skeletons.path, "--model", "anthropometry")
    again, _ = call(capsys, *words, tmp_path / "again.json")
    assert again["left_out"] == [probe]
    assert again["candidates"][:3] == found["candidates"]


def test_compare_with_a_calibrated_network(silhouettes, network, tmp_path, capsys) -> None:
    walks = [f"{silhouettes.path}::{walk}" for walk in ("002/nm-01/090", "002/nm-03/090", "003/nm-01/090")]
    results = []
    for other in walks[1:]:
        result, printed = call(capsys, "compare", walks[0], other, "--model", network, tmp_path / "result.json")
        assert result["similarity"] == pytest.approx(1 - result["distance"])
        curve = Calibration.load(network)
        expected = 1 / (1 + np.exp(-curve.slope * result["distance"] - curve.intercept))
        assert result["probability"] == pytest.approx(expected)
        assert f"distance {result['distance']:.3f}, similarity {result['similarity']:.3f}" in printed
        assert "the same person with a probability of" in printed
        results.append(result)
    assert results[0]["first"] == "002/nm-01/090"
    assert results[0]["probability"] > 0.5 > results[1]["probability"]
    values = gaitprint.load(network, "cpu").embed([silhouettes.read(walk.split("::")[1]) for walk in walks])[:, 0]
    cosine = values[0] @ values[1] / np.linalg.norm(values[0]) / np.linalg.norm(values[1])
    assert results[0]["distance"] == pytest.approx(1 - cosine, abs=1e-6)


def test_verify_answers_with_the_same_exit_code(silhouettes, network, tmp_path, capsys) -> None:
    probe = f"{silhouettes.path}::001/nm-02/090"
    words = ("--gallery", silhouettes.path, "--model", network, "--fmr", 0.1)
    own, printed = call(capsys, "verify", "001", probe, *words, tmp_path / "own.json")
    assert (own["accepted"], own["walks"], own["left_out"]) == (True, 2, ["001/nm-02/090"])
    assert "001/nm-02/090: accepted as 001" in printed
    stranger, printed = call(capsys, "verify", "003", probe, *words, tmp_path / "stranger.json")
    assert (stranger["accepted"], stranger["walks"], stranger["left_out"]) == (False, 3, [])
    assert "001/nm-02/090: not accepted as 003" in printed
    curve = Calibration.load(network)
    assert own["threshold"] == pytest.approx(curve.threshold(0.1 / 2))
    assert stranger["threshold"] == pytest.approx(curve.threshold(0.1 / 3))
    assert own["distance"] <= own["threshold"]
    assert stranger["distance"] > stranger["threshold"]
    assert own["probability"] > stranger["probability"]


def test_refuses_in_one_line(skeletons, silhouettes, network, tmp_path, capsys) -> None:
    walk, other = (f"{skeletons.path}::person[{person}]/walk-1/free" for person in (0, 1))
    shape = f"{silhouettes.path}::000/nm-01/090"
    baseline = ("--model", "anthropometry")
    gallery = ("--gallery", str(skeletons.path), *baseline)
    (tmp_path / "film.mp4").write_bytes(b"x")
    single = gaitprint.Store.create(tmp_path / "single")
    single.add([skeletons.read("person[0]/walk-1/free")])
    for code, fault, words in (
        (1, "on the scale of at least 3", ("compare", walk, other, *baseline)),
        (1, "the model needs joints", ("compare", shape, shape, *baseline)),
        (2, "did you mean 'person[0]/walk-1/free'", ("compare", f"{skeletons.path}::person[0]/walk1/free", other)),
        (1, "no video that can be decoded", ("compare", str(tmp_path / "film.mp4"), other)),
        (2, "no such folder or file", ("compare", walk, other, "--model", "nothing")),
        (1, "no such file", ("identify", str(tmp_path / "none.txt"), *gallery)),
        (1, "no such folder", ("identify", walk, "--gallery", str(tmp_path / "none"), *baseline)),
        (2, "at least 1", ("identify", walk, *gallery, "--top-k", "0")),
        (1, "the gallery is empty", ("identify", walk, "--gallery", str(single.path), *baseline)),
        (2, "is not calibrated", ("verify", "person[1]", walk, *gallery)),
        (2, "did you mean 'person[1]'", ("verify", "person1", walk, *gallery)),
        (
            2,
            "holds no walk of 'person[0]' but",
            ("verify", "person[0]", walk, "--gallery", str(single.path), *baseline),
        ),
        (2, "the smallest is", ("verify", "001", shape, "--gallery", str(silhouettes.path), "--model", str(network))),
    ):
        assert main.run(words) == code, words
        (line,) = capsys.readouterr().err.splitlines()
        assert fault in line

"""gaitprint calibrate: from a store of strangers to a decision of a gallery."""

import json
from pathlib import Path

import pytest
from tests.cli.block_walks import block_walks
from tests.cli.networks import save_untrained_network

import gaitprint
from gaitprint.cli import main


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Five people, two passages of each of two videos: patterns of blocks, some of which every passage turns over."""
    walks = block_walks(5, ("a-01", "a-02", "b-01", "b-02"), view="free", frames=3)
    gaitprint.Store.create(tmp_path / "walks").add(walks)
    return tmp_path / "walks"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network that learnt from person 004."""
    return save_untrained_network(
        tmp_path / "network", input={"representation": "gei", "size": [64, 64]}, train_subjects=("004",)
    )


def run(*words: str | Path) -> dict:
    """Call the command and return what ``--json`` says."""
    path = Path(str(words[1])).parent / "answer.json"
    assert main.run([str(word) for word in (*words, "--json", path, "--quiet")]) == 0
    return json.loads(path.read_text())


def test_a_calibration_travels_with_its_weights(store: Path, network: Path) -> None:
    answer = run("calibrate", network, "--data", store, "--recordings", "videos", "--source", "four strangers")
    # Of four people 2 x 2 pairs of two videos each, and 16 walks less their own 4: 16 * 12 / 2 pairs.
    assert (answer["people"], answer["walks"], answer["genuine"], answer["impostors"]) == (4, 16, 16, 96)
    assert list(answer["thresholds"]) == ["0.1"]  # 96 pairs show no smaller one
    known = gaitprint.load(network).calibration
    assert known is not None
    assert known.source == "four strangers"
    assert known.threshold(0.1) == answer["thresholds"]["0.1"]
    assert run("calibrate", network, "--data", store)["genuine"] == 24


def test_who_was_learnt_from_calibrates_nothing(store: Path, network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["calibrate", str(network), "--data", str(store), "--subjects", "003", "004"]) == 2
    assert "004" in capsys.readouterr().err
    assert not (network / "calibration.json").exists()
    assert main.run(["calibrate", "skeleton", "--data", str(store)]) == 2
    assert "no folder of weights" in capsys.readouterr().err

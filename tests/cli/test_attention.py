import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.networks import save_untrained_network

from gaitprint.cli import main
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import KINECT_V1_20
from gaitprint.data.store import Store
from gaitprint.synth.body import average_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import GaitStyle

TINY = {
    "name": "skeleton-transformer",
    "skeleton": "kinect-v1-20",
    "graph_channels": [8],
    "frame_width": 8,
    "width": 8,
    "layers": 1,
    "feed_forward": 8,
    "heads": 2,
    "hidden": 8,
    "embedding": 4,
    "pyramid": [1],
}
JOINTS = {"representation": "joints", "skeleton": "kinect-v1-20"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clips = {"preprocessing": {}, "frames": 30, "sampling": "clip", "evaluation_clips": 2}
    return save_untrained_network(tmp_path_factory.mktemp("model"), 0, TINY, JOINTS | clips, ("999",))


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, two walks each; of a fourth nothing was seen."""
    path = tmp_path_factory.mktemp("walkers") / "store"
    walks = []
    for number in range(6):
        points = walk(average_body(1.5 + 0.1 * number), GaitStyle(), 90 + number, frame_rate_hz=30.0).landmarks
        joints = points[:, [LANDMARKS.index(name) for name in KINECT_V1_20.joints]]
        label = (f"{number // 2:03d}", f"walk-{number % 2}", "free", 30.0)
        walks.append(GaitSequence(*label, joints=joints, skeleton=KINECT_V1_20))
    nothing = {"joints": np.zeros((40, 20, 3), np.float32), "confidence": np.zeros((40, 20), np.float32)}
    walks.append(GaitSequence("003", "walk-9", "free", 30.0, skeleton=KINECT_V1_20, **nothing))
    Store.create(path).add(walks)
    return path


def _call(*words: object) -> int:
    return main.run([str(word) for word in words])


def test_a_walk_gives_two_pictures_numbers_and_a_table(run, walkers, tmp_path, capsys) -> None:
    out, summary = tmp_path / "out", tmp_path / "summary.json"
    assert _call("attention", run, "001/walk-1/free", "--data", walkers, "--out", out, "--json", summary) == 0
    assert sorted(path.name for path in out.iterdir()) == ["attention.json", "frames.png", "joints.png"]
    values = json.loads((out / "attention.json").read_text())
    assert values == json.loads(summary.read_text())
    assert (values["walk"], values["walks"], len(values["clips_seconds"])) == ("001/walk-1/free", 1, 2)
    assert np.mean(list(values["joints"].values())) == pytest.approx(1.0, abs=1e-3)
    assert np.mean(values["frames"]["attention"]) == pytest.approx(1.0, abs=1e-3)
    for name in ("joints", "frames"):
        with Image.open(out / f"{name}.png") as picture:
            assert picture.width == 1200
    printed = capsys.readouterr().out
    most = sorted(values["joints"].items(), key=lambda entry: -entry[1])[:5]
    rows = [line.split() for line in printed.splitlines() if line[:2].strip().isdigit() and "each" not in line]
    assert rows == [[str(rank), *name.split("_"), f"{value:.2f}"] for rank, (name, value) in enumerate(most, 1)]
    assert "frames.png" in printed


def test_without_a_walk_the_mean_over_walks(run, walkers, tmp_path, capsys) -> None:
    everybody, some = tmp_path / "all", tmp_path / "some"
    assert _call("attention", run, "--data", walkers, "--out", everybody) == 0
    assert "mean of 6 walks" in capsys.readouterr().out
    assert sorted(path.name for path in everybody.iterdir()) == ["attention.json", "joints.png"]
    values = json.loads((everybody / "attention.json").read_text())
    assert (values["walks"], values["subjects"]) == (6, 3)
    assert [reject["path"] for reject in values["left_out"]] == ["003/walk-9/free"]
    single = []
    for number in (0, 1):
        words = ("attention", run, f"000/walk-{number}/free", "--data", walkers, "--out", tmp_path / "one", "--quiet")
        assert _call(*words) == 0
        single.append(json.loads((tmp_path / "one" / "attention.json").read_text())["joints"]["head"])
    assert _call("attention", run, "--data", walkers, "--out", some, "--subjects", "000", "--quiet") == 0
    values = json.loads((some / "attention.json").read_text())
    assert (values["walks"], values["subjects"], values["left_out"]) == (2, 1, [])
    assert values["joints"]["head"] == pytest.approx(np.mean(single), abs=2e-4)


@pytest.mark.parametrize(
    ("model", "words", "code", "message"),
    [
        ("anthropometry", ["000/walk-0/free"], 2, "anthropometry has no attention to show; these have: skeleton-trans"),
        ("anthropometry", [], 2, "anthropometry has no attention to show; these have: skeleton-transformer"),
        ("gei", [], 2, "cnn-gei has no attention to show"),
        ("run", ["000/walk-00/free"], 2, "did you mean '000/walk-0/free'?"),
        ("run", ["003/walk-9/free"], 1, "003/walk-9/free: no joint was seen"),
        ("run", ["000/walk-0/free", "--subjects", "000"], 2, "--subjects chooses walks for a mean"),
        ("run", ["--subjects", "007"], 2, "holds no subject 007"),
        ("nowhere", [], 2, "nowhere"),
    ],
)
def test_refuses_in_one_line(model, words, code, message, run, walkers, tmp_path, capsys) -> None:
    if model == "gei":
        model = save_untrained_network(tmp_path / "gei", train_subjects=("999",))
    out = tmp_path / "out"
    assert _call("attention", run if model == "run" else model, *words, "--data", walkers, "--out", out) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert not out.exists()


def test_the_report_shows_where_the_model_looks(run, walkers, tmp_path) -> None:
    out = tmp_path / "out"
    words = ("--data", walkers, "--protocol", "first-walk", "--subjects", "000", "001", "--out", out, "--quiet")
    assert _call("evaluate", run, *words) == 0
    page = (out / "report.html").read_text()
    assert 'href="#attention"' in page
    section = page[page.index('<section id="attention">') :].partition("</section>")[0]
    assert "000/walk-0/free" in section
    assert section.count("<svg") == 2
    assert "Attention over 2 clips of the walk, uniform = 1" in section
    assert _call("evaluate", "anthropometry", *words) == 0
    assert 'id="attention"' not in (out / "report.html").read_text()

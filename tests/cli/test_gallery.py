"""enroll, identify, verify and gallery, with a calibrated network on silhouettes."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.cli.block_walks import block_walks
from tests.cli.networks import save_untrained_network

import gaitprint
from gaitprint.cli import main
from gaitprint.evaluation.calibration import Calibration
from gaitprint.gallery.engine import open_engine
from gaitprint.gallery.template import ModelKey, Template


@pytest.fixture
def walks(tmp_path) -> list[list[str]]:
    """Words for three walks each of four people."""
    store = gaitprint.Store.create(tmp_path / "walks")
    store.add(block_walks())
    return [[f"{store.path}::00{person}/nm-0{number}/090" for number in (1, 2, 3)] for person in range(4)]


@pytest.fixture
def network(walks, tmp_path) -> Path:
    return make_network(tmp_path / "network", 0, tmp_path / "walks")


def make_network(folder: Path, seed: int, store: Path | None = None) -> Path:
    """A network compared by cosine; with a calibration from the walks of a store, where one is given."""
    save_untrained_network(folder, seed)
    if store is not None:
        known = gaitprint.load(folder, "cpu").embed_store(gaitprint.Store(store))
        values = known.embeddings[:, 0] / np.linalg.norm(known.embeddings[:, 0], axis=1, keepdims=True)
        distances, same = 1 - values @ values.T, known.subjects[:, None] == known.subjects
        pairs = np.tri(len(values), k=-1, dtype=bool)
        Calibration.fit(distances[pairs & same], distances[pairs & ~same]).save(folder)
    return folder


@pytest.fixture
def call(tmp_path, capsys):
    def run(*words) -> tuple[dict, str]:
        summary = tmp_path / "summary.json"
        device = () if words[0] == "gallery" else ("--device", "cpu")
        assert main.run([*map(str, words), "--json", str(summary), *device]) == 0
        return json.loads(summary.read_text()), capsys.readouterr().out

    return run


def test_a_gallery_from_the_first_enrolment_to_the_last_removal(walks, network, tmp_path, call, monkeypatch) -> None:
    monkeypatch.setenv("GAITPRINT_GALLERY", str(tmp_path / "known"))
    model = ("--model", network)
    anna, printed = call("enroll", "Anna", *walks[0][:2], *model, "--keep-walks", "--keep-pictures")
    assert anna["walks"] == ["000/nm-01/090", "000/nm-02/090"]
    assert len(anna["templates"]) == 2
    assert "Anna: 2 templates (cnn-gei)" in printed
    call("enroll", "Ben [red]", *walks[1][:2], *model)

    listed, printed = call("gallery", "list")
    assert [(person["name"], person["modalities"]) for person in listed["people"]] == [
        ("Anna", ["silhouettes"]),
        ("Ben [red]", ["silhouettes"]),
    ]
    assert "Ben [red]" in printed
    assert "2 people" in printed

    known, printed = call("identify", walks[0][2], *model, "--fpir", 0.5)
    assert (known["decision"], known["person"], known["people"], known["walks"]) == ("known", "Anna", 2, 4)
    assert [candidate["rank"] for candidate in known["candidates"]] == [1, 2]
    assert known["candidates"][0]["nearest_walk"].startswith("000/nm-0")
    assert "known: Anna" in printed
    curve = Calibration.load(network)
    assert known["candidates"][0]["distance"] <= curve.threshold(0.5 / 4)
    stranger, printed = call("identify", walks[3][0], *model, "--fpir", 0.5)
    assert (stranger["decision"], stranger["person"]) == ("unknown", None)
    assert "unknown: nobody who is enrolled" in printed
    undecided, printed = call("identify", walks[0][2], *model, "--fpir", 0.001)
    assert undecided["decision"] is None
    assert "the smallest is" in undecided["reason"]
    assert "not decided: " in printed

    own, printed = call("verify", "Anna", walks[0][2], *model, "--fmr", 0.3)
    assert own["accepted"]
    assert own["threshold"] == pytest.approx(curve.threshold(0.3 / 2))
    assert "accepted as Anna" in printed
    assert not call("verify", "Anna", walks[3][0], *model, "--fmr", 0.3)[0]["accepted"]

    shown, printed = call("gallery", "show", "Anna")
    assert [template["walk"] for template in shown["templates"]] == anna["walks"]
    assert all(template["picture_bytes"] and template["walk_bytes"] for template in shown["templates"])
    call("gallery", "rename", "Anna", "Anne")
    exported, _ = call("gallery", "export", tmp_path / "all.jsonl")
    assert exported["templates"] == 4
    copied, _ = call("gallery", "copy", tmp_path / "known", tmp_path / "other")
    assert copied["templates"] == 4
    removed, _ = call("gallery", "delete", "Anne")
    assert removed["templates"] == 2
    assert [person["name"] for person in call("gallery", "list")[0]["people"]] == ["Ben [red]"]
    imported, _ = call("gallery", "import", tmp_path / "all.jsonl", "--gallery", tmp_path / "third")
    assert imported["templates"] == 4
    for place in ("other", "third"):
        there, _ = call("gallery", "list", "--gallery", tmp_path / place)
        assert [person["name"] for person in there["people"]] == ["Anne", "Ben [red]"]

    newer = make_network(tmp_path / "newer", 1)
    again, printed = call("gallery", "reembed", "--gallery", tmp_path / "other", "--model", newer)
    assert (again["templates"], again["left"]) == (2, ["Ben [red]"])
    replaced, _ = call(
        "enroll", "Ben [red]", walks[1][0], "--replace", "--gallery", tmp_path / "other", "--model", newer
    )
    assert replaced["replaced"] == 2
    found, _ = call("identify", walks[1][1], "--gallery", tmp_path / "other", "--model", newer)
    assert found["candidates"][0]["subject"] == "Ben [red]"
    assert "not calibrated" in found["reason"]


def test_a_list_of_many_people_stays_short(tmp_path, call) -> None:
    key = ModelKey("m", "", "cosine", 1, 4)
    names = [f"person {number:03d}" for number in range(203)]
    with open_engine(tmp_path / "known") as engine:
        engine.add([Template(name, key, "joints", np.ones((1, 4), np.float32), "w", "c", "v") for name in names])
    listed, printed = call("gallery", "list", "--gallery", tmp_path / "known")
    assert [person["name"] for person in listed["people"]] == names
    assert "person 199" in printed
    assert "person 200" not in printed
    assert "and 3 more" in printed


def test_refuses_in_one_line(walks, network, tmp_path, capsys) -> None:
    known = str(tmp_path / "known")
    rest = ("--gallery", known, "--model", str(network))
    assert main.run(["enroll", "Anna", walks[0][0], *rest, "--quiet"]) == 0
    other = ("--gallery", known, "--model", str(make_network(tmp_path / "other", 1)))
    (tmp_path / "text").write_text("x")
    for code, fault, words in (
        (2, "did you mean 'Anna'", ("verify", "Ana", "looked at later.mp4", *rest)),
        (2, "nobody is enrolled as 'Zoe'", ("gallery", "delete", "Zoe", "--gallery", known)),
        (2, "has white space at an end", ("enroll", " Anna", walks[0][0], *rest)),
        (2, "has 10000 characters", ("enroll", "x" * 10_000, walks[0][0], *rest)),
        (1, "the model at hand is cnn-gei", ("identify", walks[0][1], *other)),
        (1, "the model at hand is cnn-gei", ("enroll", "Ben", walks[1][0], *other)),
        (1, "on the scale of all walks", ("enroll", "Ben", walks[1][0], *rest[:2], "--model", "anthropometry")),
        (1, "no such folder", ("gallery", "list", "--gallery", str(tmp_path / "none"))),
        (2, "gallery list looks at no walk, and takes no --model", ("gallery", "list", *rest)),
        (2, "gallery list computes nothing, and takes no --device", ("gallery", "list", "--device", "cpu")),
        (2, "gaitprint gallery rename A B: 1 word given", ("gallery", "rename", "Anna", "--gallery", known)),
        (2, "must be above 0 and below 1", ("identify", "looked at later.mp4", *rest, "--fpir", "0")),
        (2, "must be above 0 and below 1", ("verify", "Anna", "looked at later.mp4", *rest, "--fmr", "nan")),
        (2, "both look at silhouettes", ("identify", walks[0][1], *rest, "--model", str(network))),
        (1, "not an export", ("gallery", "import", str(tmp_path / "text"), "--gallery", str(tmp_path / "none"))),
        (2, "unknown gallery engine", ("gallery", "list", "--gallery", "ftp://x")),
    ):
        assert main.run(words) == code, words
        (line,) = capsys.readouterr().err.splitlines()
        assert fault in line, (words, line)
    assert not (tmp_path / "none").exists()

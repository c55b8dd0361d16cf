"""A skeleton of one's own, from its file through store, training and card to an evaluation without the file."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

import gaitprint
from gaitprint.cli import main
from gaitprint.core.config import to_mapping
from gaitprint.core.errors import IncompatibleError, UnreadableFileError, UsageError
from gaitprint.core.skeletons import COCO_17, KINECT_V1_20, Skeleton, convert_joints
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import load_embedder
from gaitprint.synth.body import average_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import GaitStyle
from gaitprint.training.recipe import load_recipe, resolve

LIMBS = ("shoulder", "hip", "knee", "ankle")
STICK = {
    "name": "stick-9",
    "joints": ["head", *(f"{side}_{limb}" for limb in LIMBS for side in ("left", "right"))],
    "bones": [
        [above if above == "head" else f"{side}_{above}", f"{side}_{below}"]
        for side in ("left", "right")
        for above, below in zip(("head", *LIMBS), LIMBS, strict=False)
    ],
    "left_right": [[f"left_{limb}", f"right_{limb}"] for limb in LIMBS],
}
# Joints that no built-in skeleton has.
MARKERS = {
    "name": "markers-3",
    "joints": ["waist", "toe_a", "toe_b"],
    "bones": [["waist", "toe_a"], ["waist", "toe_b"]],
    "left_right": [["toe_a", "toe_b"]],
}
NETWORKS = {
    "resgcn": {"branch_channels": 8, "channels": [16], "kernel": 5, "joint_channels": 4, "embedding": 8},
    "skeleton-transformer": {"graph_channels": [8], "frame_width": 8, "heads": 2, "width": 16, "layers": 1},
}


def write_recipe(folder: Path, network: str, **sections: object) -> Path:
    path = folder / f"{network}.yaml"
    recipe = {
        "model": {"name": network, **NETWORKS[network], **({"feed_forward": 16} if "trans" in network else {})},
        "input": {"frames": 16},
        "data": {"subjects": "all"},
        "sampler": {"name": "plain", "batch_size": 4},
        "training": {"steps": 2},
        **sections,
    }
    path.write_text(yaml.safe_dump(recipe))
    return path


def walks(skeleton: Skeleton, axes: int = 3) -> list[gaitprint.GaitSequence]:
    sequences = []
    for number in range(6):
        points = walk(average_body(1.5 + 0.1 * (number // 2)), GaitStyle(), 40, frame_rate_hz=30.0).landmarks
        if set(skeleton.joints) <= set(LANDMARKS.joints):
            joints = convert_joints(points, LANDMARKS, skeleton)[0]
        else:
            joints = points[:, : len(skeleton.joints)]
        labels = (f"p{number // 2}", f"walk-{number % 2 + 1:02d}", "free")
        joints = (joints[..., :axes] + np.float32([0.2, 0, 2])[:axes]).astype(np.float32)
        sequences.append(gaitprint.GaitSequence(*labels, 30.0, joints=joints, skeleton=skeleton))
    return sequences


@pytest.mark.parametrize(
    ("network", "definition", "axes", "sections"),
    [
        ("resgcn", STICK, 3, {"augment": [{"name": "joint-flip", "probability": 1.0}]}),
        ("resgcn", STICK, 2, {}),
        ("resgcn", MARKERS, 3, {"input": {"frames": 16, "preprocessing": None}}),
        ("skeleton-transformer", STICK, 3, {}),
    ],
)
def test_from_the_file_to_an_evaluation_without_it(
    network: str, definition: dict, axes: int, sections: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(yaml.safe_dump(definition))
    skeleton = gaitprint.read_skeleton("mine.yaml")
    Store.create("store").add(walks(skeleton, axes))
    recipe = write_recipe(tmp_path, network, **sections)
    overrides = ["model.skeleton=mine.yaml", f"model.axes={axes}"]
    assert main.run(["train", str(recipe), *overrides, "--data", "store", "--out", "run", "--quiet"]) == 0
    Path("mine.yaml").unlink()

    resolved = yaml.safe_load(Path("run/recipe.yaml").read_text())
    card = json.loads(Path("run/best/card.json").read_text())
    for section in (resolved, card):
        assert section["model"]["skeleton"] == definition
        assert section["input"]["skeleton"] == definition
    assert [choice["skeleton"] for choice in resolved["augment"]] == [definition] * len(resolved["augment"])

    embedder = load_embedder("run", "cpu")
    assert embedder.model.skeleton == skeleton
    stored = embedder.embed_store(Store("store"))
    in_memory = embedder.embed([Store("store").read(walk) for walk in Store("store")])
    np.testing.assert_array_equal(stored.embeddings, in_memory)

    unseen = [
        gaitprint.GaitSequence(f"new-{w.subject}", w.condition, w.view, 30.0, joints=w.joints, skeleton=w.skeleton)
        for w in walks(skeleton, axes)
    ]
    Store.create("others").add(unseen)
    evaluate = ["evaluate", "run", "--data", "others", "--protocol", "first-walk", "--out", "out", "--quiet"]
    assert main.run([*evaluate, "--json", "out.json"]) == 0
    assert json.loads(Path("out.json").read_text())["subjects"] == 3


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("stick.json").write_text(json.dumps(STICK))
    Store.create("store").add(walks(gaitprint.read_skeleton("stick.json")))
    recipe = str(write_recipe(tmp_path, "resgcn"))
    assert main.run(["train", recipe, "model.skeleton=stick.json", "--data", "store", "--out", "run", "--quiet"]) == 0
    return "run"


def test_other_skeletons_are_converted_where_their_joints_say_so(trained: str) -> None:
    embedder = load_embedder(trained, "cpu")
    expected = embedder.embed(walks(embedder.model.skeleton))
    # A built-in one that has all of its joints, and one of the same name in another order.
    np.testing.assert_allclose(embedder.embed(walks(KINECT_V1_20)), expected, atol=1e-4)
    turned = Skeleton("stick-9", tuple(reversed(STICK["joints"])), (), ())
    np.testing.assert_allclose(embedder.embed(walks(turned)), expected, atol=1e-4)
    lacking = Skeleton("stick-9", tuple(STICK["joints"][:-1]), (), ())
    with pytest.raises(IncompatibleError, match="needs joints of stick-9; stick-9 has no right_ankle"):
        embedder.embed(walks(lacking))
    with pytest.raises(IncompatibleError, match="needs joints with 3 coordinates, these have 2"):
        embedder.embed(walks(embedder.model.skeleton, axes=2))


def test_training_on_walks_of_another_skeleton_is_refused(trained: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("markers.yaml").write_text(yaml.safe_dump(MARKERS))
    arguments = ["train", "resgcn.yaml", "--data", "store", "--out", "other"]
    assert main.run([*arguments, "model.skeleton=markers.yaml"]) == 1
    assert "needs joints of markers-3; stick-9 has no waist, toe_a, toe_b" in capsys.readouterr().err
    # And preprocessing that knows none of the joints says which ones it needs.
    Store.create("marked").add(walks(gaitprint.read_skeleton("markers.yaml")))
    arguments = ["train", "resgcn.yaml", "--data", "marked", "--out", "other", "model.skeleton=markers.yaml"]
    assert main.run(arguments) == 1
    assert "skeleton 'markers-3' cannot be preprocessed: it has no pelvis" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("joints: [a]", r"mine\.yaml: skeleton\.name"),
        ("name: x\njoints: [a]\nbones: [[a, b]]\nleft_right: []", r"mine\.yaml: skeleton 'x': .*unknown joint 'b'"),
        ("- a\n- b", r"mine\.yaml: holds no mapping"),
        ("{", r"mine\.yaml: "),
    ],
)
def test_a_broken_file_is_one_line(text: str, line: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UnreadableFileError, match=line) as error:
        load_recipe(str(write_recipe(tmp_path, "resgcn")), [f"model.skeleton={path}"])
    assert "\n" not in str(error.value)


def test_a_recipe_takes_definitions_as_well(tmp_path: Path) -> None:
    recipe = load_recipe(str(write_recipe(tmp_path, "resgcn")), [f"model.skeleton={json.dumps(STICK)}"])
    assert recipe.model["skeleton"] == recipe.input["skeleton"] == STICK
    assert resolve(to_mapping(recipe)) == recipe


def test_the_flip_takes_the_skeleton_of_the_input(tmp_path: Path) -> None:
    path = str(write_recipe(tmp_path, "resgcn", augment=["joint-yaw", "joint-flip"]))
    assert load_recipe(path).augment[1]["skeleton"] == "kinect-v1-20"
    assert "skeleton" not in load_recipe(path).augment[0]
    other = load_recipe(path, ["input.skeleton=mpii-16", "model.skeleton=mpii-16"])
    assert other.augment[1]["skeleton"] == "mpii-16"
    assert resolve(to_mapping(other)) == other
    assert load_recipe(path, ["augment.1.skeleton=coco-17"]).augment[1]["skeleton"] == COCO_17.name
    with pytest.raises(UsageError, match="did you mean 'coco-17'"):
        load_recipe(path, ["augment.1.skeleton=coco17"])

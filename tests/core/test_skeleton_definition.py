"""Skeletons of one's own, as mappings and files."""

import json
from pathlib import Path

import pytest
import yaml

from gaitprint.core.errors import GaitprintError, InvalidSequenceError, UnreadableFileError, UsageError
from gaitprint.core.skeleton_definition import read_skeleton, with_definition
from gaitprint.core.skeletons import KINECT_V1_20, SKELETONS, Skeleton, get_skeleton

LEGS = {
    "name": "legs-5",
    "joints": ["pelvis", "left_knee", "right_knee", "left_ankle", "right_ankle"],
    "bones": [
        ["pelvis", "left_knee"],
        ["pelvis", "right_knee"],
        ["left_knee", "left_ankle"],
        ["right_knee", "right_ankle"],
    ],
    "left_right": [["left_knee", "right_knee"], ["left_ankle", "right_ankle"]],
}


def test_a_mapping_a_file_and_python_give_the_same(tmp_path: Path) -> None:
    skeleton = get_skeleton(LEGS)
    assert skeleton.joints[3] == "left_ankle"
    assert skeleton.bone_indices.tolist() == [[0, 1], [0, 2], [1, 3], [2, 4]]
    assert skeleton.mirror_indices.tolist() == [0, 2, 1, 4, 3]
    assert skeleton.definition == LEGS
    (tmp_path / "legs.yaml").write_text(yaml.safe_dump(LEGS))
    (tmp_path / "legs.json").write_text(json.dumps(LEGS))
    lists = Skeleton(LEGS["name"], LEGS["joints"], LEGS["bones"], LEGS["left_right"])
    for other in (read_skeleton(tmp_path / "legs.yaml"), read_skeleton(tmp_path / "legs.json"), lists):
        assert other == skeleton
        assert hash(other) == hash(skeleton)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda skeleton: skeleton.name)
def test_built_in_skeletons_have_definitions_too(skeleton: Skeleton) -> None:
    assert get_skeleton(json.loads(json.dumps(skeleton.definition))) == skeleton


WRONG: list[tuple[dict[str, object], type[GaitprintError], str]] = [
    ({"joints": None}, UsageError, r"skeleton\.joints: .*got None"),
    ({"joints": ["a", 3]}, UsageError, r"skeleton\.joints\.1: .*got 3"),
    ({"bones": [["pelvis"]]}, UsageError, r"skeleton\.bones\.0"),
    ({"bone": []}, UsageError, r"unknown key 'skeleton\.bone' \(did you mean 'bones'\?\)"),
    ({"name": ""}, InvalidSequenceError, "needs a name"),
    ({"joints": [], "bones": [], "left_right": []}, InvalidSequenceError, "needs a name, and joints"),
    ({"joints": [*LEGS["joints"], "pelvis"]}, InvalidSequenceError, "listed twice: 'pelvis'"),
    ({"bones": [["hip", "left_knee"]]}, InvalidSequenceError, "unknown joint 'hip'"),
    (
        {"bones": [["pelvis", "left_knee"], ["right_knee", "left_knee"]]},
        InvalidSequenceError,
        "two bones lead to one joint: 'left_knee'",
    ),
    (
        {"bones": [["pelvis", "left_knee"], ["left_knee", "pelvis"]]},
        InvalidSequenceError,
        "round in a circle: 'pelvis'",
    ),
    ({"bones": [["pelvis", "pelvis"]]}, InvalidSequenceError, "round in a circle"),
    ({"left_right": [["left_knee", "left_knee"]]}, InvalidSequenceError, "two pairs of left and right: 'left_knee'"),
]


@pytest.mark.parametrize(("change", "kind", "line"), WRONG)
def test_what_is_no_definition_is_refused_in_one_line(
    change: dict[str, object], kind: type[GaitprintError], line: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=line) as error:
        get_skeleton({**LEGS, **change})
    assert "\n" not in str(error.value)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**LEGS, **change}))
    with pytest.raises(UnreadableFileError, match=line) as error:
        read_skeleton(path)
    assert str(error.value).startswith(f"{path}: ")


def test_missing_keys_and_files() -> None:
    with pytest.raises(UsageError, match=r"skeleton\.left_right"):
        get_skeleton({key: value for key, value in LEGS.items() if key != "left_right"})
    with pytest.raises(UnreadableFileError, match=r"nowhere\.yaml: .*No such file"):
        read_skeleton("nowhere.yaml")


def test_paths_become_definitions(tmp_path: Path) -> None:
    path = tmp_path / "legs.yml"
    path.write_text(yaml.safe_dump(LEGS))
    assert with_definition({"name": "resgcn", "skeleton": str(path)}) == {"name": "resgcn", "skeleton": LEGS}
    for options in ({"name": "cnn-gei"}, {"skeleton": KINECT_V1_20.name}, {"skeleton": LEGS}, {"skeleton": None}):
        assert with_definition(options) == options

"""Photographs whose pictures or annotations are wrong: one line about each, and all good people stored."""

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat
from tests.data.datasets.annotating import coco_file, coco_person, mpii_mat, mpii_person, picture, places, structures

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.skeletons import MPII_16
from gaitprint.data.datasets.lsp import LSP_14
from gaitprint.data.datasets.mat_file import read_apart
from gaitprint.data.prepare import PrepareSummary, prepare
from gaitprint.data.store import Store


def check(summary: PrepareSummary, expected: list[tuple[Path, str]], good: int, store: Path) -> None:
    """Exactly one line about each, with the right reason; all good people stored."""
    found = sorted(summary.rejects)
    for path, reason in found:
        assert "\n" not in path + reason
        assert len(reason) < 250
    left = list(found)
    for path, part in expected:
        match = next((line for line in left if line[0] == str(path) and part in line[1]), None)
        assert match is not None, (path, part, found)
        left.remove(match)
    assert left == []
    assert summary.stored == len(Store(store)) == good


def spoiled_pictures(folder: Path, points: np.ndarray) -> dict[str, str]:
    """Pictures that cannot be used: name -> part of the line about it."""
    picture(folder / "good.jpg", points)
    good = (folder / "good.jpg").read_bytes()
    wrong: dict[str, tuple[Callable[[Path], object], str]] = {
        "cut.jpg": (lambda path: path.write_bytes(good[: len(good) // 2]), "damaged picture"),
        "text.jpg": (lambda path: path.write_text("I am a text file."), "no picture"),
        "empty.jpg": (lambda path: path.write_bytes(b""), "empty file"),
        "folder.jpg": (lambda path: path.mkdir(), "is a folder"),
        "missing.jpg": (lambda path: path, "No such file"),
        "small.jpg": (lambda path: picture(path, points, size=(8, 8)), "none of 16 joints lies within the picture"),
    }
    for name, (make, _) in wrong.items():
        make(folder / name)
    return {name: reason for name, (_, reason) in wrong.items()}


def test_malformed_mpii_lists(tmp_path: Path) -> None:
    points = places(16)
    reasons = spoiled_pictures(tmp_path / "images", points)
    file = tmp_path / "train.json"

    def entry(image: Any, **values: Any) -> dict[str, Any]:
        return {"image": image, "joints": (points + 1.0).tolist(), "joints_vis": [1] * 16} | values

    outside = (points + 1.0).tolist()
    outside[0] = [-50, 10]
    entries = [
        (entry("good.jpg"), None),
        *((entry(name), (tmp_path / "images" / name, reason)) for name, reason in reasons.items()),
        (entry("good.jpg", joints=outside), (tmp_path / "images" / "good.jpg", "person 2: outside of the picture")),
        (entry("good.jpg", joints_vis=[0] * 16), (tmp_path / "images" / "good.jpg", "none of 0 joints")),
        (entry("good.jpg", joints=[[9, 9]] * 16), (tmp_path / "images" / "good.jpg", "within 0 pixels, need 12")),
        (entry(3), (file, "entry 11: names no image")),
        ("person", (file, "entry 12: names no image")),
        (entry("a.jpg", joints="many"), (file, "entry 13: joints and joints_vis are not numbers")),
        (entry("a.jpg", joints=[[1, 2]] * 15), (file, "entry 14: joints are [15, 2], joints_vis [16]; need 16")),
        (entry("a.jpg", joints=[[1, float("nan")]] * 16), (file, "entry 15: joints or joints_vis hold NaN")),
        (entry("a.jpg", joints_vis=None), (file, "entry 16: joints are [16, 2], joints_vis []")),
        (entry("../../etc/passwd"), (file, "is no name of a file in the data set's folders")),
        (entry("a:b.jpg"), (tmp_path / "images" / "a:b.jpg", "is no valid label")),
    ]
    file.write_text(json.dumps([one for one, _ in entries]))
    whole = {
        "dict.json": ("{}", "no list of annotated people"),
        "text.json": ("Dear reader", "not JSON"),
        "empty.json": ("", "empty file"),
        "deep.json": ("[" * 100_000, "not JSON"),
    }
    for name, (text, _) in whole.items():
        (tmp_path / name).write_text(text)
    expected = [line for _, line in entries if line is not None]
    expected += [(tmp_path / name, reason) for name, (_, reason) in whole.items()]
    check(prepare("mpii", tmp_path, tmp_path / "store", workers=2), expected, 2, tmp_path / "store")


def test_malformed_mat_files(tmp_path: Path) -> None:
    points = places(16)
    picture(tmp_path / "images" / "a.jpg", points)
    good = mpii_person(points)

    def with_point(**values: Any) -> dict[str, Any]:
        row = {"x": 3.0, "y": 4.0, "id": 1, "is_visible": 1} | values
        return good | {"annopoints": structures([{"point": structures([row, row | {"id": 2}])}])}

    wrong = {
        "x missing": (with_point(x=np.zeros((0, 0))), "a joint lacks id, x or y"),
        "x word": (with_point(x="west"), "a joint lacks id, x or y"),
        "x nan": (with_point(x=float("nan")), "the place of a joint is NaN or infinite"),
        "id large": (with_point(id=16), "the ids of joints are not different ones of 0..15"),
        "id twice": (with_point(id=2), "the ids of joints are not different ones of 0..15"),
        "id half": (with_point(id=1.5), "the ids of joints are not different ones of 0..15"),
    }
    mpii_mat(tmp_path / "a.mat", {"a.jpg": [good, *(person for person, _ in wrong.values())], "b.jpg": [good]})
    data = (tmp_path / "a.mat").read_bytes()
    savemat(tmp_path / "other.mat", {"joints": np.zeros(3)})
    savemat(tmp_path / "number.mat", {"RELEASE": 5})
    files = {
        "cut.mat": (data[: len(data) // 2], "or a damaged one"),
        "text.mat": (b"I am a text file, and not a short one at all. " * 9, "no MATLAB file"),
        "empty.mat": (b"", "empty file"),
        "header.mat": (data[:130], "or a damaged one"),
        "new.mat": (b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + zlib.compress(b"x" * 999), "of MATLAB 7.3"),
    }
    for name, (content, _) in files.items():
        (tmp_path / name).write_bytes(content)
    expected = [
        (tmp_path / "a.mat", f"picture 1, person {n}: {reason}") for n, (_, reason) in enumerate(wrong.values(), 2)
    ]
    expected += [(tmp_path / name, reason) for name, (_, reason) in files.items()]
    expected += [
        (tmp_path / "other.mat", "holds no variable 'RELEASE'"),
        (tmp_path / "number.mat", "RELEASE.annolist lists no pictures"),
        (tmp_path / "images" / "b.jpg", "No such file"),
    ]
    summary = prepare("mpii", tmp_path, tmp_path / "store", workers=2)
    check(summary, expected, 1, tmp_path / "store")


def _crash(path: Path) -> None:
    os._exit(9)


def test_a_file_that_crashes_its_reader_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"x.mat: a damaged MATLAB file \(the process that read it died\)"):
        read_apart(_crash, tmp_path / "x.mat")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((3, 13, 5)), "'joints' is [3, 13, 5], need [3, 14, N] or [14, 3, N]"),
        (np.zeros(7), "'joints' is no array of numbers"),
        ("joints", "'joints' is no array of numbers"),
        (structures([{"x": 1}]), "'joints' is no array of numbers"),
    ],
)
def test_malformed_lsp(tmp_path: Path, values: Any, reason: str) -> None:
    savemat(tmp_path / "joints.mat", {"joints": values})
    with pytest.raises(UnreadableFileError, match="holds no walks for the reader 'lsp'") as error:
        prepare("lsp", tmp_path, tmp_path / "store", workers=1)
    assert reason in str(error.value)


def test_lsp_joints_that_are_no_numbers_are_unseen(tmp_path: Path) -> None:
    points = places(14)
    values = np.concatenate([points + 1.0, np.ones((14, 1))], axis=1).T[..., None].repeat(2, axis=2)
    values[0, 4, 0] = np.nan
    values[:, :, 1] = np.nan
    savemat(tmp_path / "joints.mat", {"joints": values})
    for number in (1, 2):
        picture(tmp_path / "images" / f"im{number:04d}.jpg", points)
    summary = prepare("lsp", tmp_path, tmp_path / "store", workers=1)
    expected = [(tmp_path / "images" / "im0002.jpg", "none of 0 joints lies within the picture")]
    check(summary, expected, 1, tmp_path / "store")
    confidence = Store(tmp_path / "store").read("im0001-1/photo/free").confidence[0]
    assert np.flatnonzero(confidence == 0).tolist() == [MPII_16.index(LSP_14.joints[4])]


def test_malformed_coco(tmp_path: Path) -> None:
    points = places(17)
    picture(tmp_path / "val2017" / "000007.jpg", points)
    file = tmp_path / "annotations" / "person_keypoints_val2017.json"
    wrong: list[tuple[dict[str, Any], str]] = [
        (coco_person(points, keypoints=[1, 2]), "annotation 2: has 2 keypoint values, need 51"),
        (coco_person(points, keypoints="many"), "annotation 3: its keypoints are not numbers"),
        (coco_person(points, keypoints=None), "annotation 4: has no keypoint values"),
        (coco_person(points, keypoints=[float("inf")] * 51), "annotation 5: its keypoints hold NaN or infinity"),
        (coco_person(points, image=8), "annotation 6: no picture of its image_id is listed"),
        (coco_person(points, image_id=[7]), "annotation 7: no picture of its image_id is listed"),
        (coco_person(points, keypoints=[1e300] * 51), "annotation 8: its keypoints hold NaN or infinity, or places"),
    ]
    coco_file(file, [coco_person(points), *(annotation for annotation, _ in wrong)])
    other = tmp_path / "annotations" / "person_keypoints_list.json"
    other.write_text("[]")
    third = tmp_path / "annotations" / "person_keypoints_text.json"
    third.write_text("hello")
    expected = [(file, reason) for _, reason in wrong]
    expected += [(other, "no COCO annotations: 'images' is no list"), (third, "not JSON")]
    check(prepare("coco", tmp_path, tmp_path / "store", workers=2), expected, 1, tmp_path / "store")


def test_a_picture_of_another_size_than_annotated_is_refused(tmp_path: Path) -> None:
    points = places(17)
    picture(tmp_path / "000007.jpg", points)
    coco_file(tmp_path / "a.json", [coco_person(points)], height=100)
    with pytest.raises(UnreadableFileError, match=r"320 x 240 pixels; its annotation is of one of 320 x 100"):
        prepare("coco", tmp_path, tmp_path / "store", workers=1)

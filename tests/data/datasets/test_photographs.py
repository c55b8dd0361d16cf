"""Photographs with annotated people: pictures with a dot at each joint, annotated as each data set does it."""

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.skeletons import COCO_17, MPII_16, convert_joints
from gaitprint.data.datasets.lsp import LSP_14
from gaitprint.data.datasets.mat_file import read_apart
from gaitprint.data.prepare import PrepareSummary, prepare
from gaitprint.data.store import Store

SIZE = (240, 320)  # height, width


def places(count: int, seed: int = 0) -> np.ndarray:
    """Whole pixels [count, 2] counted from 0, one joint each, far enough apart to be told."""
    rng = np.random.default_rng(seed)
    cells = rng.permutation(60)[:count]
    return np.stack([100 + 16 * (cells % 6), 30 + 18 * (cells // 6)], axis=1)


def picture(path: Path, points: np.ndarray, size: tuple[int, int] = SIZE, radius: int = 1) -> None:
    """A grey picture with a white square around each of these pixels."""
    pixels = np.full((*size, 3), 40, np.uint8)
    for x, y in points.astype(int):
        pixels[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95)


def centre_near(image: np.ndarray, place: np.ndarray, radius: int = 5) -> np.ndarray:
    """Centre of what is bright around a place, pixel centres at halves."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    weights = np.where(np.hypot(columns - place[0], rows - place[1]) < radius, np.maximum(image[..., 1] - 60.0, 0), 0)
    return np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()


def check_dots(store: Store, walk: str, annotated: np.ndarray, radius: int = 5) -> np.ndarray:
    """Every joint that is annotated by itself (bool [16]) lies on its dot; returns the confidence."""
    sequence = store.read(walk)
    assert sequence.joints is not None
    assert sequence.confidence is not None
    assert sequence.frames is not None
    assert (sequence.num_frames, sequence.skeleton) == (1, MPII_16)
    for joint in np.flatnonzero(annotated):
        found = centre_near(sequence.frames[0], sequence.joints[0, joint], radius)
        assert np.abs(found - sequence.joints[0, joint]).max() < 0.35, MPII_16.joints[joint]
    return sequence.confidence[0]


def structures(rows: list[dict[str, Any]]) -> np.ndarray:
    """A MATLAB array of structures [1, N]."""
    names = list(rows[0])
    array = np.empty((1, len(rows)), [(name, object) for name in names])
    for index, row in enumerate(rows):
        for name in names:
            array[0, index][name] = row[name]
    return array


def mpii_person(points: np.ndarray, ids: list[int] | None = None) -> dict[str, Any]:
    """An annorect; pixels are counted from 1, and the flag says what is occluded."""
    rows = [
        {"x": float(x + 1), "y": float(y + 1), "id": number, "is_visible": number % 2}
        for number, (x, y) in zip(range(len(points)) if ids is None else ids, points.tolist(), strict=True)
    ]
    return {"x1": 1, "y1": 1, "x2": 9, "y2": 9, "annopoints": structures([{"point": structures(rows)}]), "scale": 2.0}


def mpii_mat(path: Path, pictures: dict[str, list[dict[str, Any]]]) -> None:
    """The official file; a picture without people has an empty annorect."""
    rows = [
        {"image": structures([{"name": name}]), "annorect": structures(people) if people else np.zeros((0, 0))}
        for name, people in pictures.items()
    ]
    release = {"annolist": structures(rows), "img_train": np.ones((1, len(rows))), "version": "12"}
    savemat(path, {"RELEASE": structures([release])}, do_compression=True)


def test_mpii_as_published(tmp_path: Path) -> None:
    first, second, third = (places(16, seed) for seed in range(3))
    picture(tmp_path / "images" / "0001.jpg", np.concatenate([first, second + np.array([8, 9])]))
    picture(tmp_path / "images" / "0002.jpg", third)
    without = mpii_person(first) | {"annopoints": np.zeros((0, 0))}
    mpii_mat(
        tmp_path / "mpii_human_pose_v1_u12_1.mat",
        {
            "0001.jpg": [mpii_person(first), without, mpii_person(second + np.array([8, 9]))],
            "0003.jpg": [],
            "0002.jpg": [mpii_person(third[[5, 2, 9]], ids=[5, 2, 9])],
        },
    )
    summary = prepare("mpii", tmp_path, tmp_path / "store", workers=1)
    assert (summary.stored, summary.rejects) == (3, [])
    store = Store(tmp_path / "store")
    assert list(store) == ["0001-1/photo/free", "0001-2/photo/free", "0002-1/photo/free"]
    for walk in list(store)[:2]:
        assert check_dots(store, walk, np.ones(16, bool)).tolist() == [1.0] * 16
    some = np.isin(np.arange(16), [2, 5, 9])
    assert check_dots(store, "0002-1/photo/free", some).tolist() == some.astype(float).tolist()


def test_the_part_has_a_margin_and_ends_with_the_picture(tmp_path: Path) -> None:
    points = np.tile([[20, 100], [60, 200]], (8, 1))
    picture(tmp_path / "images" / "a.png", points)
    mpii_mat(tmp_path / "x.mat", {"a.png": [mpii_person(points)]})
    prepare("mpii", tmp_path, tmp_path / "store", workers=1)
    sequence = Store(tmp_path / "store").read("a-1/photo/free")
    # The longer side is 100: 30 pixels above, below, and at the right; 20.5 at the left, where the picture ends.
    assert sequence.frames.shape == (1, 161, 91, 3)
    assert sequence.joints[0, :2].tolist() == [[20.5, 30.5], [60.5, 130.5]]


def test_large_people_are_shrunk(tmp_path: Path) -> None:
    points = places(16) * 8
    picture(tmp_path / "images" / "a.png", points, size=(2000, 2600), radius=12)
    mpii_mat(tmp_path / "x.mat", {"a.png": [mpii_person(points)]})
    prepare("mpii", tmp_path, tmp_path / "store", workers=1)
    store = Store(tmp_path / "store")
    assert max(store.read("a-1/photo/free").frames.shape) == 400
    check_dots(store, "a-1/photo/free", np.ones(16, bool), radius=8)


def test_mpii_as_a_list(tmp_path: Path) -> None:
    points = places(16)
    picture(tmp_path / "one.jpg", points)
    seen = np.arange(16) != 3
    entry = {"image": "one.jpg", "joints": np.where(seen[:, None], points + 1.0, -1).tolist()}
    (tmp_path / "train.json").write_text(json.dumps([entry | {"joints_vis": seen.astype(int).tolist()}]))
    assert prepare("mpii", tmp_path, tmp_path / "store", workers=1).rejects == []
    confidence = check_dots(Store(tmp_path / "store"), "one-1/photo/free", seen)
    assert confidence.tolist() == seen.astype(float).tolist()


def test_real_photographs(shared_data: Path, tmp_path: Path) -> None:
    if not (shared_data / "pose" / "test_mpii.json").is_file():
        pytest.skip(f"needs annotated photographs: no {shared_data / 'pose' / 'test_mpii.json'}")
    summary = prepare("mpii", shared_data / "pose", tmp_path / "store", workers=1)
    assert (summary.stored, summary.rejects) == (5, [])
    store = Store(tmp_path / "store")
    for entry in json.loads((shared_data / "pose" / "test_mpii.json").read_text()):
        sequence = store.read(f"{Path(entry['image']).stem}-1/photo/free")
        assert sequence.confidence[0].tolist() == entry["joints_vis"]
        seen = np.array(entry["joints_vis"]) > 0
        # Cutting and shrinking change where joints are, but not their proportions.
        true, kept = np.array(entry["joints"])[seen], sequence.joints[0, seen].astype(float)
        ratio = np.linalg.norm(kept[1:] - kept[0], axis=1) / np.linalg.norm(true[1:] - true[0], axis=1)
        np.testing.assert_allclose(ratio, ratio.mean(), rtol=0.01)


@pytest.mark.parametrize("extended", [False, True])
def test_lsp(tmp_path: Path, extended: bool) -> None:
    people = np.stack([places(14, seed) for seed in range(3)])
    flags = np.ones((3, 14))
    flags[1, [0, 2]] = 0
    values = np.concatenate([people + 1.0, flags[..., None]], axis=2)  # [N, 14, 3]
    savemat(tmp_path / "joints.mat", {"joints": values.transpose((1, 2, 0) if extended else (2, 1, 0))})
    digits = 5 if extended else 4
    for number, points in enumerate(people, 1):
        picture(tmp_path / "images" / f"im{number:0{digits}d}.jpg", points)
    summary = prepare("lsp", tmp_path, tmp_path / "store", workers=1)
    assert (summary.stored, summary.rejects) == (3, [])
    store = Store(tmp_path / "store")
    assert store.splits["train"] == tuple(f"im{number:0{digits}d}-1" for number in (1, 2, 3))
    _, by_itself = convert_joints(np.zeros((14, 2), np.float32), LSP_14, MPII_16)
    by_itself = by_itself.astype(bool) & ~np.isin(MPII_16.joints, ["pelvis", "thorax"])
    assert by_itself.sum() == 14
    for number in (1, 3):
        assert check_dots(store, f"im{number:0{digits}d}-1/photo/free", by_itself).tolist() == [1.0] * 16
    unseen = {"right_ankle", "right_hip", "pelvis"} if extended else set()
    annotated = ~np.isin(MPII_16.joints, sorted(unseen))
    confidence = check_dots(store, f"im{2:0{digits}d}-1/photo/free", by_itself & annotated)
    assert confidence.tolist() == annotated.astype(float).tolist()


def test_lsp_middles_are_derived(tmp_path: Path) -> None:
    points = places(14, 5)
    savemat(tmp_path / "joints.mat", {"joints": np.concatenate([points + 1.0, np.ones((14, 1))], axis=1).T[..., None]})
    picture(tmp_path / "images" / "im0001.jpg", points)
    prepare("lsp", tmp_path, tmp_path / "store", workers=1)
    joints = Store(tmp_path / "store").read("im0001-1/photo/free").joints[0]
    for middle, part in (("pelvis", "hip"), ("thorax", "shoulder")):
        sides = [joints[MPII_16.index(f"{side}_{part}")] for side in ("left", "right")]
        np.testing.assert_allclose(joints[MPII_16.index(middle)], np.mean(sides, axis=0), atol=1e-3)


def coco_person(points: np.ndarray, image: int = 7, unlabelled: tuple[int, ...] = (), **values: Any) -> dict[str, Any]:
    keypoints = [
        [0, 0, 0] if joint in unlabelled else [int(x), int(y), 1 + joint % 2] for joint, (x, y) in enumerate(points)
    ]
    return {"image_id": image, "iscrowd": 0, "keypoints": [int(v) for row in keypoints for v in row], **values}


def coco_file(path: Path, annotations: list[Any], **sizes: Any) -> None:
    images = [{"id": 7, "file_name": "000007.jpg", "height": SIZE[0], "width": SIZE[1]} | sizes]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": []}))


def test_coco(tmp_path: Path) -> None:
    first, second = places(17), places(17, 1)
    picture(tmp_path / "val2017" / "000007.jpg", np.concatenate([first, second + np.array([8, 9])]))
    knee = COCO_17.index("left_knee")
    nobody = {"image_id": 7, "iscrowd": 0, "keypoints": [0] * 51}
    coco_file(
        tmp_path / "annotations" / "person_keypoints_val2017.json",
        [
            coco_person(first),
            nobody,
            coco_person(second, iscrowd=1),
            coco_person(second + np.array([8, 9]), unlabelled=(knee,)),
        ],
    )
    (tmp_path / "annotations" / "captions_val2017.json").write_text("{}")
    summary = prepare("coco", tmp_path, tmp_path / "store", workers=1)
    assert summary.stored == 2
    assert [reason for _, reason in summary.rejects] == ["2 crowds and people without joints are left out"]
    store = Store(tmp_path / "store")
    assert list(store) == ["000007-1/photo/free", "000007-2/photo/free"]
    by_itself = np.isin(MPII_16.joints, COCO_17.joints)
    assert by_itself.sum() == 12
    confidence = check_dots(store, "000007-1/photo/free", by_itself)
    assert confidence.tolist() == [float(joint != "head_top") for joint in MPII_16.joints]
    by_itself[MPII_16.index("left_knee")] = False
    confidence = check_dots(store, "000007-2/photo/free", by_itself)
    assert confidence[MPII_16.index("left_knee")] == 0


# --- what is wrong ---


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

"""Photographs with annotated people, as each data set has them: every joint lies on its dot."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from tests.data.datasets.annotating import coco_file, coco_person, mpii_mat, mpii_person, picture, places

from gaitprint.core.skeletons import COCO_17, MPII_16, convert_joints
from gaitprint.data.datasets.lsp import LSP_14
from gaitprint.data.prepare import prepare
from gaitprint.data.store import Store


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

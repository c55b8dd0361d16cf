"""BVH: forward kinematics by hand and against SciPy, units, and real walks."""

import re
import tarfile
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.skeletons import KINECT_V1_20
from gaitprint.data.datasets.bvh import BvhReader, kinect_joints
from gaitprint.data.datasets.bvh_file import parse_bvh
from gaitprint.data.prepare import prepare
from gaitprint.data.store import Store

ARM = """HIERARCHY
ROOT hip
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT elbow
  {
    OFFSET 0 10 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 5 0 0
    }
  }
}
MOTION
Frames: 3
Frame Time: 0.01
1 2 3 0 0 0 0 0 0
1 2 3 90 0 0 0 0 0
1 2 3 30 40 50 60 70 80
"""


def test_forward_kinematics() -> None:
    motion = parse_bvh(ARM.encode(), "x")
    assert motion.frame_rate_hz == pytest.approx(100)
    assert [joint.name for joint in motion.joints] == ["hip", "elbow", "elbow_end"]
    positions = motion.world_positions()
    np.testing.assert_allclose(positions[0], [[1, 2, 3], [1, 12, 3], [6, 12, 3]], atol=1e-12)
    # A quarter turn about z: up becomes left, right becomes up.
    np.testing.assert_allclose(positions[1], [[1, 2, 3], [-9, 2, 3], [-9, 7, 3]], atol=1e-12)
    root = Rotation.from_euler("ZYX", [30, 40, 50], degrees=True)
    elbow = root * Rotation.from_euler("ZXY", [60, 70, 80], degrees=True)
    expected = np.array([1, 2, 3]) + root.apply([0, 10, 0])
    np.testing.assert_allclose(positions[2], [[1, 2, 3], expected, expected + elbow.apply([5, 0, 0])], atol=1e-12)
    np.testing.assert_allclose(motion.rest_positions(), [[0, 0, 0], [0, 10, 0], [5, 10, 0]])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("HIERARCHY", "HELLO"), "not a BVH file"),
        (("MOTION", "NOTION"), "not a BVH file"),
        (("Frames: 3", "Frames: 4"), "27 motion values, 4 frames need 36"),
        (("Frames: 3", "Frames: -3"), "-3 frames"),
        (("Frame Time: 0.01", "Frame Time: nan"), "frames of nan seconds"),
        (("1 2 3 90", "1 nan 3 90"), "frame 1 holds NaN"),
        (("1 2 3 90", "1 x 3 90"), "could not convert"),
        (("CHANNELS 3", "CHANNELS 9"), "has channels"),
        (("OFFSET 0 10 0", "OFFSET 0 10"), "damaged BVH"),
        (("JOINT elbow", "KNOT elbow"), "unexpected 'KNOT'"),
        (("}\nMOTION", "MOTION"), "hierarchy is not closed"),
    ],
)
def test_damage_is_named(change: tuple[str, str], reason: str) -> None:
    with pytest.raises(UnreadableFileError, match=f"x.bvh: .*{re.escape(reason)}|{re.escape(reason)}"):
        parse_bvh(ARM.replace(*change, 1).encode(), "x.bvh")


def humanoid(unit: float, names: dict[str, str]) -> bytes:
    """A rest pose of 1.7 m in a unit of so many metres."""
    heights = {"hip": 0.9, "chest": 1.2, "neck": 1.45, "head": 1.5}
    lines = [
        "HIERARCHY",
        f"ROOT {names['hip']}",
        "{",
        f"OFFSET 0 {0.9 / unit} 0",
        "CHANNELS 3 Xposition Yposition Zposition",
    ]

    def joint(name: str, x: float, y: float, children: list[str]) -> list[str]:
        return [f"JOINT {names[name]}", "{", f"OFFSET {x / unit} {y / unit} 0", "CHANNELS 0", *children, "}"]

    def end(x: float, y: float) -> list[str]:
        return ["End Site", "{", f"OFFSET {x / unit} {y / unit} 0", "}"]

    def limb(side: str, sign: int) -> tuple[list[str], list[str]]:
        hand = joint(f"{side}hand", sign * 0.25, 0, end(sign * 0.1, 0))
        arm = joint(f"{side}arm", sign * 0.2, -0.05, joint(f"{side}forearm", sign * 0.3, 0, hand))
        foot = joint(f"{side}foot", 0, -0.4, end(0, -0.1))
        return arm, joint(f"{side}thigh", sign * 0.1, 0, joint(f"{side}shin", 0, -0.4, foot))

    (left_arm, left_leg), (right_arm, right_leg) = limb("l", 1), limb("r", -1)
    head = joint("head", 0, heights["head"] - heights["neck"], end(0, 0.2))
    neck = joint("neck", 0, heights["neck"] - heights["chest"], [*head, *left_arm, *right_arm])
    lines += [*joint("chest", 0, heights["chest"] - heights["hip"], neck), *left_leg, *right_leg, "}"]
    lines += ["MOTION", "Frames: 2", "Frame Time: 0.033", *[f"0 {0.9 / unit} 0"] * 2]
    return "\n".join(lines).encode()


DAZ = {"hip": "hip", "chest": "chest", "neck": "neck", "head": "head"} | {
    f"{side}{part}": f"{side}{name}"
    for side in "lr"
    for part, name in {
        "arm": "Shldr",
        "forearm": "ForeArm",
        "hand": "Hand",
        "thigh": "Thigh",
        "shin": "Shin",
        "foot": "Foot",
    }.items()
}
MIXAMO = {"hip": "mixamorig:Hips", "chest": "mixamorig:Spine", "neck": "mixamorig:Neck", "head": "mixamorig:Head"} | {
    f"{side[0].lower()}{part}": f"mixamorig:{side}{name}"
    for side in ("Left", "Right")
    for part, name in {
        "arm": "Arm",
        "forearm": "ForeArm",
        "hand": "Hand",
        "thigh": "UpLeg",
        "shin": "Leg",
        "foot": "Foot",
    }.items()
}


@pytest.mark.parametrize("unit", [1.0, 0.01, 0.001, 0.0254, 0.0254 / 0.45])
@pytest.mark.parametrize("names", [DAZ, MIXAMO])
def test_units_and_names(unit: float, names: dict[str, str]) -> None:
    joints = kinect_joints(parse_bvh(humanoid(unit, names), "x"), "x")[0]
    where = dict(zip(KINECT_V1_20.joints, joints.round(3).tolist(), strict=True))
    assert where["pelvis"] == pytest.approx([0, 0.9, 0], abs=1e-3)
    assert where["head"] == pytest.approx([0, 1.6, 0], abs=1e-3)
    assert where["left_shoulder"] == pytest.approx([0.2, 1.4, 0], abs=1e-3)
    assert where["right_wrist"] == pytest.approx([-0.75, 1.4, 0], abs=1e-3)
    assert where["right_hand"] == pytest.approx([-0.85, 1.4, 0], abs=1e-3)
    assert where["left_foot"] == pytest.approx([0.1, 0, 0], abs=1e-3)


def test_no_person() -> None:
    with pytest.raises(UnreadableFileError, match="no joint found for spine_mid, thorax"):
        kinect_joints(parse_bvh(ARM.encode(), "x"), "x")
    with pytest.raises(UnreadableFileError, match=r"rest pose is 5\.667 units tall"):
        kinect_joints(parse_bvh(humanoid(0.3, DAZ), "x"), "x")


def test_real_walks(shared_data: Path, tmp_path: Path) -> None:
    archive = shared_data / "bvh" / "cmu-walks.tar.xz"
    if not archive.exists():
        pytest.skip(f"needs {archive}")
    with tarfile.open(archive) as stream:
        stream.extractall(tmp_path / "bvh", filter="data")
    summary = prepare("bvh", tmp_path / "bvh", tmp_path / "store", workers=2)
    assert summary.stored == 23
    assert all("frame 0 is left out" in reason for _, reason in summary.rejects)  # the T-pose of the conversion
    store = Store(tmp_path / "store")
    assert list(store)[:2] == ["07/walk-01/free", "07/walk-02/free"]
    for position, info in enumerate(store.infos):
        joints, _ = store.read_joints(position)
        assert info.frame_rate_hz == pytest.approx(120, abs=0.1)
        left, right, head = (joints[:, KINECT_V1_20.index(name), 1] for name in ("left_ankle", "right_ankle", "head"))
        assert 1.2 < np.median(head - np.minimum(left, right)) < 1.7  # metres, upright
        pelvis = joints[:, 0]
        speed = np.linalg.norm(pelvis[-1] - pelvis[0]) / (len(joints) / info.frame_rate_hz)
        assert speed < 3  # walking
    assert BvhReader().splits == {}

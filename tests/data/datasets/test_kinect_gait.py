"""Kinect walks written here; the real ones are in tests/cli/test_kinect_walks.py."""

from pathlib import Path

import numpy as np

from gaitprint.core.skeletons import KINECT_V1_20
from gaitprint.data.datasets.kinect_gait import KinectGaitReader, parse_walk

# The order in the file, as the data set's own documentation lists it.
# fmt: off
FILE_ORDER = [
    "Head", "Shoulder-Center", "Shoulder-Right", "Shoulder-Left", "Elbow-Right",
    "Elbow-Left", "Wrist-Right", "Wrist-Left", "Hand-Right", "Hand-Left",
    "Spine", "Hip-centro", "Hip-Right", "Hip-Left", "Knee-Right",
    "Knee-Left", "Ankle-Right", "Ankle-Left", "Foot-Right", "Foot-Left",
]
# fmt: on
SAME_POINT = {"Shoulder-Center": "thorax", "Spine": "spine_mid", "Hip-centro": "pelvis", "Head": "head"}


def core_name(name: str) -> str:
    part, _, side = name.partition("-")
    return SAME_POINT.get(name) or f"{side}_{part}".lower()


def test_joints_land_where_their_names_say() -> None:
    lines = [f"{name};{frame}.5;{number};-1E-2" for frame in range(3) for number, name in enumerate(FILE_ORDER)]
    for end in ("\n", "\r\n"):
        joints = parse_walk((end.join(lines) + end).encode(), "x")
        assert joints.shape == (3, 20, 3)
        for number, name in enumerate(FILE_ORDER):
            index = KINECT_V1_20.index(core_name(name))
            np.testing.assert_allclose(joints[:, index], [[frame + 0.5, number, -0.01] for frame in range(3)])


def test_an_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "walks.tar.xz").write_bytes(b"")
    (reject,) = KinectGaitReader().list_walks(tmp_path).rejects
    assert reject.reason == "an archive; unpack it first: tar -xf walks.tar.xz"

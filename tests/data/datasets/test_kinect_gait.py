"""Kinect walks: one written here, and the real ones."""

import tarfile
import time
from pathlib import Path

import numpy as np
import pytest

from gaitprint.core.skeletons import KINECT_V1_20
from gaitprint.data.datasets.kinect_gait import KinectGaitReader, parse_walk
from gaitprint.data.prepare import prepare
from gaitprint.data.store import Store

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


@pytest.fixture(scope="session")
def kinect_folder(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = shared_data / "kinect-gait" / "walks.tar.xz"
    if not archive.exists():
        pytest.skip(f"needs {archive}")
    folder = tmp_path_factory.mktemp("kinect")
    with tarfile.open(archive) as stream:
        stream.extractall(folder, filter="data")
    return folder


def test_all_499_real_walks(kinect_folder: Path, tmp_path: Path) -> None:
    start = time.monotonic()
    summary = prepare("kinect-gait", kinect_folder, tmp_path / "store", workers=2)
    assert time.monotonic() - start < 60
    assert (summary.stored, summary.present, summary.rejects) == (499, 0, [])
    store = Store(tmp_path / "store")
    assert len({info.subject for info in store.infos}) == 100
    lengths = np.array([info.num_frames for info in store.infos])
    assert (lengths.min(), lengths.max()) == (208, 1711)
    # Three walks read again, line by line.
    for position in (0, 250, 498):
        info = store.infos[position]
        path = next(kinect_folder.rglob(f"{info.subject}/{int(info.condition[-2:])}.txt"))
        joints, confidence = store.read_joints(position)
        assert (confidence == 1).all()
        for number, line in enumerate(path.read_text().splitlines()[:400]):
            name, *values = line.split(";")
            expected = np.array(values, np.float32)
            np.testing.assert_allclose(joints[number // 20, KINECT_V1_20.index(core_name(name))], expected, rtol=1e-6)
    # A person of flesh: thighs of 30 to 65 cm, the same left and right within 8 cm.
    left, right = (
        np.linalg.norm(
            joints[:, KINECT_V1_20.index(f"{side}_hip")] - joints[:, KINECT_V1_20.index(f"{side}_knee")], axis=1
        )
        for side in ("left", "right")
    )
    assert 0.3 < np.median(left) < 0.65
    assert abs(np.median(left) - np.median(right)) < 0.08

"""Walks recorded with a Kinect v1 (Andersson & Araujo, AAAI 2015): ``PersonNNN/K.txt``, lines ``Joint;x;y;z``."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import KINECT_V1_20
from gaitprint.data.datasets.reader import Listing, RawWalk, Reader, Reject, WalkItem, list_folder
from gaitprint.data.png import read_file

FRAME_RATE_HZ = 30.0

# The joints of a frame in the order of the file, as the file and as `KINECT_V1_20` call them.
_JOINTS = {
    "Head": "head",
    "Shoulder-Center": "thorax",
    "Shoulder-Right": "right_shoulder",
    "Shoulder-Left": "left_shoulder",
    "Elbow-Right": "right_elbow",
    "Elbow-Left": "left_elbow",
    "Wrist-Right": "right_wrist",
    "Wrist-Left": "left_wrist",
    "Hand-Right": "right_hand",
    "Hand-Left": "left_hand",
    "Spine": "spine_mid",
    "Hip-centro": "pelvis",
    "Hip-Right": "right_hip",
    "Hip-Left": "left_hip",
    "Knee-Right": "right_knee",
    "Knee-Left": "left_knee",
    "Ankle-Right": "right_ankle",
    "Ankle-Left": "left_ankle",
    "Foot-Right": "right_foot",
    "Foot-Left": "left_foot",
}
_FILE_NAMES = np.array([name.encode() for name in _JOINTS])
_FILE_ORDER = list(_JOINTS.values())
_TO_CORE = np.array([_FILE_ORDER.index(joint) for joint in KINECT_V1_20.joints])
_NUM_JOINTS = len(_JOINTS)


class KinectGaitReader(Reader):
    """Kinect v1 walks as text, PersonNNN/K.txt at any depth: 20 joints in metres, as recorded.

    Subject is the folder's name (``Person002``), condition ``walk-01`` and on, view ``free`` (the walker circles the
    sensor), 30 frames a second. A file that breaks the format anywhere is rejected whole, with the line.
    """

    def list_walks(self, source: Path) -> Listing:
        """List all K.txt of all PersonNNN folders; see `Reader`."""
        listing = Listing()
        if not source.is_dir():
            raise UnreadableFileError(f"{source}: no such folder")
        pending = [source]
        while pending:
            folder = pending.pop()
            try:
                entries = list_folder(folder)
            except UnreadableFileError as error:
                listing.rejects.append(Reject.of(folder, error))
                continue
            person = re.fullmatch(r"Person\d+", folder.name) is not None
            if person and not entries:
                listing.rejects.append(Reject(str(folder), "empty folder"))
            for entry in entries:
                if entry.is_dir() and not entry.is_symlink() and entry.suffix != ".txt":
                    pending.append(entry)
                elif person and re.fullmatch(r"\d{1,4}\.txt", entry.name):
                    condition = f"walk-{int(entry.stem):02d}"
                    listing.add(WalkItem(folder.name, condition, "free", str(entry)))
                elif entry.suffixes[-2:] == [".tar", ".xz"]:
                    reason = f"an archive; unpack it first: tar -xf {entry.name}"
                    listing.rejects.append(Reject(str(entry), reason))
                elif person or entry.suffix == ".txt":
                    listing.rejects.append(Reject(str(entry), "not PersonNNN/K.txt"))
        listing.items.sort(key=lambda item: (item.subject, item.condition, item.path))
        return listing

    def read_walk(self, item: WalkItem) -> RawWalk:
        """Read one file; see `Reader`."""
        joints = parse_walk(read_file(item.path), item.path)
        return RawWalk(
            GaitSequence(item.subject, item.condition, item.view, FRAME_RATE_HZ, joints=joints, skeleton=KINECT_V1_20)
        )


def parse_walk(data: bytes, path: str) -> NDArray[np.float32]:
    """Parse the text of one walk.

    Args:
        data: lines ``Joint;x;y;z``, 20 a frame in a fixed order.
        path: what errors name.

    Returns:
        float32 [T, 20, 3], metres, in the order of `KINECT_V1_20`.

    Raises:
        UnreadableFileError: a line that is no joint, a frame without exactly the 20 joints, or values that are no
            finite numbers.
    """
    lines = data.replace(b"\r\n", b"\n").rstrip().split(b"\n")
    fields = b";".join(lines).split(b";")
    if len(fields) != 4 * len(lines) or any(line.count(b";") != 3 for line in lines[:_NUM_JOINTS]):
        number = next((n for n, line in enumerate(lines, 1) if line.count(b";") != 3), 1)
        raise UnreadableFileError(f"{path}: line {number} is not Joint;x;y;z: {_shown(lines[number - 1])}")
    names = np.array(fields[0::4])
    expected = np.resize(_FILE_NAMES, len(names))
    wrong = np.flatnonzero(names != expected)
    if len(wrong) or len(names) % _NUM_JOINTS:
        raise UnreadableFileError(f"{path}: {_frame_fault(names, int(wrong[0]) if len(wrong) else len(names))}")
    try:
        values = np.array([fields[1::4], fields[2::4], fields[3::4]]).astype(np.float64)  # [3, T * J]
    except ValueError as error:
        raise UnreadableFileError(f"{path}: {error}") from error
    finite = np.isfinite(values).all(axis=0)
    if not finite.all():
        raise UnreadableFileError(f"{path}: line {int(finite.argmin()) + 1} holds NaN or infinity")
    frames = values.T.reshape(-1, _NUM_JOINTS, 3)
    return np.ascontiguousarray(frames[:, _TO_CORE], np.float32)


def _frame_fault(names: NDArray[np.bytes_], line: int) -> str:
    """Say what is wrong with the frame that the first unexpected line (counted from 0) belongs to."""
    frame = line // _NUM_JOINTS
    start = frame * _NUM_JOINTS
    heads = np.flatnonzero(names[start + 1 :] == b"Head")
    count = int(heads[0]) + 1 if len(heads) else len(names) - start
    if count != _NUM_JOINTS:
        return f"frame {frame} (line {start + 1}) has {count} joints, need {_NUM_JOINTS}"
    return f"line {line + 1} names joint {_shown(bytes(names[line]))}, expected {_FILE_NAMES[line % 20].decode()}"


def _shown(text: bytes) -> str:
    return repr(text[:60].decode("utf-8", "replace"))

"""Leeds Sports Pose: photographs of sportspeople with 14 joints (Johnson and Everingham, BMVC 2010 and CVPR 2011)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.skeletons import MPII_16, Skeleton, convert_joints
from gaitprint.data.datasets.mat_file import read_apart, read_variable
from gaitprint.data.datasets.photographs import PeopleOfPictures, find_picture, read_person
from gaitprint.data.datasets.reader import Listing, RawWalk, Reader, Reject, WalkItem, list_folder

LSP_14 = Skeleton(
    "lsp-14",
    joints=(
        *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
        *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
        *("neck", "head_top"),
    ),
    bones=(
        *(("neck", "head_top"), ("neck", "left_shoulder"), ("neck", "right_shoulder")),
        *(
            (f"{side}_{parent}", f"{side}_{child}")
            for side in ("left", "right")
            for parent, child in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
        ),
    ),
    left_right=tuple(
        (f"left_{name}", f"right_{name}") for name in ("ankle", "knee", "hip", "wrist", "elbow", "shoulder")
    ),
)
# MATLAB counts pixels from 1; here the centre of the first one lies at a half.
_SHIFT = -0.5


class LspReader(Reader):
    """Leeds Sports Pose photographs, also the extended set: joints.mat and images/im0001.jpg and on.

    Every picture becomes a walk of one frame, cut out around its one person: subject ``im0001-1``, condition ``photo``,
    view ``free``. The 14 joints become MPII's 16: pelvis and thorax are the middles of hips and shoulders. The first
    1,000 people are the split ``train``, the next 1,000 ``test``; all of the extended set (im00001.jpg) are ``train``.
    In the extended set joints that are not flagged as visible are not annotated, and have confidence 0.
    """

    minimum_frames: ClassVar[int] = 1
    splits: ClassVar[dict[str, tuple[str, ...]]] = {
        "train": (
            *(f"im{number:04d}-1" for number in range(1, 1001)),
            *(f"im{number:05d}-1" for number in range(1, 10_001)),
        ),
        "test": tuple(f"im{number:04d}-1" for number in range(1001, 2001)),
    }

    def list_walks(self, source: Path) -> Listing:
        """List one person for each picture that is annotated; see `Reader`."""
        listing = Listing()
        names = {path.name: path for path in list_folder(source)}
        annotations = names.get("joints.mat")
        if annotations is None:
            return listing
        try:
            joints, confidence, digits = read_apart(_annotated, annotations)
        except UnreadableFileError as error:
            listing.rejects.append(Reject.of(annotations, error))
            return listing
        people, folders = PeopleOfPictures(), [source / "images", source]
        for number, (places, seen) in enumerate(zip(joints, confidence, strict=True), 1):
            name = f"im{number:0{digits}d}.jpg"
            listing.add(people.item(name, find_picture(name, folders), places, seen))
        return listing

    def read_walk(self, item: WalkItem) -> RawWalk:
        """Cut out one person; see `Reader`."""
        return read_person(item)


def _annotated(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32], int]:
    """Read joints.mat: joints float32 [N, 16, 2] and confidence [N, 16] of `MPII_16`, digits in the pictures' names."""
    values = read_variable(path, "joints")
    count = len(LSP_14.joints)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu" or values.ndim not in (2, 3):
        raise UnreadableFileError(f"{path}: 'joints' is no array of numbers [3, {count}, N] or [{count}, 3, N]")
    values = values[..., None] if values.ndim == 2 else values
    is_extended = values.shape[:2] == (count, 3)
    if not is_extended and values.shape[:2] != (3, count):
        raise UnreadableFileError(f"{path}: 'joints' is {list(values.shape)}, need [3, {count}, N] or [{count}, 3, N]")
    order = (2, 0, 1) if is_extended else (2, 1, 0)
    people: NDArray[np.float64] = values.transpose(order).astype(np.float64)  # [N, 14, 3]
    finite = np.asarray(np.isfinite(people).all(axis=2), np.bool_)
    # The flag of the first set says what is occluded, which is annotated all the same.
    seen = finite & (people[..., 2] > 0) if is_extended else finite
    places = np.where(seen[..., None], people[..., :2] + _SHIFT, 0).astype(np.float32)
    joints, confidence = convert_joints(places, LSP_14, MPII_16, seen.astype(np.float32))
    return joints, confidence, 5 if is_extended else 4

"""COCO person keypoints: photographs of people in context with 17 joints (Lin et al., ECCV 2014)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.sequence import LARGEST_COORDINATE
from gaitprint.core.skeletons import COCO_17, MPII_16, convert_joints
from gaitprint.data.datasets.photographs import PeopleOfPictures, find_picture, read_person
from gaitprint.data.datasets.reader import Listing, RawWalk, Reader, Reject, WalkItem, list_folder
from gaitprint.data.png import read_file

_JOINTS = len(COCO_17.joints)
# COCO counts pixels from 0; here the centre of the first one lies at a half.
_SHIFT = 0.5
_MAX_FILE_BYTES = 1 << 30
_HEAD_TOP = MPII_16.index("head_top")


class CocoReader(Reader):
    """COCO person keypoints: annotations/person_keypoints_*.json and the folders of pictures, train2017/ and so on.

    Every person with annotated joints becomes a walk of one frame, cut out of the picture: subject is picture and
    person (``000000000785-1``), condition ``photo``, view ``free``. The 17 joints become MPII's 16: pelvis, thorax and
    neck are derived from hips, shoulders and ears, and the head's top, which COCO does not annotate, has confidence 0.
    Crowds and people without any joint are left out.
    """

    minimum_frames: ClassVar[int] = 1

    def list_walks(self, source: Path) -> Listing:
        """List all people with joints; see `Reader`."""
        listing = Listing()
        files = list_folder(source)
        if (source / "annotations").is_dir():
            files += list_folder(source / "annotations")
        # In the folder of annotations, COCO's own archives have captions and boxes, too.
        named = [path for path in files if path.name.startswith("person_keypoints") and path.suffix == ".json"]
        for path in named or [path for path in files if path.suffix.lower() == ".json"]:
            try:
                _list_people(path, source, listing)
            except UnreadableFileError as error:
                listing.rejects.append(Reject.of(path, error))
        return listing

    def read_walk(self, item: WalkItem) -> RawWalk:
        """Cut out one person; see `Reader`."""
        return read_person(item)


def _list_people(path: Path, source: Path, listing: Listing) -> None:
    """List the people of one file; what is wrong with one of them becomes a reject."""
    pictures, annotations = _read(path)
    # person_keypoints_val2017.json is about the pictures in val2017/.
    part = path.stem.rpartition("_")[2]
    folders = [source / part, source / "images" / part, source / "images", source]
    people = PeopleOfPictures()
    left_out = 0
    for number, annotation in enumerate(annotations, 1):
        try:
            joints, confidence = _joints_of(annotation)
        except ValueError as error:
            listing.rejects.append(Reject(str(path), f"annotation {number}: {error}"))
            continue
        if annotation.get("iscrowd") or not (confidence > 0).any():
            left_out += 1
            continue
        image_id = annotation.get("image_id")
        picture = pictures.get(image_id) if isinstance(image_id, (int, str)) else None
        name = picture.get("file_name") if picture is not None else None
        if not isinstance(name, str) or picture is None:
            listing.rejects.append(Reject(str(path), f"annotation {number}: no picture of its image_id is listed"))
            continue
        height, width = picture.get("height"), picture.get("width")
        size = (height, width) if isinstance(height, int) and isinstance(width, int) else None
        try:
            where = find_picture(name, folders)
        except UnreadableFileError as error:
            listing.rejects.append(Reject(str(path), f"annotation {number}: {error}"))
            continue
        listing.add(people.item(name, where, joints, confidence, size))
    if left_out:
        listing.rejects.append(Reject(str(path), f"{left_out} crowds and people without joints are left out"))


def _read(path: Path) -> tuple[dict[Any, dict[str, Any]], list[dict[str, Any]]]:
    """Read a file: id -> picture, and annotations."""
    try:
        values = json.loads(read_file(path, _MAX_FILE_BYTES))
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{path}: not JSON ({error})") from error
    lists = [values.get(key) if isinstance(values, dict) else None for key in ("images", "annotations")]
    for key, entries in zip(("images", "annotations"), lists, strict=True):
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise UnreadableFileError(f"{path}: no COCO annotations: '{key}' is no list of entries")
    pictures, annotations = lists
    assert pictures is not None
    assert annotations is not None
    return {entry["id"]: entry for entry in pictures if isinstance(entry.get("id"), (int, str))}, annotations


def _joints_of(annotation: dict[str, Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Joints [16, 2] and confidence [16] of `MPII_16`; `ValueError` says why there are none."""
    try:
        values = np.array(annotation.get("keypoints"), np.float64)
    except (TypeError, ValueError):
        raise ValueError("its keypoints are not numbers") from None
    if values.shape != (3 * _JOINTS,):
        raise ValueError(f"has {values.size if values.ndim else 'no'} keypoint values, need {3 * _JOINTS}")
    if not (np.abs(values) <= LARGEST_COORDINATE).all():
        raise ValueError("its keypoints hold NaN or infinity, or places beyond any picture")
    points = values.reshape(_JOINTS, 3)
    places, seen = (points[:, :2] + _SHIFT).astype(np.float32), (points[:, 2] > 0).astype(np.float32)
    joints, confidence = convert_joints(places, COCO_17, MPII_16, seen)
    confidence[_HEAD_TOP] = 0.0  # where it would be derived from shoulders and ears is a guess
    return joints, confidence

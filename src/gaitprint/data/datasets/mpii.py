"""MPII Human Pose: photographs of people in everyday activities with 16 joints (Andriluka et al., CVPR 2014)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.skeletons import MPII_16
from gaitprint.data.datasets.mat_file import elements, field, read_apart, read_variable
from gaitprint.data.datasets.photographs import PeopleOfPictures, find_picture, read_person
from gaitprint.data.datasets.reader import Listing, RawWalk, Reader, Reject, WalkItem, list_folder
from gaitprint.data.png import read_file

_JOINTS = len(MPII_16.joints)
# MATLAB counts pixels from 1; here the centre of the first one lies at a half.
_SHIFT = -0.5
_MAX_FILE_BYTES = 1 << 29


class MpiiReader(Reader):
    """MPII Human Pose photographs: mpii_human_pose_v1_u12_1.mat, or JSON lists as mmpose has them, and images/.

    Every annotated person becomes a walk of one frame, cut out of the picture: subject is picture and person
    (``005808361-1``), condition ``photo``, view ``free``, 16 joints in pixels. Occluded joints are annotated, too;
    those that are not have confidence 0. Pictures lie in images/ or beside the annotations. Where there is a .mat, JSON
    files are left alone; the official test pictures are not annotated.
    """

    minimum_frames: ClassVar[int] = 1

    def list_walks(self, source: Path) -> Listing:
        """List all annotated people; see `Reader`."""
        listing = Listing()
        folders = [source, source / "annotations", source / "annot"]
        files = [path for folder in folders if folder == source or folder.is_dir() for path in list_folder(folder)]
        matlab = [path for path in files if path.suffix.lower() == ".mat"]
        for path in matlab or [path for path in files if path.suffix.lower() == ".json"]:
            _list_people(path, source, listing)
        return listing

    def read_walk(self, item: WalkItem) -> RawWalk:
        """Cut out one person; see `Reader`."""
        return read_person(item)


# (name of the picture, joints float64 [16, 2], confidence float64 [16]); or a fault of one person in words.
_Person = tuple[str, NDArray[np.float64], NDArray[np.float64]] | str


def _list_people(path: Path, source: Path, listing: Listing) -> None:
    """List the people of one annotation file; what is wrong with it, or with one of them, becomes a reject."""
    people = PeopleOfPictures()
    folders = [source / "images", source, path.parent]
    try:
        for person in read_apart(_of_mat, path) if path.suffix.lower() == ".mat" else _of_json(path):
            if isinstance(person, str):
                listing.rejects.append(Reject(str(path), person))
                continue
            name, joints, confidence = person
            try:
                listing.add(people.item(name, find_picture(name, folders), joints + _SHIFT, confidence))
            except UnreadableFileError as error:
                listing.rejects.append(Reject.of(path, error))
    except UnreadableFileError as error:
        listing.rejects.append(Reject.of(path, error))


def _of_mat(path: Path) -> list[_Person]:
    """Return the people of the official file."""
    pictures = elements(field(read_variable(path, "RELEASE"), "annolist"))
    if not pictures:
        raise UnreadableFileError(f"{path}: RELEASE.annolist lists no pictures")
    people: list[_Person] = []
    for number, picture in enumerate(pictures, 1):
        name = field(field(picture, "image"), "name")
        for order, person in enumerate(elements(field(picture, "annorect")), 1):
            points = elements(field(field(person, "annopoints"), "point"))
            # Without joints it is a head alone, or somebody of the test set.
            if points:
                people.append(_person(name, points, f"picture {number}, person {order}"))
    return people


def _person(name: Any, points: list[Any], where: str) -> _Person:
    if not isinstance(name, str):
        return f"{where}: the picture has no name"
    try:
        values = np.array([[_value(point, key) for key in ("id", "x", "y")] for point in points])
    except (TypeError, ValueError):
        return f"{where}: a joint lacks id, x or y"
    ids = values[:, 0]
    if not np.isfinite(values).all():
        return f"{where}: the place of a joint is NaN or infinite"
    if not np.isin(ids, np.arange(_JOINTS)).all() or len(np.unique(ids)) < len(ids):
        return f"{where}: the ids of joints are not different ones of 0..{_JOINTS - 1}"
    joints, confidence = np.zeros((_JOINTS, 2)), np.zeros(_JOINTS)
    joints[ids.astype(int)], confidence[ids.astype(int)] = values[:, 1:], 1.0
    return name, joints, confidence


def _value(point: Any, key: str) -> float:
    value = field(point, key)
    if value is None or isinstance(value, str):
        raise ValueError(key)
    return float(value)


def _of_json(path: Path) -> Iterator[_Person]:
    """Yield the people of a list of ``{"image": NAME, "joints": [[x, y], ...], "joints_vis": [0 or 1, ...]}``."""
    try:
        entries = json.loads(read_file(path, _MAX_FILE_BYTES))
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{path}: not JSON ({error})") from error
    if not isinstance(entries, list):
        raise UnreadableFileError(f"{path}: no list of annotated people")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not isinstance(entry.get("image"), str):
            yield f"entry {number}: names no image"
            continue
        try:
            joints = np.array(entry.get("joints"), np.float64)
            confidence = np.array(entry.get("joints_vis"), np.float64)
        except (TypeError, ValueError):
            yield f"entry {number}: joints and joints_vis are not numbers"
            continue
        if joints.shape != (_JOINTS, 2) or confidence.shape != (_JOINTS,):
            yield f"entry {number}: joints are {list(joints.shape)}, joints_vis {list(confidence.shape)}; need 16"
        elif not (np.isfinite(joints).all() and np.isfinite(confidence).all()):
            yield f"entry {number}: joints or joints_vis hold NaN or infinity"
        else:
            yield entry["image"], joints, (confidence > 0).astype(np.float64)

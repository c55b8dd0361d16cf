"""OpenGait's packed trees: ``subject/condition/view/*.pkl`` (Fan et al., CVPR 2023); CASIA-B, OUMVLP, GREW, Gait3D."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import InvalidSequenceError, UnreadableFileError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import COCO_17
from gaitprint.data.datasets.array_pickle import read_arrays
from gaitprint.data.datasets.reader import (
    Listing,
    RawWalk,
    Reader,
    Reject,
    WalkItem,
    list_folder,
    list_view_folders,
)
from gaitprint.data.datasets.tree import FRAME_RATE_HZ, view_angle


class OpenGaitReader(Reader):
    """OpenGait .pkl trees, subject/condition/view/*.pkl: silhouettes, 2-D COCO-17 poses, or both; stored as they are.

    Silhouettes are uint8 [T, H, W], which OpenGait has aligned already; poses are numbers [T, 17, 3] of x, y (pixels)
    and confidence. Files are read by an interpreter of our own that knows arrays only; a file that asks for anything
    else is rejected and nothing in it runs. Splits come with ``--partition``.
    """

    def list_walks(self, source: Path) -> Listing:
        """List the view folders; see `Reader`."""
        return list_view_folders(source)

    def read_walk(self, item: WalkItem) -> RawWalk:
        """Read the .pkl files of one folder; see `Reader`."""
        folder = Path(item.path)
        arrays: dict[str, NDArray[Any]] = {}
        rejects: list[Reject] = []
        for path in list_folder(folder):
            if path.suffix.lower() != ".pkl":
                rejects.append(Reject(str(path), "not a .pkl"))
                continue
            try:
                array = read_arrays(path)
                modality = _modality(path, array)
                if modality in arrays:
                    raise UnreadableFileError(f"{path}: a second file of {modality} in one folder")
                if arrays and len(array) != len(next(iter(arrays.values()))):
                    raise UnreadableFileError(f"{path}: {len(array)} frames, unlike another file of this walk")
                arrays[modality] = array
            except UnreadableFileError as error:
                rejects.append(Reject.of(path, error))
        if not arrays:
            if not rejects:
                raise UnreadableFileError(f"{folder}: empty folder")
            raise UnreadableFileError(f"{folder}: {Path(rejects[0].path).name}: {rejects[0].reason}")
        return RawWalk(_sequence(item, arrays), tuple(rejects))


def _modality(path: Path, array: NDArray[Any]) -> str:
    """Tell silhouettes from poses by shape; `UnreadableFileError` for anything else."""
    if array.ndim == 3 and len(array) == 0:
        raise UnreadableFileError(f"{path}: no frames")
    if array.ndim == 3 and array.dtype.kind == "f" and array.shape[2] == 3:
        if array.shape[1] != len(COCO_17.joints):
            raise UnreadableFileError(f"{path}: {array.shape[1]} joints, need the 17 of COCO")
        return "joints"
    if array.ndim == 3 and array.dtype == np.uint8:
        return "silhouettes"
    raise UnreadableFileError(
        f"{path}: {array.dtype} of shape {array.shape}, need uint8 [T, H, W] or numbers [T, 17, 3]"
    )


def _sequence(item: WalkItem, arrays: dict[str, NDArray[Any]]) -> GaitSequence:
    pose = arrays.get("joints")
    confidence = None
    if pose is not None:
        confidence = pose[..., 2].astype(np.float32)
        # Detectors overshoot 1 by rounding; more than that is another kind of number.
        if not ((confidence >= 0) & (confidence <= 1.01)).all():
            raise InvalidSequenceError(f"{item.path}: third value of the joints is no confidence, outside 0..1")
        confidence = np.minimum(confidence, np.float32(1))
    return GaitSequence(
        item.subject,
        item.condition,
        item.view,
        FRAME_RATE_HZ,
        silhouettes=arrays.get("silhouettes"),
        joints=None if pose is None else np.ascontiguousarray(pose[..., :2], np.float32),
        skeleton=None if pose is None else COCO_17,
        confidence=confidence,
        view_deg=view_angle(item.view),
    )

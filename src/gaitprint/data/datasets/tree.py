"""Trees of silhouette PNGs: ``subject/condition/view/*.png``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.datasets.reader import (
    Listing,
    RawWalk,
    Reader,
    Reject,
    WalkItem,
    list_folder,
    list_view_folders,
)
from gaitprint.data.png import PngReader

# PNGs carry no rate; 25 frames a second is that of CASIA-B and of most trees.
FRAME_RATE_HZ = 25.0


class TreeReader(Reader):
    """Any tree of silhouette PNGs, subject/condition/view/*.png; aligned while read.

    Frames are taken in natural order of their names. A view that is a number is also the view angle in degrees. A frame
    that cannot be read, or is not of the size that most frames of its walk have, is left out and reported; so is
    whatever is no PNG. Silhouettes are greyscale of at most 8 bits: colour and 16-bit frames are reported, not
    converted, because no conversion is right for all of them.
    """

    needs_alignment: ClassVar[bool] = True

    def list_walks(self, source: Path) -> Listing:
        """List the view folders; see `Reader`."""
        return list_view_folders(source)

    def read_walk(self, item: WalkItem) -> RawWalk:
        """Read the PNGs of one folder; see `Reader`."""
        silhouettes, rejects = read_frames(Path(item.path))
        return RawWalk(
            GaitSequence(
                item.subject,
                item.condition,
                item.view,
                FRAME_RATE_HZ,
                silhouettes=silhouettes,
                view_deg=view_angle(item.view),
            ),
            tuple(rejects),
        )


def view_angle(view: str) -> float | None:
    """Return the angle that a view label such as ``"090"`` names, in degrees, or None for other labels."""
    return float(view) if view.isdecimal() and view.isascii() and int(view) < 360 else None


def read_frames(folder: Path) -> tuple[NDArray[np.uint8], list[Reject]]:
    """Read the PNGs of one folder.

    Returns:
        uint8 [T, H, W] and what had to be left out.

    Raises:
        UnreadableFileError: no frame can be used; the text gives the first cause.
    """
    reader = PngReader()
    frames: list[tuple[Path, NDArray[np.uint8]]] = []
    rejects: list[Reject] = []
    for path in list_folder(folder):
        if path.suffix.lower() != ".png":
            rejects.append(Reject(str(path), "not a .png"))
        elif path.name.lower().endswith("gei.png"):
            rejects.append(Reject(str(path), "a gait energy image, not a frame"))
        else:
            try:
                frames.append((path, reader.read(path)))
            except UnreadableFileError as error:
                rejects.append(Reject.of(path, error))
    if not frames:
        if not rejects:
            raise UnreadableFileError(f"{folder}: empty folder")
        name, count = Path(rejects[0].path).name, len(rejects)
        raise UnreadableFileError(f"{folder}: no usable frame among {count}; {name}: {rejects[0].reason}")
    shape, _ = Counter(frame.shape for _, frame in frames).most_common(1)[0]
    for path, frame in frames:
        if frame.shape != shape:
            size, usual = (f"{width}x{height}" for height, width in (frame.shape, shape))
            rejects.append(Reject(str(path), f"{size} pixels, but most frames of this walk have {usual}"))
    return np.stack([frame for _, frame in frames if frame.shape == shape]), rejects

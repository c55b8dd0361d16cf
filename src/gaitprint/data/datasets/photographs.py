"""Photographs with annotated people, each of whom becomes a walk of one frame: what all data sets of them share.

Joints come from annotation files while a folder is listed, and travel with the item, so that the files, which hold
thousands of people, are read once. Pictures are read when an item is.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from gaitprint.core.errors import InvalidSequenceError, UnreadableFileError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import MPII_16
from gaitprint.data.datasets.reader import RawWalk, Reject, WalkItem
from gaitprint.data.png import read_file

CONDITION, VIEW = "photo", "free"
# A photograph has no rate; a sequence must have one.
FRAME_RATE_HZ = 1.0

# Around the joints, of the longer side of their box: heads, hands and feet reach beyond joints, and training moves,
# turns and enlarges what is there.
_MARGIN = 0.3
# The longer side of what is kept, in pixels: somewhat more than networks look at.
_LARGEST_SIDE = 400
# People whose joints lie closer together cannot be told from blots.
_SMALLEST_BOX = 12.0
_MAX_FILE_BYTES, _MAX_PIXELS = 1 << 27, 1 << 27
_FORMATS = ("JPEG", "PNG", "BMP", "PPM", "WEBP", "TIFF")


@dataclass(frozen=True)
class PersonItem(WalkItem):
    """One annotated person.

    Args:
        joints: (x, y) of each joint of `MPII_16`, pixels of the picture, the centre of its first pixel at a half.
        confidence: of each joint, 0 for one that is not annotated.
        person: number of the person in the picture, from 1.
        size: (height, width) that the annotation says the picture has; None where it says nothing.
    """

    joints: tuple[tuple[float, float], ...]
    confidence: tuple[float, ...]
    person: int = 1
    size: tuple[int, int] | None = None


class PeopleOfPictures:
    """Makes items, and numbers the people of each picture in the order in which they come."""

    def __init__(self) -> None:
        self._people: Counter[str] = Counter()

    def item(
        self,
        name: str,
        path: Path,
        joints: NDArray[np.floating],
        confidence: NDArray[np.floating],
        size: tuple[int, int] | None = None,
    ) -> PersonItem:
        """Return the next person of a picture.

        Args:
            name: of the picture, from which the subject is named: its parts without the suffix, and the number.
            path: of the picture.
            joints: [16, 2], see `PersonItem`; what is not annotated may be anything.
            confidence: [16] in 0..1.
            size: see `PersonItem`.
        """
        self._people[name] += 1
        number = self._people[name]
        subject = "-".join([*Path(name).with_suffix("").parts, str(number)])
        seen = confidence > 0
        places = np.where(seen[:, None], joints, 0.0)
        return PersonItem(
            *(subject, CONDITION, VIEW, str(path)),
            joints=tuple((float(x), float(y)) for x, y in places),
            confidence=tuple(float(value) for value in np.where(seen, confidence, 0.0)),
            person=number,
            size=size,
        )


def find_picture(name: str, folders: Sequence[Path]) -> Path:
    """Return where a picture is: in the first of some folders that has it, or should have it.

    Raises:
        UnreadableFileError: a name that leads out of the folders.
    """
    parts = Path(name).parts
    if not parts or Path(name).is_absolute() or ".." in parts:
        raise UnreadableFileError(f"picture {name[:100]!r} is no name of a file in the data set's folders")
    return next((folder / name for folder in folders if (folder / name).is_file()), folders[0] / name)


def read_person(item: WalkItem) -> RawWalk:
    """Cut one person out of a picture, as a walk of one frame with joints in its pixels.

    The part has a margin around the joints, and is shrunk where it is large. A joint that is annotated outside of the
    picture counts as unseen, and is reported.

    Raises:
        UnreadableFileError: the picture is missing, damaged, or of another size than annotated.
        InvalidSequenceError: no joint lies within the picture, or all of them in one place.
    """
    assert isinstance(item, PersonItem)
    image = read_photograph(item.path)
    height, width = image.shape[:2]
    if item.size not in (None, (height, width)):
        assert item.size is not None
        raise UnreadableFileError(
            f"{item.path}: {width} x {height} pixels; its annotation is of one of {item.size[1]} x {item.size[0]}"
        )
    joints = np.array(item.joints, np.float64)
    annotated = np.array(item.confidence) > 0
    inside = ((joints >= 0) & (joints <= [width, height])).all(axis=1)
    seen = annotated & inside
    person = f"{item.path}: person {item.person}"
    if not seen.any():
        raise InvalidSequenceError(f"{person}: none of {int(annotated.sum())} joints lies within the picture")
    low, high = joints[seen].min(axis=0), joints[seen].max(axis=0)
    longer = float((high - low).max())
    if longer < _SMALLEST_BOX:
        raise InvalidSequenceError(f"{person}: all joints lie within {longer:.0f} pixels, need {_SMALLEST_BOX:.0f}")
    first = np.floor(np.maximum(low - _MARGIN * longer, 0)).astype(int)
    last = np.ceil(np.minimum(high + _MARGIN * longer, [width, height])).astype(int)
    part = image[first[1] : last[1], first[0] : last[0]]
    moved = joints - first
    if max(part.shape[:2]) > _LARGEST_SIDE:
        scale = _LARGEST_SIDE / max(part.shape[:2])
        small = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        moved = moved * np.array(small) / part.shape[1::-1]
        part = cv2.resize(part, small, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    sequence = GaitSequence(
        *(item.subject, item.condition, item.view, FRAME_RATE_HZ),
        frames=np.ascontiguousarray(part)[None],
        joints=np.where(seen[:, None], moved, 0.0).astype(np.float32)[None],
        skeleton=MPII_16,
        confidence=np.where(seen, item.confidence, 0.0).astype(np.float32)[None],
    )
    outside = [MPII_16.joints[joint] for joint in np.flatnonzero(annotated & ~inside)]
    reason = f"person {item.person}: outside of the picture, counted as unseen: {', '.join(outside)}"
    return RawWalk(sequence, (Reject(item.path, reason),) if outside else ())


def read_photograph(path: str) -> NDArray[np.uint8]:
    """Return a photograph as it is stored, uint8 [H, W, 3], RGB.

    It is not turned as its camera was held (EXIF): annotations are of the stored pixels.

    Raises:
        UnreadableFileError: missing, empty, cut short, damaged, too large, or no picture.
    """
    data = read_file(path, _MAX_FILE_BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large pictures, for which there is a limit here, and odd tags
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                if picture.width * picture.height > _MAX_PIXELS:
                    raise ValueError(f"{picture.width} x {picture.height} pixels, at most {_MAX_PIXELS} are allowed")
                return np.array(picture.convert("RGB"))
    except UnidentifiedImageError as error:
        raise UnreadableFileError(f"{path}: no picture") from error
    # What Pillow raises for damaged files, depending on the format.
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, struct.error) as error:
        raise UnreadableFileError(f"{path}: damaged picture ({' '.join(str(error).split())})") from error
    except Image.DecompressionBombError as error:
        raise UnreadableFileError(f"{path}: too large a picture ({error})") from error

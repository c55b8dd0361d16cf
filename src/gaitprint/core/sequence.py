"""`GaitSequence`: one walk of one person, as the whole project passes it around."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import InvalidSequenceError
from gaitprint.core.skeletons import Skeleton, get_skeleton

# What is farther away, in metres or in pixels, is no joint; its square still is a number in single precision.
LARGEST_COORDINATE = 1e6


@dataclass(frozen=True, eq=False)
class GaitSequence:
    """One walk: who, under which condition, from which view, and what was recorded of it.

    At least one of `silhouettes`, `joints` and `frames` is given; all that are given have the same number of
    frames T >= 1. Arrays are kept without a copy and marked read-only.

    Args:
        subject: identity label, for example ``"001"``.
        condition: recording condition and repetition, for example ``"nm-01"``.
        view: camera label, for example ``"090"``.
        frame_rate_hz: frames a second, > 0.
        silhouettes: uint8 [T, H, W], 0 background to 255 person; values between are edges.
        joints: float32 [T, J, 2] in pixels (x right, y down) or [T, J, 3] in metres (y up; x and z as the recorder
            has them: Kinect and BVH frames are right-handed); finite, at most `LARGEST_COORDINATE`. A joint that was
            not seen has confidence 0.
        skeleton: which joints these are, as a `Skeleton` or the name of one; required with `joints`.
        confidence: float32 [T, J] in 0..1; None means that every joint was seen.
        frames: uint8 [T, H, W, 3], RGB.
        view_deg: camera azimuth in degrees where it is known (0 = the person walks towards the camera).

    Raises:
        InvalidSequenceError: labels that are empty or hold a separator; arrays of another type, rank, length or
            range; no array at all.

    Example:
        >>> walk = GaitSequence("001", "nm-01", "090", 25.0, silhouettes=np.zeros((30, 64, 44), np.uint8))
        >>> walk.id, walk.num_frames, walk.modalities
        ('001/nm-01/090', 30, ('silhouettes',))
    """

    subject: str
    condition: str
    view: str
    frame_rate_hz: float
    silhouettes: NDArray[np.uint8] | None = None
    joints: NDArray[np.float32] | None = None
    skeleton: Skeleton | None = None
    confidence: NDArray[np.float32] | None = None
    frames: NDArray[np.uint8] | None = None
    view_deg: float | None = None

    def __post_init__(self) -> None:
        for field in ("subject", "condition", "view"):
            check_label(field, getattr(self, field))
        if not (_is_finite_number(self.frame_rate_hz) and self.frame_rate_hz > 0):
            raise InvalidSequenceError(f"{self.id}: frame_rate_hz is {self.frame_rate_hz!r}, must be above 0")
        if self.view_deg is not None and not _is_finite_number(self.view_deg):
            raise InvalidSequenceError(f"{self.id}: view_deg is {self.view_deg!r}, must be a finite number")
        if isinstance(self.skeleton, str):
            object.__setattr__(self, "skeleton", get_skeleton(self.skeleton))
        elif not isinstance(self.skeleton, Skeleton | None):
            raise InvalidSequenceError(f"{self.id}: skeleton is {self.skeleton!r}, must be a Skeleton or a name")
        if self.silhouettes is not None:
            self._freeze("silhouettes", np.uint8, 3)
        if self.frames is not None:
            self._freeze("frames", np.uint8, 4)
            if self.frames.shape[3] != 3:
                raise InvalidSequenceError(f"{self.id}: frames have {self.frames.shape[3]} channels, need 3 (RGB)")
        self._check_joints()
        lengths = {name: len(getattr(self, name)) for name in self.modalities}
        if not lengths:
            raise InvalidSequenceError(f"{self.id}: needs silhouettes, joints or frames; none given")
        if len(set(lengths.values())) > 1:
            raise InvalidSequenceError(f"{self.id}: modalities differ in length: {lengths}")
        if self.num_frames == 0:
            raise InvalidSequenceError(f"{self.id}: has no frames")

    def _freeze(self, name: str, dtype: type[np.generic], rank: int) -> None:
        array = np.asarray(getattr(self, name))
        if array.dtype != dtype or array.ndim != rank:
            raise InvalidSequenceError(
                f"{self.id}: {name} are {array.dtype} of rank {array.ndim}, need {np.dtype(dtype)} of rank {rank}"
            )
        if 0 in array.shape[1:]:
            raise InvalidSequenceError(f"{self.id}: {name} have an empty axis: shape {array.shape}")
        view = array.view()
        view.flags.writeable = False
        object.__setattr__(self, name, view)

    def _check_joints(self) -> None:
        if self.joints is None:
            if self.skeleton is not None or self.confidence is not None:
                raise InvalidSequenceError(f"{self.id}: skeleton or confidence given without joints")
            return
        if self.skeleton is None:
            raise InvalidSequenceError(f"{self.id}: joints given without a skeleton")
        self._freeze("joints", np.float32, 3)
        num_joints, num_axes = self.joints.shape[1:]
        if num_joints != len(self.skeleton.joints):
            raise InvalidSequenceError(
                f"{self.id}: {num_joints} joints, but skeleton '{self.skeleton.name}' has {len(self.skeleton.joints)}"
            )
        if num_axes not in (2, 3):
            raise InvalidSequenceError(f"{self.id}: joints have {num_axes} coordinates, need 2 or 3")
        usable = np.abs(self.joints) <= LARGEST_COORDINATE  # NaN is not, either
        if not usable.all():
            frame, joint, _ = np.argwhere(~usable)[0].tolist()
            fault = f"reach beyond {LARGEST_COORDINATE:,.0f} metres or pixels"
            hint = ""
            if not np.isfinite(self.joints[frame, joint]).all():
                fault, hint = "hold NaN or infinity", "; a joint that was not seen has any place and confidence 0"
            name = self.skeleton.joints[joint]
            raise InvalidSequenceError(f"{self.id}: joints {fault}, first {name} in frame {frame}{hint}")
        if self.confidence is not None:
            self._freeze("confidence", np.float32, 2)
            if self.confidence.shape != self.joints.shape[:2]:
                raise InvalidSequenceError(
                    f"{self.id}: confidence has shape {self.confidence.shape}, joints {self.joints.shape}"
                )
            if not ((self.confidence >= 0) & (self.confidence <= 1)).all():
                raise InvalidSequenceError(f"{self.id}: confidence outside 0..1")

    @property
    def id(self) -> str:
        """The name of this walk within a data set: ``subject/condition/view``."""
        return f"{self.subject}/{self.condition}/{self.view}"

    @property
    def modalities(self) -> tuple[str, ...]:
        """Which of ``silhouettes``, ``joints``, ``frames`` were recorded, in that order."""
        return tuple(name for name in ("silhouettes", "joints", "frames") if getattr(self, name) is not None)

    @property
    def num_frames(self) -> int:
        """T, the length of every modality."""
        return len(getattr(self, self.modalities[0]))

    def select(self, frame_indices: Any) -> GaitSequence:
        """Return the same walk with only the frames that an index array, slice or boolean mask selects."""
        chosen = {
            name: getattr(self, name)[frame_indices]
            for name in (*self.modalities, "confidence")
            if getattr(self, name) is not None
        }
        return GaitSequence(
            self.subject,
            self.condition,
            self.view,
            self.frame_rate_hz,
            skeleton=self.skeleton,
            view_deg=self.view_deg,
            **chosen,
        )


def _is_finite_number(value: object) -> bool:
    """Whether it is a finite number, of Python or of NumPy."""
    return isinstance(value, numbers.Real) and math.isfinite(value)


def check_label(field: str, value: object) -> None:
    r"""Raise `InvalidSequenceError` unless `value` can name a subject, a condition or a view.

    A label is a non-empty string of at most 128 printable characters without ``/``, ``\\`` and ``:``, and is
    neither ``.`` nor ``..``: it must be a folder name on every system and a part of a sequence id.
    """
    if not isinstance(value, str) or not value:
        raise InvalidSequenceError(f"{field} is {value!r}, must be a non-empty string")
    if len(value) > 128 or not value.isprintable() or set(value) & set("/\\:") or value in (".", ".."):
        raise InvalidSequenceError(f"{field} {value[:140]!r} is no valid label (printable, no / \\ :, at most 128)")

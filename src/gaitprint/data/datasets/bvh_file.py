"""Parsing BVH (Biovision Hierarchy) files, and the world positions of their joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError

_CHANNELS = tuple(f"{axis}{kind}" for kind in ("position", "rotation") for axis in "XYZ")
_MAX_JOINTS = 1000


@dataclass(frozen=True)
class BvhJoint:
    """A joint, or the end of a limb (name of its parent and ``_end``).

    Args:
        name: as the file has it.
        parent: index of the parent joint, -1 for the root.
        offset: x, y, z from the parent, in the file's unit.
        channels: names of its motion channels in the order of the file.
    """

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...]


@dataclass(frozen=True)
class BvhMotion:
    """A parsed file.

    Args:
        joints: every parent before its children.
        frame_rate_hz: frames a second.
        values: float64 [T, channels of all joints], degrees and the file's unit.
    """

    joints: tuple[BvhJoint, ...]
    frame_rate_hz: float
    values: NDArray[np.float64]

    def world_positions(self) -> NDArray[np.float64]:
        """Forward kinematics: float64 [T, joints, 3] in the file's unit and axes."""
        return _positions(self.joints, self.values)

    def rest_positions(self) -> NDArray[np.float64]:
        """The pose with all channels at zero, float64 [joints, 3], root at its offset."""
        still = tuple(BvhJoint(joint.name, joint.parent, joint.offset, ()) for joint in self.joints)
        rest: NDArray[np.float64] = _positions(still, np.zeros((1, 0)))[0]
        return rest


def _positions(joints: tuple[BvhJoint, ...], values: NDArray[np.float64]) -> NDArray[np.float64]:
    num_frames = len(values)
    positions = np.zeros((num_frames, len(joints), 3))
    rotations: list[NDArray[np.float64]] = []  # of each joint, [T, 3, 3], local to world
    column = 0
    for index, joint in enumerate(joints):
        offset = np.tile(np.array(joint.offset), (num_frames, 1))  # [T, 3]
        rotation = np.tile(np.eye(3), (num_frames, 1, 1))
        for channel in joint.channels:
            axis = "XYZ".index(channel[0])
            if channel.endswith("position"):
                offset[:, axis] = values[:, column]  # a position takes the place of the offset
            else:
                rotation = rotation @ _rotation(axis, values[:, column])
            column += 1
        if joint.parent < 0:
            positions[:, index] = offset
        else:
            parent = rotations[joint.parent]
            positions[:, index] = positions[:, joint.parent] + np.einsum("tij,tj->ti", parent, offset)
            rotation = parent @ rotation
        rotations.append(rotation)
    return positions


def _rotation(axis: int, degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Right-handed rotations [T, 3, 3] about one axis."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrices = np.zeros((len(degrees), 3, 3))
    matrices[:, axis, axis] = 1
    matrices[:, first, first] = matrices[:, second, second] = cos
    matrices[:, second, first], matrices[:, first, second] = sin, -sin
    return matrices


def parse_bvh(data: bytes, path: str) -> BvhMotion:
    """Parse the bytes of a file.

    Args:
        data: the file.
        path: what errors name.

    Raises:
        UnreadableFileError: not BVH, cut short, or values that are no finite numbers.
    """
    head, found, tail = data.partition(b"MOTION")
    if not data.lstrip().startswith(b"HIERARCHY") or not found:
        raise UnreadableFileError(f"{path}: not a BVH file (needs HIERARCHY and MOTION)")
    try:
        joints = _parse_hierarchy(head.decode("latin-1").split())
        tokens = tail.replace(b":", b" : ").split()
        if [token.lower() for token in (tokens[0], tokens[3], tokens[4])] != [b"frames", b"frame", b"time"]:
            raise ValueError("no 'Frames:' and 'Frame Time:' after MOTION")
        num_frames, frame_time = int(tokens[2]), float(tokens[6])
        if num_frames < 1 or not 1e-5 < frame_time < 10:
            raise ValueError(f"{num_frames} frames of {frame_time} seconds")
        num_channels = sum(len(joint.channels) for joint in joints)
        if len(tokens) - 7 != num_frames * num_channels:
            raise ValueError(f"{len(tokens) - 7} motion values, {num_frames} frames need {num_frames * num_channels}")
        values = np.array(tokens[7:]).astype(np.float64).reshape(num_frames, num_channels)
    except (ValueError, IndexError) as error:
        raise UnreadableFileError(f"{path}: damaged BVH ({' '.join(str(error).split())[:120]})") from error
    if not np.isfinite(values).all():
        raise UnreadableFileError(f"{path}: frame {int(np.argwhere(~np.isfinite(values))[0, 0])} holds NaN or infinity")
    return BvhMotion(tuple(joints), 1 / frame_time, values)


def _parse_hierarchy(tokens: list[str]) -> list[BvhJoint]:
    """Read joints off the words of the HIERARCHY part; ValueError or IndexError where they make no sense."""
    joints: list[BvhJoint] = []
    open_joints: list[int] = []
    position = 1
    while position < len(tokens):
        word = tokens[position].upper()
        if word == "}":
            open_joints.pop()
            position += 1
            continue
        if word not in ("ROOT", "JOINT", "END"):
            raise ValueError(f"unexpected '{tokens[position][:40]}' in the hierarchy")
        if (word == "ROOT") != (not open_joints) or len(joints) >= _MAX_JOINTS:
            raise ValueError(f"{word} out of place, or more than {_MAX_JOINTS} joints")
        parent = open_joints[-1] if open_joints else -1
        name = f"{joints[parent].name}_end" if word == "END" else tokens[position + 1]
        if tokens[position + 2] != "{" or tokens[position + 3].upper() != "OFFSET":
            raise ValueError(f"joint '{name[:40]}' has no OFFSET")
        x, y, z = map(float, tokens[position + 4 : position + 7])
        position += 7
        channels: tuple[str, ...] = ()
        if position < len(tokens) and tokens[position].upper() == "CHANNELS":
            count = int(tokens[position + 1])
            channels = tuple(tokens[position + 2 : position + 2 + count])
            if not 0 <= count <= 6 or len(channels) != count or not set(channels) <= set(_CHANNELS):
                raise ValueError(f"joint '{name[:40]}' has channels {' '.join(channels)[:60]}")
            position += 2 + count
        open_joints.append(len(joints))
        joints.append(BvhJoint(name, parent, (x, y, z), channels))
    if open_joints or not joints:
        raise ValueError("hierarchy is not closed")
    return joints

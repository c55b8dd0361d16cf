"""Skeleton definitions: joint names and order, bones, left/right pairs, and mappings from one to another.

Joint names are shared between skeletons wherever the anatomical point is the same, so that a mapping is first a
look-up by name. What a skeleton lacks is derived from neighbours where that is anatomically sound (`_DERIVED`), and
marked as unseen where it is not.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import InvalidSequenceError, UsageError
from gaitprint.core.registry import unknown_name_message


@dataclass(frozen=True)
class Skeleton:
    """A named set of joints; one of your own is a `Skeleton` like the built-in ones.

    Args:
        name: for example ``"kinect-v1-20"``.
        joints: joint names in the order of the J axis. Those that the built-in skeletons have stand for the same points
            of the body, which is how walks are converted and preprocessed.
        bones: (parent, child) joint names, from the middle of the body outwards; no joint is the child of two bones.
        left_right: (left, right) joint names that mirror each other.

    Raises:
        InvalidSequenceError: no name, or no joints; a joint is listed twice; a bone or pair is none, or names a joint
            that is not listed; bones that meet in a joint or lead round in a circle; a joint in two pairs.

    Example:
        >>> leg = Skeleton("leg-3", ("hip", "knee", "ankle"), (("hip", "knee"), ("knee", "ankle")), ())
        >>> leg.bone_indices.tolist()
        [[0, 1], [1, 2]]
    """

    name: str
    joints: tuple[str, ...]
    bones: tuple[tuple[str, str], ...]
    left_right: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        # Lists, as files give them, would do as well but for the hash that mappings are remembered by.
        for field in ("bones", "left_right"):
            object.__setattr__(self, field, tuple(tuple(pair) for pair in getattr(self, field)))
        object.__setattr__(self, "joints", tuple(self.joints))
        if not self.name or not self.joints or not all(self.joints):
            raise InvalidSequenceError(f"skeleton '{self.name}': needs a name, and joints with names")
        self._check_once("a joint is listed twice", self.joints)
        for pair in (*self.bones, *self.left_right):
            if len(pair) != 2:
                raise InvalidSequenceError(f"skeleton '{self.name}': {pair} is no pair of two joints")
            for joint in pair:
                if joint not in self.joints:
                    raise InvalidSequenceError(f"skeleton '{self.name}': {pair} names unknown joint '{joint}'")
        self._check_once("two bones lead to one joint", [child for _, child in self.bones])
        self._check_once("a joint is in two pairs of left and right", itertools.chain(*self.left_right))
        parent_of = {child: parent for parent, child in self.bones}
        for joint in self.joints:
            above = joint
            for _ in self.joints:
                above = parent_of.get(above, "")
            if above:
                raise InvalidSequenceError(f"skeleton '{self.name}': bones lead round in a circle: '{joint}'")

    def _check_once(self, fault: str, joints: Iterable[str]) -> None:
        seen: set[str] = set()
        for joint in joints:
            if joint in seen:
                raise InvalidSequenceError(f"skeleton '{self.name}': {fault}: '{joint}'")
            seen.add(joint)

    @property
    def definition(self) -> dict[str, Any]:
        """Everything that makes this skeleton, as plain values for JSON and YAML; `get_skeleton` reads them back."""
        return {
            "name": self.name,
            "joints": list(self.joints),
            "bones": [list(pair) for pair in self.bones],
            "left_right": [list(pair) for pair in self.left_right],
        }

    def index(self, joint: str) -> int:
        """Return the position of a joint on the J axis; `UsageError` names the nearest joint otherwise."""
        if joint not in self.joints:
            raise UsageError(unknown_name_message(f"joint of {self.name}", joint, self.joints))
        return self.joints.index(joint)

    @cached_property
    def bone_indices(self) -> NDArray[np.int64]:
        """Bones as joint positions, int64 [bones, 2] (parent, child)."""
        return np.array([[self.index(a), self.index(b)] for a, b in self.bones], dtype=np.int64).reshape(-1, 2)

    @cached_property
    def mirror_indices(self) -> NDArray[np.int64]:
        """Permutation int64 [J] that swaps every left joint with its right one."""
        order = np.arange(len(self.joints))
        for left, right in self.left_right:
            i, j = self.index(left), self.index(right)
            order[i], order[j] = j, i
        return order

    @cached_property
    def adjacency(self) -> NDArray[np.float32]:
        """Symmetric 0/1 matrix float32 [J, J] of the bones, without self loops."""
        matrix = np.zeros((len(self.joints),) * 2, np.float32)
        parents, children = self.bone_indices.T
        matrix[parents, children] = matrix[children, parents] = 1.0
        return matrix


def _pairs(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"left_{name}", f"right_{name}") for name in names)


def _limbs(*chains: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Bones along each chain; a name that starts with ``*`` stands for its left and right joint."""
    bones: list[tuple[str, str]] = []
    for chain in chains:
        for side in ("left_", "right_") if any(name[0] == "*" for name in chain) else ("",):
            names = [name.replace("*", side) for name in chain]
            bones.extend(itertools.pairwise(names))
    return tuple(bones)


KINECT_V1_20 = Skeleton(
    "kinect-v1-20",
    # The order of NUI_SKELETON_POSITION_INDEX in the Kinect for Windows SDK 1.x.
    joints=(
        *("pelvis", "spine_mid", "thorax", "head"),
        *("left_shoulder", "left_elbow", "left_wrist", "left_hand"),
        *("right_shoulder", "right_elbow", "right_wrist", "right_hand"),
        *("left_hip", "left_knee", "left_ankle", "left_foot"),
        *("right_hip", "right_knee", "right_ankle", "right_foot"),
    ),
    bones=_limbs(
        ("pelvis", "spine_mid", "thorax", "head"),
        ("thorax", "*shoulder", "*elbow", "*wrist", "*hand"),
        ("pelvis", "*hip", "*knee", "*ankle", "*foot"),
    ),
    left_right=_pairs("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "foot"),
)

KINECT_V2_25 = Skeleton(
    "kinect-v2-25",
    # The order of the JointType enumeration in the Kinect for Windows SDK 2.0.
    joints=(
        *("pelvis", "spine_mid", "neck", "head"),
        *("left_shoulder", "left_elbow", "left_wrist", "left_hand"),
        *("right_shoulder", "right_elbow", "right_wrist", "right_hand"),
        *("left_hip", "left_knee", "left_ankle", "left_foot"),
        *("right_hip", "right_knee", "right_ankle", "right_foot"),
        *("thorax", "left_hand_tip", "left_thumb", "right_hand_tip", "right_thumb"),
    ),
    bones=_limbs(
        ("pelvis", "spine_mid", "thorax", "neck", "head"),
        ("thorax", "*shoulder", "*elbow", "*wrist", "*hand", "*hand_tip"),
        ("*wrist", "*thumb"),
        ("pelvis", "*hip", "*knee", "*ankle", "*foot"),
    ),
    left_right=_pairs("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "foot", "hand_tip", "thumb"),
)

MPII_16 = Skeleton(
    "mpii-16",
    joints=(
        *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
        *("pelvis", "thorax", "neck", "head_top"),
        *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
    ),
    bones=_limbs(
        ("pelvis", "thorax", "neck", "head_top"),
        ("thorax", "*shoulder", "*elbow", "*wrist"),
        ("pelvis", "*hip", "*knee", "*ankle"),
    ),
    left_right=_pairs("ankle", "knee", "hip", "wrist", "elbow", "shoulder"),
)

COCO_17 = Skeleton(
    "coco-17",
    joints=(
        *("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
        *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
        *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
    ),
    # The COCO annotation draws a closed torso; as a tree the shoulders hang on the nose, the hips on the shoulders.
    bones=_limbs(
        ("nose", "*eye", "*ear"),
        ("nose", "*shoulder", "*elbow", "*wrist"),
        ("*shoulder", "*hip", "*knee", "*ankle"),
    ),
    left_right=_pairs("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"),
)

BLAZEPOSE_33 = Skeleton(
    "blazepose-33",
    joints=(
        "nose",
        *("left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer"),
        *("left_ear", "right_ear", "left_mouth", "right_mouth"),
        *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
        *("left_pinky", "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb"),
        *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
        *("left_heel", "right_heel", "left_foot", "right_foot"),
    ),
    bones=_limbs(
        ("nose", "*eye_inner", "*eye", "*eye_outer", "*ear"),
        ("nose", "*mouth"),
        ("nose", "*shoulder", "*elbow", "*wrist", "*index"),
        ("*wrist", "*pinky"),
        ("*wrist", "*thumb"),
        ("*shoulder", "*hip", "*knee", "*ankle", "*heel"),
        ("*ankle", "*foot"),
    ),
    left_right=_pairs(
        *("eye_inner", "eye", "eye_outer", "ear", "mouth", "shoulder", "elbow", "wrist", "pinky", "index", "thumb"),
        *("hip", "knee", "ankle", "heel", "foot"),
    ),
)

SKELETONS: dict[str, Skeleton] = {
    skeleton.name: skeleton for skeleton in (KINECT_V1_20, KINECT_V2_25, MPII_16, COCO_17, BLAZEPOSE_33)
}

# joint -> weighted sums of other joints that stand for it, best first. Weights of each sum add up to 1.
_DERIVED: dict[str, tuple[dict[str, float], ...]] = {
    "pelvis": ({"left_hip": 0.5, "right_hip": 0.5},),
    "thorax": ({"left_shoulder": 0.5, "right_shoulder": 0.5},),
    "spine_mid": ({"pelvis": 0.5, "thorax": 0.5},),
    "neck": ({"thorax": 0.6, "head": 0.4}, {"thorax": 0.8, "head_top": 0.2}),
    "head": ({"left_ear": 0.5, "right_ear": 0.5}, {"neck": 0.5, "head_top": 0.5}),
    "head_top": ({"head": 2.0, "neck": -1.0},),
    "left_hand": ({"left_index": 0.5, "left_pinky": 0.5},),
    "right_hand": ({"right_index": 0.5, "right_pinky": 0.5},),
    "left_hand_tip": ({"left_index": 1.0},),
    "right_hand_tip": ({"right_index": 1.0},),
}


def get_skeleton(choice: str | Mapping[str, Any]) -> Skeleton:
    """Return the skeleton that a recipe or a card means.

    Args:
        choice: the name of a built-in one, or the definition of any (`Skeleton.definition`).

    Raises:
        UsageError: no such name (the nearest one is named), or a definition with a missing or unknown key or a value of
            a wrong type.
        InvalidSequenceError: a definition that is no skeleton.

    >>> get_skeleton("coco-17").index("left_knee")
    13
    """
    if isinstance(choice, str):
        if choice not in SKELETONS:
            raise UsageError(unknown_name_message("skeleton", choice, SKELETONS))
        return SKELETONS[choice]
    # Checking plain values takes pydantic, which walks with a built-in skeleton need not wait for.
    from gaitprint.core.skeleton_definition import parse_skeleton

    return parse_skeleton(choice)


def _weights_for(joint: str, source: Skeleton, pending: frozenset[str]) -> NDArray[np.float32] | None:
    """Row float32 [J of source] that yields `joint`, or None; `pending` breaks circular derivations."""
    if joint in source.joints:
        one_hot = np.zeros(len(source.joints), np.float32)
        one_hot[source.index(joint)] = 1.0
        return one_hot
    if joint in pending:
        return None
    for parts in _DERIVED.get(joint, ()):
        rows = [_weights_for(part, source, pending | {joint}) for part in parts]
        known = [row for row in rows if row is not None]
        if len(known) == len(rows):
            return np.array(list(parts.values()), np.float32) @ np.stack(known)
    return None


@lru_cache(maxsize=64)
def mapping(source: Skeleton, target: Skeleton) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the linear map between two skeletons.

    Returns:
        weights float32 [J target, J source], rows that add up to 1, or all zero where the joint cannot be derived;
        available bool [J target].

    >>> weights, available = mapping(KINECT_V1_20, MPII_16)
    >>> bool(available.all()), weights.shape
    (True, (16, 20))
    """
    rows = [_weights_for(joint, source, frozenset()) for joint in target.joints]
    available = np.array([row is not None for row in rows])
    empty = np.zeros(len(source.joints), np.float32)
    weights = np.stack([empty if row is None else row for row in rows])
    weights.flags.writeable = available.flags.writeable = False
    return weights, available


def convert_joints(
    joints: NDArray[np.float32],
    source: Skeleton,
    target: Skeleton,
    confidence: NDArray[np.float32] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Express joints of one skeleton in another.

    Args:
        joints: float32 [..., J source, 2 or 3].
        source: the skeleton of `joints`.
        target: the skeleton wanted.
        confidence: float32 [..., J source] in 0..1; None means 1 throughout.

    Returns:
        joints float32 [..., J target, axes] and confidence float32 [..., J target]. A derived joint gets the lowest
        confidence among the joints that it is made of; a joint that cannot be derived is 0 with confidence 0.

    Raises:
        InvalidSequenceError: `joints` do not have the joints of `source`.
    """
    if joints.shape[-2] != len(source.joints):
        raise InvalidSequenceError(f"{joints.shape[-2]} joints, but '{source.name}' has {len(source.joints)}")
    weights, available = mapping(source, target)
    converted = np.einsum("ts,...sc->...tc", weights, joints).astype(np.float32)
    if confidence is None:
        confidence = np.ones(joints.shape[:-1], np.float32)
    used = np.where(weights != 0, confidence[..., None, :], np.float32(1.0)).min(axis=-1)
    return converted, np.where(available, used, np.float32(0.0)).astype(np.float32)

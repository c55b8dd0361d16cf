"""The few points of the body that preprocessing needs, whatever the skeleton."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import IncompatibleError
from gaitprint.core.skeletons import Skeleton, mapping

SIDES = ("left", "right")
LEG = ("hip", "knee", "ankle")
LIMBS = ("shoulder", *LEG, "foot")
ANATOMY = Skeleton(
    "anatomy",
    joints=("pelvis", "thorax", *(f"{side}_{limb}" for limb in LIMBS for side in SIDES)),
    bones=(),
    left_right=tuple((f"left_{limb}", f"right_{limb}") for limb in LIMBS),
)


def points_of(joints: NDArray[np.float64], skeleton: Skeleton, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Return points of the body, each a joint or derived from joints.

    Args:
        joints: float64 [T, J, A].
        skeleton: of `joints`.
        names: of points in `ANATOMY`.

    Returns:
        float64 [T, points, A].

    Raises:
        IncompatibleError: the skeleton has neither such a joint nor those that it could be derived from.
    """
    points: NDArray[np.float64] = _weights(skeleton, names) @ joints  # [P, J] @ [T, J, A]
    return points


def legs_of(joints: NDArray[np.float64], skeleton: Skeleton) -> NDArray[np.float64]:
    """Return hip, knee and ankle of the left and the right leg, float64 [T, 2 sides, 3, A]; errors as `points_of`."""
    names = tuple(f"{side}_{joint}" for side in SIDES for joint in LEG)
    return points_of(joints, skeleton, names).reshape(len(joints), 2, 3, joints.shape[2])


def has_points(skeleton: Skeleton, names: tuple[str, ...]) -> bool:
    """Whether `points_of` can give these points."""
    available = mapping(skeleton, ANATOMY)[1]
    return all(bool(available[ANATOMY.index(name)]) for name in names)


@lru_cache(maxsize=64)
def _weights(skeleton: Skeleton, names: tuple[str, ...]) -> NDArray[np.float64]:
    weights, available = mapping(skeleton, ANATOMY)
    rows = [ANATOMY.index(name) for name in names]
    lacking = [name for name, row in zip(names, rows, strict=True) if not available[row]]
    if lacking:
        raise IncompatibleError(f"skeleton '{skeleton.name}' cannot be preprocessed: it has no {', '.join(lacking)}")
    return weights[rows].astype(np.float64)

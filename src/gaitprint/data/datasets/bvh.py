"""Motion capture in BVH: a tree of folders, one a subject; joints as `KINECT_V1_20` in metres."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import KINECT_V1_20
from gaitprint.data.datasets.bvh_file import BvhMotion, parse_bvh
from gaitprint.data.datasets.reader import Listing, RawWalk, Reader, Reject, WalkItem, list_folder
from gaitprint.data.png import read_file

_MAX_FILE_BYTES = 1 << 28

# What the usual rigs call the joints, in lower case without separators and prefixes ("mixamorig:"). Best first; names
# joined by + are averaged. Sides are written with L and R, and spelled out below. The rigs: CMU's three conversions by
# cgspeed (DAZ, MotionBuilder, 3ds Max), Mixamo, Rokoko and other humanoids.
_NAMES: dict[str, tuple[str, ...]] = {
    "pelvis": ("hips", "hip", "pelvis", "root"),
    "spine_mid": ("abdomen", "spine", "lowerback", "chest", "torso", "spine1"),
    "thorax": ("Lcollar+Rcollar", "Lshoulder+Rshoulder", "neck", "neck1", "Lshldr+Rshldr", "Larm+Rarm"),
    # The joint called head is where skull and neck meet: the middle of the head lies halfway to its end.
    "head": ("Leye+Reye", "head+headend", "head"),
    "*_shoulder": ("*shldr", "*arm", "*uparm", "*upperarm", "*shoulder"),
    "*_elbow": ("*forearm", "*lowarm", "*lowerarm", "*elbow"),
    "*_wrist": ("*hand", "*wrist"),
    "*_hand": ("*mid1", "*handmiddle1", "*middle1", "*index1", "*handindex1", "*fingerbase", "*handend", "*wristend"),
    "*_hip": ("*thigh", "*upleg", "*upperleg", "*hip"),
    "*_knee": ("*shin", "*leg", "*lowleg", "*lowerleg", "*knee"),
    "*_ankle": ("*foot", "*ankle"),
    "*_foot": ("*toe", "*toebase", "*toes", "*footend", "*ankleend"),
}
_SIDES = {"left": ("l", "left"), "right": ("r", "right")}

# Height of the rest pose in the file's unit -> metres a unit. The ranges do not touch for people of 1.0 to 2.5 m.
_UNITS: tuple[tuple[float, float, str, float], ...] = (
    (1.0, 2.5, "metres", 1.0),
    (17.7, 44.0, "CMU units (1 / 0.45 inch)", 0.0254 / 0.45),
    (44.0, 98.0, "inches", 0.0254),
    (98.0, 250.0, "centimetres", 0.01),
    (1000.0, 2500.0, "millimetres", 0.001),
)

# No joint of a walker or runner moves faster, in metres a second.
_FASTEST_JOINT = 20.0


class BvhReader(Reader):
    """Motion capture, subject/*.bvh: joint positions in metres, as the 20 joints of a Kinect v1.

    Subject is the folder's name, condition the file's name without the subject in front (``07/07_03.bvh`` is
    ``07/walk-03``), view ``free``. BVH states no unit: the height of the rest pose tells metres, CMU units, inches,
    centimetres and millimetres apart. Axes are as recorded: y up, right-handed. A first frame that is the T-pose of
    the conversion, and not motion, is left out and reported.
    """

    def list_walks(self, source: Path) -> Listing:
        """List the .bvh files of all subject folders; see `Reader`."""
        listing = Listing()
        for folder in list_folder(source):
            if not folder.is_dir():
                listing.rejects.append(Reject(str(folder), "a file where the folder of a subject is expected"))
                continue
            try:
                files = list_folder(folder)
            except UnreadableFileError as error:
                listing.rejects.append(Reject.of(folder, error))
                continue
            if not files:
                listing.rejects.append(Reject(str(folder), "empty folder"))
            for path in files:
                if path.suffix.lower() != ".bvh":
                    listing.rejects.append(Reject(str(path), "not a .bvh"))
                else:
                    listing.add(WalkItem(folder.name, _condition(folder.name, path.stem), "free", str(path)))
        return listing

    def read_walk(self, item: WalkItem) -> RawWalk:
        """Read one file; see `Reader`."""
        motion = parse_bvh(read_file(item.path, _MAX_FILE_BYTES), item.path)
        joints = kinect_joints(motion, item.path)
        rejects: tuple[Reject, ...] = ()
        steps = np.linalg.norm(np.diff(joints[:2], axis=0), axis=2) * motion.frame_rate_hz  # metres a second
        if steps.max(initial=0) > _FASTEST_JOINT:
            joints = joints[1:]
            rejects = (Reject(item.path, f"frame 0 is left out: a pose {steps.max():.0f} m/s away from frame 1"),)
        rate = motion.frame_rate_hz
        return RawWalk(
            GaitSequence(item.subject, item.condition, item.view, rate, joints=joints, skeleton=KINECT_V1_20), rejects
        )


def _condition(subject: str, stem: str) -> str:
    rest = re.sub(rf"^{re.escape(subject)}[_-]", "", stem)
    return f"walk-{int(rest):02d}" if rest.isascii() and rest.isdecimal() and len(rest) < 9 else rest


def kinect_joints(motion: BvhMotion, path: str) -> NDArray[np.float32]:
    """Pick the joints of `KINECT_V1_20` from a motion, by the names that the usual rigs give them.

    Args:
        motion: the parsed file.
        path: what errors name.

    Returns:
        float32 [T, 20, 3] in metres.

    Raises:
        UnreadableFileError: a joint has none of the known names, or the rest pose has no human height.
    """
    # The first joint of a name counts: a rig may repeat a name further down.
    columns: dict[str, int] = {}
    for index, joint in enumerate(motion.joints):
        columns.setdefault(_plain(joint.name), index)
    picked = [_pick(joint, columns) for joint in KINECT_V1_20.joints]
    missing = [joint for joint, indices in zip(KINECT_V1_20.joints, picked, strict=True) if not indices]
    if missing:
        names = ", ".join(joint.name for joint in motion.joints[:8])
        raise UnreadableFileError(f"{path}: no joint found for {', '.join(missing)} (the rig has {names}, ...)")
    height = float(np.ptp(motion.rest_positions()[:, 1]))
    scale = next((metres for low, high, _, metres in _UNITS if low <= height < high), None)
    if scale is None:
        raise UnreadableFileError(f"{path}: rest pose is {height:.4g} units tall, no person in any known unit")
    world = motion.world_positions() * scale
    joints = np.stack([world[:, indices].mean(axis=1) for indices in picked], axis=1)
    return joints.astype(np.float32)


def _plain(name: str) -> str:
    """Lower case, without separators and without a prefix such as ``mixamorig:``."""
    return re.sub(r"[^a-z0-9]", "", name.rsplit(":", 1)[-1].lower())


def _pick(joint: str, columns: dict[str, int]) -> Sequence[int]:
    """Return the file's joints whose mean is `joint`, or nothing."""
    side, _, part = joint.partition("_")
    candidates = _NAMES[joint] if joint in _NAMES else _NAMES[f"*_{part}"]
    for candidate in candidates:
        for position, _ in enumerate(_SIDES["left"]):
            left, right = _SIDES["left"][position], _SIDES["right"][position]
            own = _SIDES[side][position] if side in _SIDES else ""
            names = [
                name.replace("L", left, 1).replace("R", right, 1).replace("*", own) for name in candidate.split("+")
            ]
            if all(name in columns for name in names):
                return [columns[name] for name in names]
    return []

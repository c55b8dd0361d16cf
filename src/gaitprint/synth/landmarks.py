"""`LANDMARKS`: every point of a walker that some skeleton of `gaitprint.core.skeletons` asks for.

Walkers are computed in this skeleton once; `convert_joints` turns it into any other without a derived joint.

Axes everywhere in this package: x to the walker's right, y up, z forward (the direction of the walk), metres. Seen from
a camera it is x right, y up, z away, as `GaitSequence.joints` wants.
"""

from __future__ import annotations

from gaitprint.core.skeletons import Skeleton

_CENTRE = ("pelvis", "spine_mid", "thorax", "neck", "head", "head_top", "nose")
_PAIRED = (
    *("hip", "knee", "ankle", "heel", "foot"),
    *("shoulder", "elbow", "wrist", "hand", "hand_tip", "thumb", "index", "pinky"),
    *("eye_inner", "eye", "eye_outer", "ear", "mouth"),
)
_CHAINS = (
    *(("hip", "knee"), ("knee", "ankle"), ("ankle", "heel"), ("ankle", "foot")),
    *(("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "hand"), ("hand", "hand_tip"), ("hand", "thumb")),
    *(("hand", "index"), ("hand", "pinky")),
)
_CENTRE_BONES = (
    *(("pelvis", "spine_mid"), ("spine_mid", "thorax"), ("thorax", "neck"), ("neck", "head"), ("head", "head_top")),
    ("head", "nose"),
)
_ATTACHED = (
    *(("pelvis", "hip"), ("thorax", "shoulder"), ("head", "eye_inner"), ("head", "eye"), ("head", "eye_outer")),
    *(("head", "ear"), ("head", "mouth")),
)
_SIDES = ("left", "right")

LANDMARKS = Skeleton(
    "landmarks",
    joints=(*_CENTRE, *(f"{side}_{name}" for side in _SIDES for name in _PAIRED)),
    bones=(
        *_CENTRE_BONES,
        *((parent, f"{side}_{child}") for side in _SIDES for parent, child in _ATTACHED),
        *((f"{side}_{parent}", f"{side}_{child}") for side in _SIDES for parent, child in _CHAINS),
    ),
    left_right=tuple((f"left_{name}", f"right_{name}") for name in _PAIRED),
)

"""Landmarks -> solids: every part of a walker as a tapered, stretched capsule.

One primitive serves for all: the convex hull of two spheres, stretched along the body's side-to-side and
front-to-back axes about the axis between them. Equal ends make an ellipsoid, no stretch a tapered capsule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.synth.body import Body
from gaitprint.synth.clothing import Bag, Coat, Colour, Outfit
from gaitprint.synth.landmarks import LANDMARKS

Points = NDArray[np.float32]  # [T, 3]


@dataclass(frozen=True, eq=False)
class Solids:
    """S solids over T frames.

    Args:
        ends: float32 [T, S, 2, 3], metres: the two centres.
        radii: float32 [S, 2], metres, vertical.
        stretch: float32 [S, 2]: horizontal extent over radius, from side to side and from front to back.
        yaw: float32 [T], radians: which way the body faces; 0 = +z, positive towards +x.
        parts: name of each solid.
        colours: uint8 [S, 3], RGB.
    """

    ends: NDArray[np.float32]
    radii: NDArray[np.float32]
    stretch: NDArray[np.float32]
    yaw: NDArray[np.float32]
    parts: tuple[str, ...]
    colours: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.parts)


def facing(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Direction in which the body faces, radians float32 [T], from hips and shoulders; landmarks [T, J, 3]."""
    across = sum(
        landmarks[:, LANDMARKS.index(f"right_{name}")] - landmarks[:, LANDMARKS.index(f"left_{name}")]
        for name in ("hip", "shoulder")
    )
    yaw: NDArray[np.float32] = np.arctan2(-across[:, 2], across[:, 0])  # type: ignore[index]
    return yaw


class _Builder:
    """Collects solids in the axes of a body that faces `yaw`."""

    def __init__(self, landmarks: NDArray[np.float32]) -> None:
        self.landmarks = landmarks
        self.yaw = facing(landmarks)
        sine, cosine, zero = np.sin(self.yaw), np.cos(self.yaw), np.zeros_like(self.yaw)
        self.right = np.stack([cosine, zero, -sine], axis=-1)
        self.forward = np.stack([sine, zero, cosine], axis=-1)
        self.ends: list[NDArray[np.float32]] = []
        self.radii: list[tuple[float, float]] = []
        self.stretch: list[tuple[float, float]] = []
        self.parts: list[str] = []
        self.colours: list[Colour] = []

    def joint(self, name: str) -> Points:
        return self.landmarks[:, LANDMARKS.index(name)]

    def at(self, origin: Points, right: float = 0.0, up: float = 0.0, forward: float = 0.0) -> Points:
        """Shift points by metres along the body's axes; up is the world's."""
        moved = (origin + np.float32(right) * self.right + np.float32(forward) * self.forward).astype(np.float32)
        moved[:, 1] += np.float32(up)
        return moved

    def add(
        self,
        part: str,
        colour: Colour,
        start: Points,
        end: Points,
        radii: tuple[float, float],
        stretch: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        self.ends.append(np.stack([start, end], axis=1))
        self.radii.append(radii)
        self.stretch.append(stretch)
        self.parts.append(part)
        self.colours.append(colour)

    def solids(self) -> Solids:
        return Solids(
            ends=np.stack(self.ends, axis=1).astype(np.float32),
            radii=np.array(self.radii, np.float32),
            stretch=np.array(self.stretch, np.float32),
            yaw=self.yaw.astype(np.float32),
            parts=tuple(self.parts),
            colours=np.array(self.colours, np.uint8),
        )


def _between(start: Points, end: Points, share: float) -> Points:
    point: Points = start + np.float32(share) * (end - start)
    return point


def dress(landmarks: NDArray[np.float32], body: Body, outfit: Outfit) -> Solids:
    """Put flesh and clothes on landmarks.

    Args:
        landmarks: float32 [T, J, 3] in metres, joints of `LANDMARKS`.
        body: breadths, depths and radii; lengths come from the landmarks.
        outfit: clothes, bag, coat.
    """
    build = _Builder(landmarks)
    _head(build, body, outfit)
    _trunk(build, body, outfit)
    for side in ("left", "right"):
        _arm(build, side, body, outfit)
        _leg(build, side, body, outfit)
    if outfit.coat is not None:
        _coat_skirt(build, body, outfit.coat)
    if outfit.bag is not None:
        _bag(build, body, outfit)
    return build.solids()


def _head(build: _Builder, body: Body, outfit: Outfit) -> None:
    head, crown = build.joint("head"), build.joint("head_top")
    axis = (crown - head) / np.maximum(np.linalg.norm(crown - head, axis=1, keepdims=True), 1e-6)
    half, deep = body.head_height / 2, body.head_depth
    slim = body.head_breadth / deep
    skull = head + axis * np.float32(half - deep)
    jaw = build.at(head - axis * np.float32(half - 0.62 * deep), forward=0.25 * deep)
    build.add("head", outfit.skin_colour, skull, jaw, (deep, 0.62 * deep), (slim, 1.0))
    # Hair sits on the back of the skull and leaves the face free.
    cap = build.at(skull, up=0.16 * deep, forward=-0.30 * deep)
    hair = body.hair if outfit.hair is None else outfit.hair
    covered = 0.84 * deep + hair
    build.add("hair", outfit.hair_colour, cap, cap, (covered, covered), ((slim * deep + hair) / covered, 1.0))
    low = build.at(build.joint("neck"), forward=0.1 * deep)
    build.add("neck", outfit.skin_colour, low, jaw, (body.neck_radius, 0.9 * body.neck_radius))
    long_hair = body.long_hair if outfit.long_hair is None else outfit.long_hair
    if long_hair > 0:
        tips = build.at(skull, up=-long_hair - deep, forward=-0.75 * deep)
        width = 0.5 * deep
        build.add(
            "long hair", outfit.hair_colour, build.at(skull, forward=-0.55 * deep), tips, (width, width), (1.4, 1)
        )
    coat = outfit.coat
    cloth = outfit.top_colour if coat is None else coat.colour
    if outfit.headwear == "hood":
        nape = build.at(low, up=0.3 * deep, forward=-0.55 * deep)
        wide = 0.95 * deep + 0.02
        build.add("hood up", cloth, build.at(skull, up=0.05 * deep, forward=-0.2 * deep), nape, (wide, 0.9 * wide))
    if outfit.headwear == "cap" or (coat is not None and coat.hat):
        brim = build.at(skull, up=0.45 * deep, forward=0.25 * deep)
        build.add("hat", cloth, build.at(skull, up=0.5 * deep), brim, (deep, 0.55 * deep), (1.0, 1.35))


def _trunk(build: _Builder, body: Body, outfit: Outfit) -> None:
    coat = outfit.coat
    extra = outfit.shirt + (coat.thickness if coat else 0.0)
    colour = coat.colour if coat else outfit.top_colour
    thorax, waist, pelvis = build.joint("thorax"), build.joint("spine_mid"), build.joint("pelvis")

    def solid(
        part: str, start: Points, end: Points, deep: tuple[float, float], broad: float, of: float, flat: float = 1.0
    ) -> None:
        """Depths at both ends; the breadth belongs to depth `of`; `flat` is height over depth."""
        padded = (flat * (deep[0] + extra), flat * (deep[1] + extra))
        build.add(part, colour, start, end, padded, ((broad + extra) / (of + extra) / flat, 1.0 / flat))

    chest_deep, waist_deep, pelvis_deep = body.chest_depth, body.waist_depth, body.pelvis_depth
    chest = build.at(thorax, up=-1.2 * (chest_deep + extra))
    solid("chest", chest, waist, (chest_deep, waist_deep), body.chest_breadth, chest_deep)
    # The shirt hangs over the top of the trousers.
    solid("abdomen", waist, pelvis, (waist_deep, pelvis_deep + 0.01), body.waist_breadth, waist_deep)
    extra, colour = (extra, colour) if coat else (outfit.trousers, outfit.bottom_colour)
    hips = build.at(pelvis, up=-0.03 * body.stature)
    solid("hips", hips, hips, (pelvis_deep, pelvis_deep), body.pelvis_breadth, pelvis_deep, flat=0.75)
    seat = build.at(pelvis, up=-0.03 * body.stature, forward=-0.32 * pelvis_deep)
    solid("seat", seat, seat, (0.82 * pelvis_deep,) * 2, 0.85 * body.pelvis_breadth, 0.82 * pelvis_deep)
    if body.belly > 0:
        extra, colour = outfit.shirt + (coat.thickness if coat else 0.0), coat.colour if coat else outfit.top_colour
        front = build.at(_between(waist, pelvis, 0.45), forward=0.15 * waist_deep + body.belly)
        solid("belly", front, front, (0.88 * waist_deep,) * 2, 0.85 * body.waist_breadth, 0.88 * waist_deep)
    colour = coat.colour if coat else outfit.top_colour
    yoke = [_between(thorax, build.joint(f"{side}_shoulder"), 0.75) for side in ("left", "right")]
    yoke_radius = 0.45 * chest_deep + extra / 2
    for point in yoke:
        point[:, 1] -= np.float32(yoke_radius)
    build.add("yoke", colour, yoke[0], yoke[1], (yoke_radius, yoke_radius))
    round_shoulder = body.shoulder_radius + outfit.shirt / 2 + (coat.sleeve if coat else 0.0)
    for side in ("left", "right"):
        slope = _between(thorax, build.joint("neck"), 0.8)
        thick = 0.7 * round_shoulder
        build.add(f"{side} shoulder", colour, slope, build.joint(f"{side}_shoulder"), (thick + 0.005, round_shoulder))
    if coat is not None and coat.hood:
        nape = build.at(build.joint("neck"), forward=-0.35 * body.head_depth)
        bulk = body.neck_radius + 0.6 * coat.thickness + 0.015
        build.add("hood", coat.colour, nape, build.at(nape, up=0.05), (bulk, 0.9 * bulk), (1.25, 1.0))


def _arm(build: _Builder, side: str, body: Body, outfit: Outfit) -> None:
    coat = outfit.coat
    sleeve = outfit.shirt / 2 + (coat.sleeve if coat else 0.0)
    colour = coat.colour if coat else outfit.top_colour
    shoulder, elbow, wrist = (build.joint(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist"))
    tip = build.joint(f"{side}_hand_tip")
    shoulder_radius, elbow_radius = body.shoulder_radius + sleeve, body.elbow_radius + sleeve
    build.add(f"{side} upper arm", colour, shoulder, elbow, (shoulder_radius, elbow_radius))
    cuff = body.wrist_radius + 0.8 * sleeve
    build.add(f"{side} forearm", colour, elbow, wrist, (elbow_radius, cuff))
    palm = _between(wrist, tip, 0.3)
    build.add(f"{side} hand", outfit.skin_colour, palm, tip, (1.15 * body.hand_radius, 0.6 * body.hand_radius))


def _leg(build: _Builder, side: str, body: Body, outfit: Outfit) -> None:
    loose = outfit.trousers
    colour = outfit.bottom_colour
    hip, knee, ankle = (build.joint(f"{side}_{name}") for name in ("hip", "knee", "ankle"))
    heel, toe = build.joint(f"{side}_heel"), build.joint(f"{side}_foot")
    knee_radius = body.knee_radius + loose
    build.add(f"{side} thigh", colour, hip, knee, (body.thigh_radius + 0.6 * loose, knee_radius))
    # The calf bulges a little behind the line from knee to ankle.
    calf = build.at(_between(knee, ankle, 0.28), forward=-0.15 * body.calf_radius)
    calf_radius = body.calf_radius + loose
    build.add(f"{side} knee", colour, knee, calf, (knee_radius, calf_radius))
    build.add(f"{side} shank", colour, calf, ankle, (calf_radius, body.ankle_radius + 1.2 * loose))
    sole = body.foot_radius
    ball = build.at(_between(heel, toe, 0.70), up=0.75 * sole)
    back = build.at(_between(heel, toe, 0.10), up=1.1 * sole)
    build.add(f"{side} foot", outfit.shoe_colour, back, ball, (1.15 * sole, 0.95 * sole))
    build.add(
        f"{side} toes", outfit.shoe_colour, ball, build.at(_between(heel, toe, 0.94), up=0.6 * sole), (sole, 0.7 * sole)
    )
    build.add(f"{side} instep", outfit.shoe_colour, ankle, ball, (1.1 * body.ankle_radius, 0.9 * sole))


def _coat_skirt(build: _Builder, body: Body, coat: Coat) -> None:
    """Cloth from the hips over both thighs to the hem: it spans the gap that opens between them."""
    hips = build.at(build.joint("pelvis"), up=-0.02 * body.stature)
    top = body.pelvis_depth + 0.8 * coat.thickness
    hem = [_between(build.joint(f"{s}_hip"), build.joint(f"{s}_knee"), coat.hem) for s in ("left", "right")]
    width = body.thigh_radius + coat.flare + 0.4 * coat.thickness
    for side, end in zip(("left", "right"), hem, strict=True):
        build.add(f"coat {side}", coat.colour, build.joint(f"{side}_hip"), end, (top, width))
    build.add("coat hem", coat.colour, hem[0], hem[1], (width, width))
    middle = (hem[0] + hem[1]) / np.float32(2)
    build.add("coat middle", coat.colour, hips, middle, (top, width), (1.25, 1.0))


def _bag(build: _Builder, body: Body, outfit: Outfit) -> None:
    """A bag's core is a vertical bar between two stretched spheres: nearly a box with round edges."""
    bag: Bag | None = outfit.bag
    assert bag is not None
    thick = outfit.coat.thickness if outfit.coat else 0.0
    side = "left" if bag.side < 0 else "right"
    if bag.kind == "backpack":
        back = body.chest_depth + thick + 0.8 * bag.half_depth
        centre = build.at(_between(build.joint("thorax"), build.joint("spine_mid"), 0.55), forward=-back)
    elif bag.kind == "shoulder-bag":
        out = body.pelvis_breadth + thick + 0.8 * bag.half_width
        centre = build.at(build.joint("pelvis"), right=bag.side * out, up=0.01, forward=-0.04)
    else:
        centre = build.at(build.joint(f"{side}_hand_tip"), up=-bag.half_height - 0.02)
    radius = 0.6 * min(bag.half_height, max(bag.half_depth, bag.half_width))
    bar = bag.half_height - radius
    stretch = (bag.half_width / radius, bag.half_depth / radius)
    build.add("bag", bag.colour, build.at(centre, up=bar), build.at(centre, up=-bar), (radius, radius), stretch)
    if bag.kind == "shoulder-bag":
        strap_top = build.at(build.joint(f"{side}_shoulder"), up=0.8 * body.shoulder_radius)
        build.add("strap", bag.colour, strap_top, build.at(centre, up=bar), (0.014, 0.014))

"""What a walker wears and carries: everyday clothes, a bag, a coat; how each is drawn for a person."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from gaitprint.synth.style import GaitStyle

BagKind = Literal["shoulder-bag", "handbag", "backpack"]
Headwear = Literal["none", "cap", "hood"]
BAG_KINDS: tuple[BagKind, ...] = get_args(BagKind)
Colour = tuple[int, int, int]  # RGB, 0..255


@dataclass(frozen=True, kw_only=True)
class Bag:
    """A bag: its kind, the side that carries it (-1 left, +1 right), and half extents in metres."""

    kind: BagKind
    side: int
    half_height: float
    half_width: float
    half_depth: float
    colour: Colour = (60, 45, 40)


@dataclass(frozen=True, kw_only=True)
class Coat:
    """A coat over everything: thickness over trunk and arms in metres, and its skirt.

    Args:
        thickness: added around the trunk.
        sleeve: added around the arms.
        hem: how far the skirt reaches down the leg, 0 = hip, 1 = knee.
        flare: how much wider than the thighs the hem is, metres.
        hood: a collar or hood fills the neck.
        hat: a cap on the head.
    """

    thickness: float
    sleeve: float
    hem: float
    flare: float
    hood: bool
    hat: bool
    colour: Colour = (70, 75, 90)


@dataclass(frozen=True, kw_only=True)
class Outfit:
    """Everything that a walker wears: looseness of shirt and trousers in metres, colours, and what comes on top.

    Args:
        hair: how far hair stands off the skull, metres; None = as the body has it.
        long_hair: how far hair hangs down, metres, 0 = short; None = as the body has it.
        headwear: on the head, without a coat too.
        pockets: hands are in the pockets.
    """

    shirt: float = 0.008
    trousers: float = 0.010
    hair: float | None = None
    long_hair: float | None = None
    headwear: Headwear = "none"
    pockets: bool = False
    skin_colour: Colour = (214, 170, 140)
    hair_colour: Colour = (50, 38, 30)
    top_colour: Colour = (150, 60, 60)
    bottom_colour: Colour = (50, 60, 95)
    shoe_colour: Colour = (40, 40, 42)
    bag: Bag | None = None
    coat: Coat | None = None


def sample_outfit(rng: np.random.Generator, variation: float = 1.0) -> Outfit:
    """Draw the cut of a person's everyday clothes; `variation` scales how differently people dress."""
    shirt, trousers = 0.010 + 0.010 * variation * (rng.random(2) - 0.5) * 2
    return Outfit(shirt=max(0.0, float(shirt)), trousers=max(0.0, float(trousers)))


def recolour(outfit: Outfit, rng: np.random.Generator) -> Outfit:
    """Draw all colours of one walk, skin and hair included.

    Nobody is known by a colour: a network that looks at frames has to go by shape and motion, as one that looks at
    silhouettes does.
    """
    skin = float(rng.uniform(0.3, 1.0))
    shades = rng.integers(15, 235, (5, 3))
    return dataclasses.replace(
        outfit,
        skin_colour=(int(235 * skin), int(190 * skin), int(160 * skin)),
        hair_colour=_colour(float(rng.integers(15, 160)), 0.8, 0.65),
        top_colour=_colour(*shades[0]),
        bottom_colour=_colour(*shades[1]),
        shoe_colour=_colour(*(shades[2] // 2 + 10)),
        bag=outfit.bag and dataclasses.replace(outfit.bag, colour=_colour(*shades[3])),
        coat=outfit.coat and dataclasses.replace(outfit.coat, colour=_colour(*shades[4])),
    )


def _colour(red: float, green: float, blue: float) -> Colour:
    """RGB from 0..255 values; values up to 1 are fractions of red."""
    green, blue = (red * value if value <= 1 else value for value in (green, blue))
    return int(red), int(green), int(blue)


def sample_bag(rng: np.random.Generator, strength: float = 1.0) -> Bag:
    """Draw a person's bag; `strength` scales its size."""
    kind = BAG_KINDS[int(rng.integers(3))]
    side = 1 if rng.random() < 0.6 else -1
    sizes = {"shoulder-bag": (0.14, 0.06, 0.17), "handbag": (0.15, 0.06, 0.18), "backpack": (0.22, 0.15, 0.10)}[kind]
    height, width, depth = np.array(sizes) * rng.uniform(0.8, 1.25, 3) * strength
    colour = _colour(*rng.integers(20, 160, 3))
    return Bag(
        kind=kind, side=side, half_height=float(height), half_width=float(width), half_depth=float(depth), colour=colour
    )


def sample_coat(rng: np.random.Generator, strength: float = 1.0) -> Coat:
    """Draw a person's coat; `strength` scales its bulk and its length."""
    return Coat(
        thickness=float(rng.uniform(0.020, 0.055)) * strength,
        sleeve=float(rng.uniform(0.012, 0.026)) * strength,
        hem=float(np.clip(rng.uniform(0.25, 1.05) * strength, 0.0, 1.1)),
        flare=float(rng.uniform(0.01, 0.04)) * strength,
        hood=bool(rng.random() < 0.4),
        hat=bool(rng.random() < 0.2),
    )


def carry(style: GaitStyle, bag: Bag, rng: np.random.Generator, strength: float = 1.0) -> GaitStyle:
    """Return the gait of someone who carries `bag`: the arm of its side swings less, the trunk gives way.

    The size of these changes follows studies of load carriage (less arm swing on the loaded side, a trunk that leans
    away from a side load and forward under a backpack); `strength` scales them, and `rng` makes each person's own.
    """
    hold = strength * rng.uniform(0.5, 1.0, 4)
    which = 0 if bag.side < 0 else 1
    freedom, bend = [1.0, 1.0], [(0.0, 0.0), (0.0, 0.0)]
    lean, tilt = 0.0, 0.0
    if bag.kind == "backpack":
        freedom = [1.0 - 0.35 * hold[0], 1.0 - 0.35 * hold[1]]
        lean = 4.0 * hold[2]
        if hold[3] > 0.75 * strength:  # one hand on the strap
            freedom[which], bend[which] = 0.15, (-8.0 * hold[3], 105.0 * hold[3])
    elif bag.kind == "shoulder-bag":
        freedom[which] = 1.0 - 0.75 * hold[0]
        if hold[1] > 0.75 * strength:  # the hand holds the strap or the bag
            bend[which] = (-6.0 * hold[1], 90.0 * hold[2])
        tilt = 2.0 * hold[3]
    else:
        freedom[which] = 1.0 - 0.7 * hold[0]
        bend[which] = (0.0, -12.0 * hold[1])
        tilt = 2.5 * hold[3]
    return dataclasses.replace(
        style,
        arm_freedom=(max(0.05, freedom[0]), max(0.05, freedom[1])),
        arm_hold_deg=(bend[0], bend[1]),
        trunk_lean_deg=style.trunk_lean_deg + lean,
        # Positive tilt lifts the right shoulder; the loaded side comes up, the trunk leans away from it.
        trunk_tilt_deg=style.trunk_tilt_deg + bag.side * tilt,
    )


def pocket(style: GaitStyle, rng: np.random.Generator) -> GaitStyle:
    """Return the gait of someone with both hands in the pockets: bent arms that hardly swing, held off the body."""
    bend = [(float(rng.uniform(-14, -4)), float(rng.uniform(30, 55))) for _ in range(2)]
    still = rng.uniform(0.05, 0.3, 2)
    return dataclasses.replace(
        style,
        arm_freedom=(float(still[0]), float(still[1])),
        arm_hold_deg=(bend[0], bend[1]),
        arm_abduction_deg=style.arm_abduction_deg + float(rng.uniform(3, 9)),
    )


def wrap(style: GaitStyle, coat: Coat) -> GaitStyle:
    """Return the gait of someone in `coat`: arms held off by its bulk, swinging and stepping a little less."""
    bulk = coat.thickness + coat.sleeve
    return dataclasses.replace(
        style,
        arm_abduction_deg=style.arm_abduction_deg + 90.0 * bulk,
        arm_swing_deg=style.arm_swing_deg * max(0.4, 1.0 - 3.0 * bulk),
        hip_amplitude=style.hip_amplitude * (1.0 - 0.05 * coat.hem),
        knee_amplitude=style.knee_amplitude * (1.0 - 0.02 * coat.hem),
    )

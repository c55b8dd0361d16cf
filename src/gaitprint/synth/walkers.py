"""Subjects, walks and covariates: a data set of people who do not exist.

One walk is one motion, seen by all cameras at once. Everything is drawn from ``SeedSequence(seed, spawn_key)`` with
keys that name what is drawn (person, walk, camera), so the same walk comes out the same in any process and order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.core.registry import unknown_name_message
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import get_skeleton
from gaitprint.synth.body import Body, sample_body
from gaitprint.synth.camera import VIEWS, Camera, ring
from gaitprint.synth.clothing import Outfit, carry, pocket, recolour, sample_bag, sample_coat, sample_outfit, wrap
from gaitprint.synth.everyday import EverydayWalk
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import Motion, place, walk
from gaitprint.synth.segmentation import SegmentationNoise
from gaitprint.synth.solids import dress
from gaitprint.synth.style import GaitStyle, sample_style, vary_style
from gaitprint.synth.views import render_view

# CASIA-B: six normal walks, two with a bag, two in a coat.
CONDITIONS: tuple[str, ...] = (
    *(f"nm-{n:02d}" for n in range(1, 7)),
    *(f"{kind}-{n:02d}" for kind in ("bg", "cl") for n in (1, 2)),
)
# Walks in clothes of the day before cameras that stand anywhere; `views` has no say in them.
EVERYDAY = "ev"
_EVERYDAY_WALKS, _EVERYDAY_CAMERAS = 8, 6
_KINDS = ("nm", "bg", "cl", EVERYDAY)
# First element of a spawn key: what is drawn.
_PERSON, _BAG, _COAT, _WALK, _CAMERA, _COLOURS = range(6)


@config_dataclass
class WalkerDifficulty:
    """The constants that set how hard the walkers are to tell apart; 1.0 each is the calibrated default.

    ``benchmarks/walker_difficulty.py`` prints what each of them does to rank-1; ``docs/synthetic-walkers.md`` has the
    table.

    Args:
        between_person: spread of bodies, clothes and gait styles between people. More makes every condition easier.
        walk_to_walk: spread of one person's gait, heading and timing from walk to walk. More lowers NM first.
        noise: segmentation errors (ragged edges, holes, missing feet). 0 = perfect masks. More lowers all conditions.
        bag: size of bags and of what carrying does to arms and trunk. More lowers BG only.
        coat: bulk and length of coats. More lowers CL only.
    """

    between_person: float = 1.0
    walk_to_walk: float = 1.0
    noise: float = 1.0
    bag: float = 1.0
    coat: float = 1.0


@dataclass(frozen=True)
class WalkSpec:
    """One walk of one person, seen by some cameras; small and picklable, a unit of work for a process pool.

    Args:
        subject: ``"001"``, ``"002"``, ...: a positive number. Who it is does not depend on how many there are.
        condition: kind and repetition, ``"nm-01"``.. ; kinds are nm, bg, cl, and ev (`everyday.EverydayWalk`).
        seed: of the whole data set.
        views: camera labels in degrees; of an everyday walk only their number counts, its cameras stand anywhere.
        difficulty: the spread of everything.
        height: H of the raw pictures, pixels; everyday cameras have sizes of their own.
        width: W of the raw pictures, pixels.

    Raises:
        UsageError: a subject that is no positive number, a condition of another form, or no views.
    """

    subject: str
    condition: str
    seed: int = 0
    views: tuple[str, ...] = VIEWS
    difficulty: WalkerDifficulty = dataclasses.field(default_factory=WalkerDifficulty)
    height: int = 160
    width: int = 120

    def __post_init__(self) -> None:
        if not (self.subject.isdecimal() and int(self.subject) > 0):
            raise UsageError(f"subject '{self.subject}' of a synthetic walk must be a positive number")
        kind, dash, repetition = self.condition.partition("-")
        if kind not in _KINDS:
            raise UsageError(unknown_name_message("condition", kind, _KINDS))
        if not (dash and repetition.isdecimal()):
            raise UsageError(f"condition '{self.condition}' needs a repetition, as in '{kind}-01'")
        if not self.views:
            raise UsageError("no views: a walk needs at least one camera")

    @property
    def kind(self) -> str:
        """``nm``, ``bg``, ``cl`` or ``ev``."""
        return self.condition.partition("-")[0]

    @property
    def everyday(self) -> EverydayWalk | None:
        """What an everyday walk draws; None for other kinds."""
        if self.kind != EVERYDAY:
            return None
        return EverydayWalk(self.seed, int(self.subject), self.walk_key[1], len(self.views))

    @property
    def cameras(self) -> dict[str, Camera]:
        """The cameras by their labels."""
        if self.everyday is not None:
            return self.everyday.cameras()
        return ring(self.views, height=self.height, width=self.width)

    def rng(self, what: int, *key: int) -> np.random.Generator:
        """The generator for one thing that is drawn about this walk's person."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(what, int(self.subject), *key)))

    @property
    def walk_key(self) -> tuple[int, int]:
        """Numbers that name the walk among the person's walks."""
        return _KINDS.index(self.kind), int(self.condition.partition("-")[2])


def casia_b_walks(
    num_subjects: int,
    seed: int = 0,
    *,
    conditions: Iterable[str] = CONDITIONS,
    views: Iterable[str] = VIEWS,
    difficulty: WalkerDifficulty | None = None,
) -> list[WalkSpec]:
    """List the walks of a data set laid out as CASIA-B: subjects 001.., ten walks each, eleven views.

    Args:
        num_subjects: how many people, >= 1.
        seed: of everything.
        conditions: which walks of each person.
        views: which cameras.
        difficulty: None = the calibrated defaults.

    Raises:
        UsageError: fewer than one subject, or a malformed condition.

    >>> walks = casia_b_walks(124)
    >>> len(walks), walks[0].subject, walks[-1].condition, len(walks[0].views)
    (1240, '001', 'cl-02', 11)
    """
    if num_subjects < 1:
        raise UsageError(f"{num_subjects} subjects asked for, need at least 1")
    names, cameras = tuple(conditions), tuple(views)
    return [
        WalkSpec(f"{subject:03d}", condition, seed, cameras, difficulty or WalkerDifficulty())
        for subject in range(1, num_subjects + 1)
        for condition in names
    ]


def everyday_walks(num_subjects: int, seed: int = 0) -> list[WalkSpec]:
    """List the walks of people in clothes of the day: subjects 001.., conditions ev-01..ev-08, six cameras each.

    Raises:
        UsageError: fewer than one subject.
    """
    conditions = tuple(f"{EVERYDAY}-{number:02d}" for number in range(1, _EVERYDAY_WALKS + 1))
    return casia_b_walks(num_subjects, seed, conditions=conditions, views=VIEWS[:_EVERYDAY_CAMERAS])


@dataclass(frozen=True, eq=False)
class Walker:
    """Who walks, how, and in what, for one walk."""

    body: Body
    style: GaitStyle
    outfit: Outfit


def walker_of(spec: WalkSpec) -> Walker:
    """Draw the person of a walk (the same for all walks of a subject), then what this walk changes."""
    difficulty = spec.difficulty
    person = spec.rng(_PERSON)
    body = sample_body(person, difficulty.between_person)
    style = sample_style(person, difficulty.between_person)
    outfit = sample_outfit(person, difficulty.between_person)
    style = vary_style(style, spec.rng(_WALK, *spec.walk_key, 0), difficulty.walk_to_walk)
    if spec.kind == "bg":
        rng = spec.rng(_BAG)
        outfit = dataclasses.replace(outfit, bag=sample_bag(rng, difficulty.bag))
        assert outfit.bag is not None
        style = carry(style, outfit.bag, rng, difficulty.bag)
    elif spec.everyday is not None:
        outfit = spec.everyday.outfit()
        style = _laden(style, outfit, spec.everyday.rng())
    elif spec.kind == "cl":
        outfit = dataclasses.replace(outfit, coat=sample_coat(spec.rng(_COAT), difficulty.coat))
        assert outfit.coat is not None
        style = wrap(style, outfit.coat)
    return Walker(body, style, recolour(outfit, spec.rng(_COLOURS, *spec.walk_key)))


def _laden(style: GaitStyle, outfit: Outfit, rng: np.random.Generator) -> GaitStyle:
    """Gait of someone with the outfit's pockets, bag and coat, where it has them."""
    style = pocket(style, rng) if outfit.pockets else style
    style = style if outfit.bag is None else carry(style, outfit.bag, rng)
    return style if outfit.coat is None else wrap(style, outfit.coat)


def move(spec: WalkSpec, walker: Walker) -> Motion:
    """Let the walker walk: a little over two gait cycles, from a random phase, on a slightly random line."""
    rng = spec.rng(_WALK, *spec.walk_key, 1)
    spread = spec.difficulty.walk_to_walk
    cycles, start = rng.uniform(2.0, 2.2), rng.random()
    drift = 0.015 * spread * rng.standard_normal(4)
    motion = walk(
        walker.body,
        walker.style,
        int(np.ceil(cycles / walker.style.cadence_hz * 25.0)),
        start_phase=float(start),
        drift=drift,
    )
    heading_deg = 2.0 * spread * rng.standard_normal()
    x, z = 0.12 * spread * rng.standard_normal(2)
    return dataclasses.replace(motion, landmarks=place(motion.landmarks, heading_deg, (x, z)))


def render_walk_views(
    spec: WalkSpec,
    *,
    silhouettes: bool = True,
    joints: str | None = None,
    joint_axes: Literal[2, 3] = 3,
    frames: bool = False,
    every: int = 1,
) -> list[GaitSequence]:
    """Render one walk for all its cameras.

    Args:
        spec: the walk.
        silhouettes: give raw masks uint8 [T, H, W], with segmentation noise.
        joints: name of the skeleton in which to give joints; None for no joints.
        joint_axes: 3 = metres in the camera's frame, 2 = pixels of the masks.
        frames: give RGB frames uint8 [T, H, W, 3].
        every: render every Nth frame, at so much lower a frame rate.

    Returns:
        one sequence a view, in the order of `spec.views`; all of the same frames.

    Raises:
        UsageError: unknown skeleton, or a view that is no angle.
    """
    skeleton = None if joints is None else get_skeleton(joints)
    walker = walker_of(spec)
    motion = move(spec, walker)
    landmarks = motion.landmarks[::every]
    solids = dress(landmarks, walker.body, walker.outfit)
    cameras = spec.cameras
    generators = [spec.rng(_CAMERA, *spec.walk_key, round(camera.view_deg * 1000)) for camera in cameras.values()]
    return [
        render_view(
            landmarks,
            LANDMARKS,
            landmarks[:, LANDMARKS.index("pelvis")],
            solids,
            camera,
            labels=(spec.subject, spec.condition, view),
            frame_rate_hz=motion.frame_rate_hz / every,
            rng=rng,
            scene_rng=rng,
            noise=_noise(spec, camera) if silhouettes else None,
            skeleton=skeleton,
            joint_axes=joint_axes,
            frames=frames,
        )
        for (view, camera), rng in zip(cameras.items(), generators, strict=True)
    ]


def _noise(spec: WalkSpec, camera: Camera) -> SegmentationNoise:
    noise = SegmentationNoise() if spec.everyday is None else spec.everyday.noise(camera)
    return dataclasses.replace(noise, level=noise.level * spec.difficulty.noise)


def render_walk(
    spec: WalkSpec,
    view: str,
    *,
    silhouettes: bool = True,
    joints: str | None = None,
    joint_axes: Literal[2, 3] = 3,
    frames: bool = False,
) -> GaitSequence:
    """Render one walk for one camera; arguments and result as `render_walk_views`."""
    one = dataclasses.replace(spec, views=(view,))
    return render_walk_views(one, silhouettes=silhouettes, joints=joints, joint_axes=joint_axes, frames=frames)[0]

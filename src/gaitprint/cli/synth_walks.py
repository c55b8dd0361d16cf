"""What `gaitprint synth` renders: made-up and recorded people's walks, small and picklable, and who trains."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from gaitprint.core.errors import UsageError

if TYPE_CHECKING:
    from gaitprint.core.sequence import GaitSequence
    from gaitprint.synth.everyday import EverydayWalk
    from gaitprint.synth.walkers import WalkSpec

# CASIA-B's published split: 74 of its 124 subjects train, the others test.
TRAINING_SHARE = 74 / 124
# Of people in everyday clothes, a layout that no published data set has.
EVERYDAY_TRAINING_SHARE = 0.8
# Stretches of one recorded walk that the layout everyday shows.
EVERYDAY_PASSAGES = 3


@dataclass(frozen=True)
class Shown:
    """From where a walk is seen, and what is kept of it besides its silhouettes.

    Args:
        joints: skeleton of the joints to keep, None for none.
        joint_axes: 3 for metres in the camera's frame, 2 for pixels of the RGB frames.
        frames: whether to keep RGB frames.
        chosen_views: angles in degrees; empty for those of CASIA-B.
        every: keep every so many-th frame.
    """

    joints: str | None
    joint_axes: Literal[2, 3]
    frames: bool
    chosen_views: tuple[str, ...]
    every: int

    @property
    def views(self) -> tuple[str, ...]:
        """The angles that it is seen from."""
        from gaitprint.synth.camera import VIEWS

        return self.chosen_views or VIEWS


class Walk(Protocol):
    """One walk before all cameras; small and picklable, rendered in a worker process."""

    @property
    def ids(self) -> list[str]:
        """``subject/condition/view`` of each view."""
        ...

    def render(self) -> list[GaitSequence]:
        """Return the views, with silhouettes as the cameras see them."""
        ...


@dataclass(frozen=True)
class MadeUpWalk:
    """A walk of somebody who is made up."""

    spec: WalkSpec
    shown: Shown

    @property
    def ids(self) -> list[str]:
        """As `Walk.ids`."""
        return [f"{self.spec.subject}/{self.spec.condition}/{view}" for view in self.spec.cameras]

    def render(self) -> list[GaitSequence]:
        """As `Walk.render`."""
        from gaitprint.synth.walkers import render_walk_views

        shown = self.shown
        return render_walk_views(
            self.spec, joints=shown.joints, joint_axes=shown.joint_axes, frames=shown.frames, every=shown.every
        )


@dataclass(frozen=True)
class RecordedWalk:
    """A walk whose joints were recorded.

    Args:
        store: holds them.
        walk: its id there.
        seed: of the rest of the body, and of the segmentation errors.
        shown: what is kept.
        passage: number of the stretch that the layout everyday shows; None for the whole, as CASIA-B lays it out.
    """

    store: Path
    walk: str
    seed: int
    shown: Shown
    passage: int | None

    @property
    def condition(self) -> str:
        """The recording's, with the number of the passage behind it."""
        condition = self.walk.split("/")[1]
        return condition if self.passage is None else f"{condition}-{self.passage:02d}"

    @property
    def everyday(self) -> EverydayWalk | None:
        """Clothes, cameras and stretch of a passage; None without one."""
        from gaitprint.synth.everyday import EverydayWalk

        if self.passage is None:
            return None
        subject = self.walk.split("/")[0]
        return EverydayWalk(self.seed, zlib.crc32(subject.encode()), zlib.crc32(self.condition.encode()))

    @property
    def ids(self) -> list[str]:
        """As `Walk.ids`."""
        views = self.shown.views if self.everyday is None else tuple(self.everyday.cameras())
        return [f"{self.walk.split('/')[0]}/{self.condition}/{view}" for view in views]

    def render(self) -> list[GaitSequence]:
        """As `Walk.render`; UsageError for a walk without joints."""
        from gaitprint.data.store import Store
        from gaitprint.synth.recorded import render_recorded

        walk = Store.open(self.store).read(self.walk)
        if walk.joints is None or walk.skeleton is None:
            raise UsageError(f"{self.store}: walk {self.walk} has no joints, only {', '.join(walk.modalities)}")
        everyday = self.everyday
        if everyday is not None:
            walk = walk.select(everyday.passage(walk.num_frames, walk.frame_rate_hz))
        assert walk.joints is not None
        assert walk.skeleton is not None
        return render_recorded(
            walk.joints,
            walk.skeleton,
            frame_rate_hz=walk.frame_rate_hz,
            subject=walk.subject,
            condition=self.condition,
            confidence=walk.confidence,
            noise=1.0,
            seed=self.seed,
            views=self.shown.views,
            joints_as=self.shown.joints,
            joint_axes=self.shown.joint_axes,
            frames=self.shown.frames,
            every=self.shown.every,
            everyday=everyday,
        )


def everyday_people(subjects: int, seed: int, shown: Shown) -> tuple[list[Walk], dict[str, list[str]]]:
    """Return the walks of people in the layout everyday, and who trains; UsageError for fewer than one."""
    from gaitprint.synth.walkers import everyday_walks

    walks = everyday_walks(subjects, seed)
    people = sorted({walk.subject for walk in walks})
    return [MadeUpWalk(walk, shown) for walk in walks], split(people, EVERYDAY_TRAINING_SHARE)


def made_up_people(
    subjects: int, seed: int, conditions: tuple[str, ...], shown: Shown
) -> tuple[list[Walk], dict[str, list[str]]]:
    """Return the walks of people laid out as CASIA-B, and who trains; UsageError as `casia_b_walks`."""
    from gaitprint.synth.walkers import CONDITIONS, casia_b_walks

    specs = casia_b_walks(subjects, seed, conditions=conditions or CONDITIONS, views=shown.views)
    names = sorted({spec.subject for spec in specs})
    return [MadeUpWalk(spec, shown) for spec in specs], split(names, TRAINING_SHARE)


def split(people: list[str], training_share: float) -> dict[str, list[str]]:
    """Let the first of some people train, and the others test."""
    training = round(len(people) * training_share)
    return {"train": people[:training], "test": people[training:]}

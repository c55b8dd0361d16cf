"""`gaitprint synth`: synthetic walkers, or recorded motion, rendered by all cores into a store or a tree of PNGs."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Protocol, TypeVar

from tyro.conf import arg

from gaitprint import __version__
from gaitprint.cli.option_types import Names, Size, parse_size
from gaitprint.cli.rejects import print_rejects, rejects_to_json
from gaitprint.cli.terminal import output
from gaitprint.core.errors import GaitprintError, UsageError
from gaitprint.core.files import write_json
from gaitprint.core.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable

    from gaitprint.core.sequence import GaitSequence
    from gaitprint.data.encoding import EncodedWalk, Encoding
    from gaitprint.data.store import Store
    from gaitprint.synth.everyday import EverydayWalk
    from gaitprint.synth.walkers import WalkSpec

T = TypeVar("T")
W = TypeVar("W")

# CASIA-B's published split: 74 of its 124 subjects train, the others test.
TRAINING_SHARE = 74 / 124
# Of people in everyday clothes, a layout that no published data set has.
EVERYDAY_TRAINING_SHARE = 0.8
# Stretches of one recorded walk that the layout everyday shows.
EVERYDAY_PASSAGES = 3


def synth(
    *,
    subjects: Annotated[int | None, arg(metavar="N")] = None,
    out: Annotated[Path, arg(metavar="DIR")],
    layout: Literal["casia-b", "everyday"] = "casia-b",
    conditions: Names = (),
    views: Names = (),
    every: Annotated[int, arg(metavar="N")] = 1,
    motion: Annotated[Path | None, arg(metavar="STORE")] = None,
    as_: Annotated[Literal["store", "tree", "videos"], arg(name="as")] = "store",
    seed: int = 0,
    size: Size = "64x64",
    encoding: Literal["bits", "grey"] = "bits",
    joints: Annotated[str | None, arg(metavar="SKELETON")] = None,
    joint_axes: Literal[2, 3] = 3,
    frames: bool = False,
    workers: Annotated[int | None, arg(metavar="N")] = None,
) -> dict[str, Any]:
    """Make synthetic walkers: a store of aligned silhouettes, a tree of raw PNGs, or videos.

    Laid out as CASIA-B: subjects 001.., conditions nm-01..06 (normal), bg-01..02 (bag), cl-01..02 (coat), views
    000..180. The first 74 of 124 subjects (the same share of any other number) are the training split. Everything
    follows from the seed; a second run adds only the walks that are missing.

    With --motion, the recorded 3-D joints of another store (prepared from Kinect walks or BVH files) walk instead, seen
    from the same views; subjects, conditions and splits are those of that store.

    The layout everyday is for networks that are to know people in videos: people keep body and gait, each of their
    walks ev-01..08 has other clothes and six cameras that stand anywhere, each with its own resolution and segmentation
    errors. It takes --subjects and --motion together; recorded people are given bodies of their own, and three passages
    of each of their walks are rendered. With --as videos each of the made-up people's walks is a video instead, in
    which they cross a scene of its own to the one side and back.

    Args:
        subjects: How many people walk.
        out: The store, or the folder of the tree or of the videos.
        layout: Which data set the conditions and views follow.
        conditions: Only these, for example nm-01 bg-01; by default all of the layout.
        views: Seen from these angles in degrees, 0..360; by default those of the layout. Not for everyday.
        every: Keep every Nth frame, at so much lower a frame rate.
        motion: Render the joints of this store instead of making people up.
        as_: A store, a tree of PNGs subject/condition/view/0000.png, or videos subject/condition.mp4.
        seed: Other people, other walks.
        size: Height x width that a store's silhouettes are aligned to.
        encoding: Keep a store's silhouettes as bits or as grey values.
        joints: Also keep joints in this skeleton (for example kinect-v2-25); for a store.
        joint_axes: 3 keeps joints in metres in the camera's frame, 2 in pixels of the RGB frames.
        frames: Also keep RGB frames, 160 x 120, in which no walk of a person has the colours of another; for a store.
        workers: Processes to render with; by default one a core.

    Returns:
        How many walks were made, how many were there, which could not be rendered, and the path.
    """
    from gaitprint.data.store import Store

    everyday = layout == "everyday"
    given = [subjects is not None, motion is not None]
    if not any(given) or (all(given) and not everyday):
        raise UsageError(
            "give either --subjects, to make people up, or --motion, to render recorded ones; "
            "--layout everyday takes both"
        )
    if everyday and (views or conditions):
        raise UsageError(
            "--layout everyday draws clothes and cameras by itself; it takes no --conditions and no --views"
        )
    for option, number in (("--every", every), ("--workers", workers)):
        if number is not None and number < 1:
            raise UsageError(f"{option} is {number}, must be at least 1")
    if joint_axes == 2 and not (joints and frames):
        raise UsageError("--joint-axes 2 gives joints in pixels of the frames; it needs --joints and --frames")
    shown = _Shown(joints, joint_axes, frames, views, every)
    if as_ == "videos":
        if not everyday or motion is not None or joints is not None or frames or every != 1:
            raise UsageError("--as videos goes with --layout everyday, --subjects and --seed alone")
        return _write_videos(out, subjects or 0, seed, workers)
    walks: list[_Walk] = []
    splits: dict[str, list[str]] = {}
    sources: list[str] = []
    if subjects is not None:
        walks, splits = _everyday(subjects, seed, shown) if everyday else _made_up(subjects, seed, conditions, shown)
        sources.append(f"synthetic walkers, layout {layout}, seed {seed}")
    if motion is not None:
        if conditions:
            raise UsageError("--conditions chooses what made-up people do; with --motion every walk is rendered")
        recorded = Store.open(motion)
        passages = range(1, EVERYDAY_PASSAGES + 1) if everyday else (None,)
        walks += [_RecordedWalk(motion, walk, seed, shown, passage) for walk in recorded for passage in passages]
        of_recorded = {name: list(members) for name, members in recorded.splits.items() if name != "probe"}
        if everyday and not of_recorded:
            of_recorded = _splits(sorted({info.subject for info in recorded.infos}), EVERYDAY_TRAINING_SHARE)
        splits = {name: [*splits.get(name, ()), *of_recorded.get(name, ())] for name in {**splits, **of_recorded}}
        sources.append(f"joints of {recorded.content_hash()}, {'layout everyday, ' if everyday else ''}seed {seed}")
    source = " and ".join(sources) + (f", every {every} frames" if every > 1 else "")
    if as_ == "tree":
        if joints is not None or frames:
            raise UsageError("a tree of PNGs holds silhouettes only; joints and frames need --as store")
        missing = [walk for walk in walks if not all((out / view_id).is_dir() for view_id in walk.ids)]
        present = sum(len(walk.ids) for walk in walks) - sum(len(walk.ids) for walk in missing)
        return _report(out, present, list(_in_parallel(partial(_attempt, partial(_write_tree, out)), missing, workers)))
    store = Store.create(out, encoding=encoding)
    if store.manifest.get("source", source) != source:
        raise UsageError(f"{out}: holds walks of another source: {store.manifest['source']}")
    store.set_manifest(
        {"reader": "synth", "source": source, "size": list(parse_size(size)), "gaitprint_version": __version__}
    )
    store.set_splits(splits)
    missing = [walk for walk in walks if not all(view_id in store for view_id in walk.ids)]
    present = len(store)
    encoded = _in_parallel(partial(_attempt, partial(_encode, encoding, parse_size(size))), missing, workers)
    outcomes = [walk if isinstance(walk, _Reject) else _add(store, walk) for walk in encoded]
    write_json(out / "manifest.json", store.manifest)
    return _report(out, present, outcomes)


class _Reject(NamedTuple):
    """A walk that could not be rendered."""

    walk: str
    reason: str


@dataclass(frozen=True)
class _Shown:
    """From where a walk is seen, and what is kept of it besides its silhouettes."""

    joints: str | None
    joint_axes: Literal[2, 3]
    frames: bool
    chosen_views: tuple[str, ...]
    every: int

    @property
    def views(self) -> tuple[str, ...]:
        from gaitprint.synth.camera import VIEWS

        return self.chosen_views or VIEWS


class _Walk(Protocol):
    """One walk before all cameras; small and picklable, rendered in a worker process."""

    @property
    def ids(self) -> list[str]: ...

    def render(self) -> list[GaitSequence]: ...


@dataclass(frozen=True)
class _MadeUpWalk:
    spec: WalkSpec
    shown: _Shown

    @property
    def ids(self) -> list[str]:
        return [f"{self.spec.subject}/{self.spec.condition}/{view}" for view in self.spec.cameras]

    def render(self) -> list[GaitSequence]:
        from gaitprint.synth.walkers import render_walk_views

        shown = self.shown
        return render_walk_views(
            self.spec, joints=shown.joints, joint_axes=shown.joint_axes, frames=shown.frames, every=shown.every
        )


@dataclass(frozen=True)
class _RecordedWalk:
    store: Path
    walk: str
    seed: int
    shown: _Shown
    passage: int | None

    @property
    def condition(self) -> str:
        condition = self.walk.split("/")[1]
        return condition if self.passage is None else f"{condition}-{self.passage:02d}"

    @property
    def everyday(self) -> EverydayWalk | None:
        from gaitprint.synth.everyday import EverydayWalk

        if self.passage is None:
            return None
        subject = self.walk.split("/")[0]
        return EverydayWalk(self.seed, zlib.crc32(subject.encode()), zlib.crc32(self.condition.encode()))

    @property
    def ids(self) -> list[str]:
        views = self.shown.views if self.everyday is None else tuple(self.everyday.cameras())
        return [f"{self.walk.split('/')[0]}/{self.condition}/{view}" for view in views]

    def render(self) -> list[GaitSequence]:
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


def _everyday(subjects: int, seed: int, shown: _Shown) -> tuple[list[_Walk], dict[str, list[str]]]:
    from gaitprint.synth.walkers import everyday_walks

    walks = everyday_walks(subjects, seed)
    people = sorted({walk.subject for walk in walks})
    return [_MadeUpWalk(walk, shown) for walk in walks], _splits(people, EVERYDAY_TRAINING_SHARE)


def _made_up(
    subjects: int, seed: int, conditions: tuple[str, ...], shown: _Shown
) -> tuple[list[_Walk], dict[str, list[str]]]:
    from gaitprint.synth.walkers import CONDITIONS, casia_b_walks

    specs = casia_b_walks(subjects, seed, conditions=conditions or CONDITIONS, views=shown.views)
    names = sorted({spec.subject for spec in specs})
    return [_MadeUpWalk(spec, shown) for spec in specs], _splits(names, TRAINING_SHARE)


def _splits(people: list[str], training_share: float) -> dict[str, list[str]]:
    training = round(len(people) * training_share)
    return {"train": people[:training], "test": people[training:]}


def _report(out: Path, present: int, outcomes: list[int | _Reject]) -> dict[str, Any]:
    rejects = [outcome for outcome in outcomes if isinstance(outcome, _Reject)]
    made = sum(outcome for outcome in outcomes if not isinstance(outcome, _Reject))
    print_rejects(rejects)
    if rejects and not made + present:
        raise GaitprintError(f"{out}: none of {len(rejects)} walks could be rendered; the first: {rejects[0].reason}")
    output.print(f"{made} walks made, {present} already there: {out}")
    return {"made": made, "present": present, "rejects": rejects_to_json(rejects), "path": str(out)}


def _add(store: Store, walks: list[EncodedWalk]) -> int:
    new = [walk for walk in walks if walk.info.id not in store]
    store.add_encoded(new)
    return len(new)


def _encode(encoding: Encoding, size: tuple[int, int], walk: _Walk) -> list[EncodedWalk]:
    """Render one walk, align its silhouettes, and pack it; runs in a worker process."""
    from gaitprint.data.encoding import encode_walk

    return [encode_walk(_aligned(view, size), encoding) for view in walk.render()]


def _aligned(walk: GaitSequence, size: tuple[int, int]) -> GaitSequence:
    from gaitprint.data.silhouettes import align_silhouettes

    assert walk.silhouettes is not None
    aligned, kept = align_silhouettes(walk.silhouettes, size)
    return dataclasses.replace(walk.select(kept), silhouettes=aligned)


def _write_videos(out: Path, subjects: int, seed: int, workers: int | None) -> dict[str, Any]:
    from gaitprint.synth.walkers import everyday_walks

    specs = everyday_walks(subjects, seed)
    missing = [spec for spec in specs if not _video_path(out, spec).exists()]
    made = len(list(_in_parallel(partial(_film, out), missing, workers)))
    output.print(f"{made} videos made, {len(specs) - made} already there: {out}")
    return {"made": made, "present": len(specs) - made, "rejects": [], "path": str(out)}


def _video_path(out: Path, spec: WalkSpec) -> Path:
    return out / spec.subject / f"{spec.condition}.mp4"


def _film(out: Path, spec: WalkSpec) -> None:
    """Render one walk and write its video; runs in a worker process."""
    from gaitprint.synth.everyday_video import film
    from gaitprint.video.encode import write_video

    filmed = film(spec)
    path = _video_path(out, spec)
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_video(path, filmed.frame_rate_hz) as add:
        for frame in filmed.frames:
            add(frame)


def _write_tree(out: Path, walk: _Walk) -> int:
    """Render one walk and write its PNGs; runs in a worker process."""
    from gaitprint.data.export import write_frames

    views = walk.render()
    for view in views:
        assert view.silhouettes is not None
        write_frames(out / view.id, view.silhouettes)
    return len(views)


def _attempt(work: Callable[[_Walk], T], walk: _Walk) -> T | _Reject:
    """Do the work, or say why it cannot be done; runs in a worker process."""
    try:
        return work(walk)
    except GaitprintError as error:
        return _Reject(walk.ids[0].rpartition("/")[0], str(error))


def _in_parallel(work: Callable[[W], T], walks: list[W], workers: int | None) -> Iterator[T]:
    """Yield `work` of every walk, in order, computed ahead by a few walks only so that memory stays bounded."""
    count = min(workers or os.cpu_count() or 1, max(len(walks), 1))
    # Processes are spawned, not forked: a fork of a process that has run torch's threads can hang.
    pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))
    with pool, progress_bar() as progress:
        task = progress.add_task("rendering", total=len(walks), note="")
        pending: deque[Future[T]] = deque()
        for walk in walks:
            pending.append(pool.submit(work, walk))
            if len(pending) > 4 * count:
                yield pending.popleft().result()
                progress.advance(task)
        while pending:
            yield pending.popleft().result()
            progress.advance(task)

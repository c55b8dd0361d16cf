"""Walks rendered by many processes: into a store, a tree of PNGs, or videos."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gaitprint.core.errors import GaitprintError
from gaitprint.core.progress import progress_bar

if TYPE_CHECKING:
    from gaitprint.cli.synth_walks import Walk
    from gaitprint.core.sequence import GaitSequence
    from gaitprint.data.encoding import EncodedWalk, Encoding
    from gaitprint.synth.walkers import WalkSpec

T = TypeVar("T")
W = TypeVar("W")


class Reject(NamedTuple):
    """A walk that could not be rendered."""

    walk: str
    reason: str


def attempt(work: Callable[[Walk], T], walk: Walk) -> T | Reject:
    """Return what the work makes of a walk, or why that cannot be done; runs in a worker process."""
    try:
        return work(walk)
    except GaitprintError as error:
        return Reject(walk.ids[0].rpartition("/")[0], str(error))


def in_parallel(work: Callable[[W], T], walks: list[W], workers: int | None) -> Iterator[T]:
    """Yield what `work` makes of every walk, in order, computed ahead by a few walks only so that memory stays bounded.

    Args:
        work: called with one walk in a process of its own; both are pickled.
        walks: one or more, or none.
        workers: how many processes; None for one a core.

    Raises:
        GaitprintError: a process was killed.
    """
    count = min(workers or os.cpu_count() or 1, max(len(walks), 1))
    # Processes are spawned, not forked: a fork of a process that has run torch's threads can hang.
    pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))
    with pool, progress_bar() as progress:
        task = progress.add_task("rendering", total=len(walks), note="")
        pending: deque[Future[T]] = deque()
        try:
            for walk in walks:
                pending.append(pool.submit(work, walk))
                if len(pending) > 4 * count:
                    yield pending.popleft().result()
                    progress.advance(task)
            while pending:
                yield pending.popleft().result()
                progress.advance(task)
        except BrokenProcessPool as error:
            raise GaitprintError(
                "a process that renders was killed (out of memory?); what is finished is kept, and fewer --workers "
                "take less"
            ) from error


def encode(encoding: Encoding, size: tuple[int, int], walk: Walk) -> list[EncodedWalk]:
    """Render one walk, align its silhouettes to (height, width), and pack each view; runs in a worker process."""
    from gaitprint.data.encoding import encode_walk

    return [encode_walk(_aligned(view, size), encoding) for view in walk.render()]


def _aligned(walk: GaitSequence, size: tuple[int, int]) -> GaitSequence:
    from gaitprint.data.silhouettes import align_silhouettes

    assert walk.silhouettes is not None
    aligned, kept = align_silhouettes(walk.silhouettes, size)
    return dataclasses.replace(walk.select(kept), silhouettes=aligned)


def write_views(out: Path, walk: Walk) -> int:
    """Render one walk, write a folder of PNGs for each view, and return how many; runs in a worker process.

    A folder is there with all its frames or not at all, also after a kill, since one that is there is not made again.
    """
    from gaitprint.data.export import write_frames

    views = walk.render()
    for view in views:
        assert view.silhouettes is not None
        folder = out / view.id
        # Not flushed to disk as `atomic_folder` is: that takes longer than rendering, and the walk can be made again.
        unfinished = folder.with_name(f".{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        write_frames(unfinished, view.silhouettes)
        unfinished.rename(folder)
    return len(views)


def video_path(out: Path, spec: WalkSpec) -> Path:
    """Where the video of a walk is."""
    return out / spec.subject / f"{spec.condition}.mp4"


def write_film(out: Path, spec: WalkSpec) -> None:
    """Render one walk and write its video; runs in a worker process."""
    from gaitprint.synth.everyday_video import film
    from gaitprint.video.encode import write_video

    filmed = film(spec)
    path = video_path(out, spec)
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_video(path, filmed.frame_rate_hz) as add:
        for frame in filmed.frames:
            add(frame)

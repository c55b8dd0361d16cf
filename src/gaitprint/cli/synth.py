"""`gaitprint synth`: synthetic walkers, rendered by all cores, into a store or a tree of PNGs."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from tyro.conf import arg

from gaitprint.cli.prepare import Size, parse_size
from gaitprint.cli.terminal import output
from gaitprint.core.errors import UsageError
from gaitprint.core.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gaitprint.core.sequence import GaitSequence
    from gaitprint.data.encoding import EncodedWalk
    from gaitprint.data.store import Store
    from gaitprint.synth.walkers import WalkSpec

T = TypeVar("T")

# CASIA-B's published split: 74 of its 124 subjects train, the others test.
TRAINING_SHARE = 74 / 124


def synth(
    *,
    subjects: Annotated[int, arg(metavar="N")],
    out: Path,
    layout: Literal["casia-b"] = "casia-b",
    as_: Annotated[Literal["store", "tree"], arg(name="as")] = "store",
    seed: int = 0,
    size: Size = "64x64",
    encoding: Literal["bits", "grey"] = "bits",
    joints: Annotated[str | None, arg(metavar="SKELETON")] = None,
    frames: bool = False,
    workers: Annotated[int | None, arg(metavar="N")] = None,
) -> dict[str, Any]:
    """Make synthetic walkers: a store of aligned silhouettes, or a tree of raw PNGs.

    Laid out as CASIA-B: subjects 001.., conditions nm-01..06 (normal), bg-01..02 (bag), cl-01..02 (coat), views
    000..180. The first 74 of 124 subjects (the same share of any other number) are the training split. Everything
    follows from the seed; a second run adds only the walks that are missing.

    Args:
        subjects: How many people walk.
        out: The store, or the folder of the tree.
        layout: Which data set the conditions and views follow.
        as_: A store, or a tree of PNGs subject/condition/view/0000.png.
        seed: Other people, other walks.
        size: Height x width that a store's silhouettes are aligned to.
        encoding: Keep a store's silhouettes as bits or as grey values.
        joints: Also keep 3-D joints in this skeleton (for example kinect-v2-25); for a store.
        frames: Also keep RGB frames; for a store.
        workers: Processes to render with; by default one a core.

    Returns:
        How many walks were made, how many were there, and the path.
    """
    from gaitprint.data.store import Store
    from gaitprint.synth.walkers import casia_b_walks

    specs = casia_b_walks(subjects, seed)
    if as_ == "tree":
        if joints is not None or frames:
            raise UsageError("a tree of PNGs holds silhouettes only; joints and frames need --as store")
        missing = [spec for spec in specs if not all((out / _id(spec, view)).is_dir() for view in spec.views)]
        made = sum(_in_parallel(partial(_write_tree, out), missing, workers, "rendering"))
        return _report(out, made, len(specs) * len(specs[0].views) - made)
    store = Store.create(out, encoding=encoding)
    source = {"reader": "synth", "source": f"synthetic walkers, layout {layout}, seed {seed}", "size": size}
    if store.manifest.get("source", source["source"]) != source["source"]:
        raise UsageError(f"{out}: holds walks of another source: {store.manifest['source']}")
    store.set_manifest(source)
    names = sorted({spec.subject for spec in specs})
    training = round(len(names) * TRAINING_SHARE)
    store.set_splits({"train": names[:training], "test": names[training:]})
    missing = [spec for spec in specs if not all(_id(spec, view) in store for view in spec.views)]
    render = partial(_encode, encoding, parse_size(size), joints, frames)
    made = sum(_add(store, walks) for walks in _in_parallel(render, missing, workers, "rendering"))
    return _report(out, made, len(store) - made)


def _id(spec: WalkSpec, view: str) -> str:
    return f"{spec.subject}/{spec.condition}/{view}"


def _report(out: Path, made: int, present: int) -> dict[str, Any]:
    output.print(f"{made} walks made, {present} already there: {out}")
    return {"made": made, "present": present, "path": str(out)}


def _add(store: Store, walks: list[EncodedWalk]) -> int:
    new = [walk for walk in walks if walk.info.id not in store]
    store.add_encoded(new)
    return len(new)


def _encode(
    encoding: Literal["bits", "grey"], size: tuple[int, int], joints: str | None, frames: bool, spec: WalkSpec
) -> list[EncodedWalk]:
    """Render one walk for all cameras, align its silhouettes, and pack it; runs in a worker process."""
    from gaitprint.data.encoding import encode_walk
    from gaitprint.synth.walkers import render_walk_views

    return [
        encode_walk(_aligned(walk, size), encoding) for walk in render_walk_views(spec, joints=joints, frames=frames)
    ]


def _aligned(walk: GaitSequence, size: tuple[int, int]) -> GaitSequence:
    from gaitprint.data.silhouettes import align_silhouettes

    assert walk.silhouettes is not None
    aligned, kept = align_silhouettes(walk.silhouettes, size)
    return dataclasses.replace(walk.select(kept), silhouettes=aligned)


def _write_tree(out: Path, spec: WalkSpec) -> int:
    """Render one walk for all cameras and write its PNGs; runs in a worker process."""
    from gaitprint.data.export import write_frames
    from gaitprint.synth.walkers import render_walk_views

    walks = render_walk_views(spec)
    for walk in walks:
        assert walk.silhouettes is not None
        write_frames(out / walk.id, walk.silhouettes)
    return len(walks)


def _in_parallel(
    work: Callable[[WalkSpec], T], specs: list[WalkSpec], workers: int | None, description: str
) -> Iterator[T]:
    """Yield `work` of every walk, in order, computed ahead by a few walks only so that memory stays bounded."""
    count = min(workers or os.cpu_count() or 1, max(len(specs), 1))
    # Processes are spawned, not forked: a fork of a process that has run torch's threads can hang.
    pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))
    with pool, progress_bar() as progress:
        task = progress.add_task(description, total=len(specs), note="")
        pending: deque[Future[T]] = deque()
        for spec in specs:
            pending.append(pool.submit(work, spec))
            if len(pending) > 4 * count:
                yield pending.popleft().result()
                progress.advance(task)
        while pending:
            yield pending.popleft().result()
            progress.advance(task)

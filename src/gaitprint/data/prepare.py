"""From a raw data set to a store: read and align in many processes, write in one, lose nothing, report everything."""

from __future__ import annotations

import dataclasses
import multiprocessing.connection
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from gaitprint.core.errors import (
    GaitprintError,
    IncompatibleError,
    InvalidSequenceError,
    UnreadableFileError,
    UsageError,
)
from gaitprint.core.files import write_json
from gaitprint.core.progress import progress_bar
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.datasets import READERS
from gaitprint.data.datasets.partition import read_partition
from gaitprint.data.datasets.reader import Listing, Reader, Reject, WalkItem, natural_order
from gaitprint.data.encoding import EncodedWalk, Encoding, encode_walk
from gaitprint.data.silhouettes import align_silhouettes, check_size
from gaitprint.data.store import Store

# Walks are written in transactions of at most so many, and at least so often: what a crash can cost.
_BATCH_WALKS = 64
_BATCH_SECONDS = 2.0
# Walks handed out ahead of each worker, so that none waits and memory stays bounded.
_AHEAD = 4


@dataclass(frozen=True)
class PrepareSummary:
    """What a run of `prepare` did.

    Args:
        stored: walks written by this run.
        present: walks that were in the store before.
        rejects: (path, reason) of everything that is not in the store: walks, single frames of walks that are
            (of those stored by this run), and files that belong to no walk.
        empty_frames: frames of the walks stored by this run that show nobody, and were left out by the alignment.
    """

    stored: int
    present: int
    rejects: list[tuple[str, str]] = field(default_factory=list)
    empty_frames: int = 0


@dataclass(frozen=True)
class _Task:
    """What a worker needs to know about all walks."""

    reader: str
    encoding: Encoding
    size: tuple[int, int]


@dataclass(frozen=True)
class _Done:
    """What a worker hands back: a walk, or a reject."""

    item: WalkItem
    walk: EncodedWalk | None
    rejects: tuple[Reject, ...]
    empty_frames: int = 0


def prepare(
    reader: str,
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    workers: int | None = None,
    encoding: Encoding = "bits",
    size: tuple[int, int] = (64, 64),
    partition: str | os.PathLike[str] | None = None,
) -> PrepareSummary:
    """Turn a raw data set into a store of packed walks.

    Can be stopped and run again at any moment: a second run reads only what is not in the store, and tries again what
    was rejected. Nothing that is wrong with one file keeps the others out.

    Args:
        reader: a name in `READERS`.
        source: the data set's folder.
        out: the store's folder.
        workers: processes that read; None means one a core.
        encoding: how silhouettes are kept, ``bits`` or ``grey``; see `Store.create`.
        size: (height, width) that silhouettes are aligned to, where the data set does not come aligned.
        partition: a JSON file with TRAIN_SET and TEST_SET, which takes the place of the reader's own splits.

    Returns:
        Counts and rejects; the store's manifest keeps them.

    Raises:
        UsageError: unknown reader, size or encoding.
        IncompatibleError: `out` was prepared from another source or with other settings.
        UnreadableFileError: `source` or `partition` cannot be read, or nothing in `source` can be used.
    """
    check_size(size)
    source = Path(source)
    dataset: Reader = READERS[reader]()
    listing = _without_duplicates(dataset.list_walks(source))
    if not listing.items:
        cause = f" ({len(listing.rejects)} rejected; {_line(listing.rejects[0])})" if listing.rejects else ""
        raise UnreadableFileError(f"{source}: holds no walks for the reader '{reader}'{cause}")
    splits = dataset.splits if partition is None else read_partition(partition, listing.items)
    settings = {"reader": reader, "source": str(source.resolve()), "size": list(size)}
    is_new = not (Path(out) / "data.mdb").exists()
    store = Store.create(out, encoding=encoding)
    _check_settings(store, settings)
    missing = [item for item in listing.items if item.id not in store]
    present = len(listing.items) - len(missing)
    rejects = list(listing.rejects)
    stored = empty_frames = 0
    if missing:
        store.set_manifest({**settings, "gaitprint_version": _version(), "complete": False, "rejects": []})
        for batch in _batches(_read_all(_Task(reader, encoding, size), missing, _num_workers(workers)), len(missing)):
            store.add_encoded([done.walk for done in batch if done.walk is not None])
            stored += sum(done.walk is not None for done in batch)
            rejects += [reject for done in batch for reject in done.rejects]
            empty_frames += sum(done.empty_frames for done in batch)
    # Not in the order in which the processes came to them.
    rejects.sort(key=lambda reject: (reject.path, natural_order(reject.reason)))
    if len(store) == 0:
        if is_new:
            _remove_empty(store)
        raise UnreadableFileError(f"{source}: none of {len(listing.items)} walks can be used; {_line(rejects[0])}")
    _finish(store, settings, splits, rejects)
    return PrepareSummary(stored, present, [(reject.path, reject.reason) for reject in rejects], empty_frames)


def _finish(store: Store, settings: dict[str, Any], splits: dict[str, tuple[str, ...]], rejects: list[Reject]) -> None:
    """Write splits and manifest, the latter also as a file for people to read."""
    subjects = {info.subject for info in store.infos}
    store.set_splits(
        {
            name: [member for member in members if member in (store if name == "probe" else subjects)]
            for name, members in splits.items()
        }
    )
    # Frames missing from walks that are stored are kept beside those walks; here, all that belongs to none.
    kept = {entry for dropped in store.dropped_frames().values() for entry in dropped}
    lines = [{"path": r.path, "reason": r.reason} for r in rejects if (r.path, r.reason) not in kept]
    store.set_manifest({**settings, "gaitprint_version": _version(), "complete": True, "rejects": lines})
    write_json(store.path / "manifest.json", store.manifest)


def _version() -> str:
    from gaitprint import __version__

    return __version__


def _line(reject: Reject) -> str:
    return f"{reject.path}: {reject.reason}"


def _num_workers(workers: int | None) -> int:
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if workers < 1:
        raise UsageError(f"workers is {workers}, must be at least 1")
    return workers


def _without_duplicates(listing: Listing) -> Listing:
    """Reject every walk whose id an earlier one has."""
    first: dict[str, WalkItem] = {}
    unique = Listing(rejects=list(listing.rejects))
    for item in listing.items:
        if item.id in first:
            unique.rejects.append(Reject(item.path, f"walk {item.id} is there twice, first as {first[item.id].path}"))
        else:
            first[item.id] = item
            unique.items.append(item)
    return unique


def _check_settings(store: Store, settings: dict[str, Any]) -> None:
    """Raise `IncompatibleError` where the store was begun with other settings."""
    before = store.manifest
    for name, value in settings.items():
        if name in before and before[name] != value:
            raise IncompatibleError(f"{store.path}: prepared with {name} {before[name]}, asked for {value}")
    if len(store) and "reader" not in before:
        raise IncompatibleError(f"{store.path}: holds {len(store)} walks that were not prepared from a data set")


def _remove_empty(store: Store) -> None:
    """Take away a store that this run made and put nothing into."""
    for name in ("data.mdb", "lock.mdb"):
        (store.path / name).unlink(missing_ok=True)
    store.path.rmdir()


# --- in the worker processes ---


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait until the parent is gone, however it went; a pool's worker would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _read_one(task: _Task, item: WalkItem) -> _Done:
    """Read, align and encode one walk; whatever is wrong with it becomes a reject."""
    reader: Reader = READERS[task.reader]()
    try:
        raw = reader.read_walk(item)
        sequence, empty = raw.sequence, 0
        rejects = raw.rejects
        if reader.needs_alignment and sequence.silhouettes is not None:
            sequence, empty = _aligned(item, sequence, task.size)
        if empty:
            reason = f"{empty} of {raw.sequence.num_frames} frames show nobody and are left out"
            rejects = (*rejects, Reject(item.path, reason))
        if sequence.num_frames < reader.minimum_frames:
            raise InvalidSequenceError(
                f"{item.path}: {sequence.num_frames} frame, a walk needs {reader.minimum_frames}"
            )
        dropped = [(reject.path, reject.reason) for reject in rejects]
        return _Done(item, encode_walk(sequence, task.encoding, dropped), rejects, empty)
    except GaitprintError as error:
        return _Done(item, None, (Reject.of(item.path, error),))
    except MemoryError:
        return _Done(item, None, (Reject(item.path, "not enough memory to read it"),))


def _aligned(item: WalkItem, sequence: GaitSequence, size: tuple[int, int]) -> tuple[GaitSequence, int]:
    """Return the walk with aligned silhouettes, and how many frames show nobody."""
    assert sequence.silhouettes is not None
    silhouettes, kept = align_silhouettes(sequence.silhouettes, size)
    if not len(silhouettes):
        raise UnreadableFileError(f"{item.path}: none of {len(kept)} frames shows anybody")
    return dataclasses.replace(sequence.select(kept), silhouettes=silhouettes), int(np.count_nonzero(~kept))


# --- in the parent ---


def _batches(results: Iterator[_Done], total: int) -> Iterator[list[_Done]]:
    """Group results for transactions, and draw the progress bar."""
    batch: list[_Done] = []
    rejected = 0
    begun = time.monotonic()
    with progress_bar() as progress:
        bar = progress.add_task("preparing", total=total, note="")
        try:
            for done in results:
                batch.append(done)
                rejected += done.walk is None
                progress.update(bar, advance=1, note=f"{rejected} rejected" if rejected else "")
                if len(batch) >= _BATCH_WALKS or time.monotonic() - begun > _BATCH_SECONDS:
                    yield batch
                    batch, begun = [], time.monotonic()
        except KeyboardInterrupt:
            if batch:
                yield batch
            raise
    if batch:
        yield batch


def _read_all(task: _Task, items: list[WalkItem], workers: int) -> Iterator[_Done]:
    """Yield the result of every item as it comes, whatever happens to the processes."""
    waiting = iter(items)
    running: dict[Future[_Done], WalkItem] = {}
    # The processes are the parallelism. Set here and not in the workers: a forked process that inherits OpenCV's
    # threads as dead memory waits for them for ever.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    pool = _pool(workers)
    try:
        while True:
            suspects: list[WalkItem] = []
            try:
                while len(running) < workers * _AHEAD and (item := next(waiting, None)) is not None:
                    suspects = [item]  # not running yet if the pool refuses it
                    running[pool.submit(_read_one, task, item)] = item
                    suspects = []
            except BrokenProcessPool:
                pass
            if not running and not suspects:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED) if running else (set(), None)
            for future in finished:
                item = running.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    suspects.append(item)
            if suspects:
                # A process died, and any of the walks in flight may have been the cause: read each by itself.
                suspects += running.values()
                running.clear()
                pool.shutdown(wait=True, cancel_futures=True)
                for item in suspects:
                    yield _read_alone(task, item)
                pool = _pool(workers)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        cv2.setNumThreads(threads)


def _read_alone(task: _Task, item: WalkItem) -> _Done:
    """Read one walk in a process of its own; the walk is rejected if the process dies."""
    with _pool(1) as pool:
        try:
            return pool.submit(_read_one, task, item).result()
        except BrokenProcessPool:
            return _Done(item, None, (Reject(item.path, "the process that read it died (out of memory?)"),))


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, initializer=_start_worker)

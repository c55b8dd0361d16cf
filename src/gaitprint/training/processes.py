"""Work side by side in processes of their own, each with its share of the cores; one that dies harms no other."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# How long a process may take to end by itself before it is killed.
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Died:
    """What came of a piece of work whose process ended before it.

    Args:
        reason: one line.
    """

    reason: str


def available_cores() -> int:
    """Return how many cores this process may use; ``OMP_NUM_THREADS`` lowers the number."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(limit)) if limit.isdecimal() and int(limit) > 0 else cores


def in_processes(
    function: Callable[[T], R], items: Sequence[T], jobs: int, threads: int
) -> Iterator[tuple[int, R | Died]]:
    """Call a function on each item, `jobs` at a time, and yield (index of the item, result) as they come.

    The processes are spawned, not forked, say nothing on the terminal, and end with this one, however it ends. When
    the caller stops (Ctrl-C reaches this process alone), they are ended at once.

    Args:
        function: importable by name, or a `functools.partial` of such a one; must catch its own exceptions.
        items: sent to the processes.
        jobs: how many processes, at most one an item.
        threads: of torch in each of them.
    """
    waiting = deque(enumerate(items))
    workers: list[_Worker[T, R]] = []
    try:
        while len(workers) < min(jobs, len(items)):
            workers.append(_Worker(function, threads))
            workers[-1].give(*waiting.popleft())
        while busy := [worker for worker in workers if worker.index is not None]:
            wait([handle for worker in busy for handle in worker.handles])
            for worker in busy:
                if not worker.has_news():
                    continue
                index, result = worker.take()
                if waiting:
                    if isinstance(result, Died):
                        workers.remove(worker)
                        worker = _Worker(function, threads)
                        workers.append(worker)
                    worker.give(*waiting.popleft())
                yield index, result
    finally:
        for worker in workers:
            worker.end()


class _Worker(Generic[T, R]):
    """One process and the item it works on.

    Args:
        function: see `in_processes`.
        threads: see `in_processes`.
    """

    def __init__(self, function: Callable[[T], R], threads: int) -> None:
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(target=_serve, args=(theirs, function, threads))
        with _inherited(threads):
            self._process.start()
        theirs.close()  # so that the end of the process is the end of the pipe
        self.index: int | None = None

    @property
    def handles(self) -> tuple[Connection, int]:
        """What becomes ready when there is a result or the process has ended."""
        return self._connection, self._process.sentinel

    def give(self, index: int, item: T) -> None:
        """Let it work on an item."""
        self.index = index
        with suppress(OSError):  # where it has died already, `take` will tell
            self._connection.send(item)

    def has_news(self) -> bool:
        """Whether there is something to take."""
        return self._connection.poll() or not self._process.is_alive()

    def take(self) -> tuple[int, R | Died]:
        """Return the item's index and what came of it."""
        assert self.index is not None
        index, self.index = self.index, None
        try:
            if self._connection.poll():
                result: R = self._connection.recv()
                return index, result
        except (EOFError, OSError):
            pass
        self._process.join()
        return index, Died(_how_it_ended(self._process.exitcode))

    def end(self) -> None:
        """End the process, whatever it does."""
        self._connection.close()
        if self.index is None:
            self._process.join(_PATIENCE_SECONDS)  # idle: it sees the pipe's end
        for stop in (self._process.terminate, self._process.kill):
            if self._process.is_alive():
                stop()
                self._process.join(_PATIENCE_SECONDS)


def _serve(connection: Connection, function: Callable[[Any], Any], threads: int) -> None:
    """What a worker process does: results for items until the pipe ends."""
    import torch

    from gaitprint.core.progress import console

    torch.set_num_threads(threads)
    console.quiet = True
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            item = connection.recv()
        except (EOFError, OSError):
            return
        connection.send(function(item))


def _end_with_parent() -> None:
    """End this process when its parent has: two processes in one run folder would destroy it."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _inherited(threads: int) -> Iterator[None]:
    """Let a process that is started inside inherit its number of threads, and no Ctrl-C: ending it is our business."""
    resource_tracker.ensure_running()  # it would otherwise be started inside, and let Ctrl-C in again
    before = os.environ.get("OMP_NUM_THREADS")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.environ["OMP_NUM_THREADS"] = str(threads)
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in {*signal.Signals} else str(-code)
        hint = ": out of memory?" if name == "SIGKILL" else ""
        return f"its process was killed ({name}{hint})"
    return f"its process ended with code {code}"

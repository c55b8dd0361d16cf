"""How long a training took, however often it was killed and resumed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.files import write_json
from gaitprint.core.folders import surviving_folder

_FILE = "training_time.json"


class Stopwatch:
    """Made by `stopwatch`."""

    def __init__(self) -> None:
        self.counts = True

    def discard(self) -> None:
        """Let the time of this context count for nothing."""
        self.counts = False


def processor_seconds() -> float:
    """Return the processor time of this process, all its threads and its finished children.

    Unlike the time by the clock it is nearly the same whatever else the machine does.
    """
    return sum(os.times()[:4])


@contextmanager
def stopwatch(run: Path, clock: Callable[[], float] = time.perf_counter) -> Iterator[Stopwatch]:
    """Count the time inside towards the run folder's training time.

    What a killed process did since its last checkpoint is done again and counts once: where the context was not left
    in order, the next one adds the time by the clock from its start to the run's last checkpoint.

    Args:
        run: the run folder.
        clock: seconds that only grow.
    """
    watch = Stopwatch()
    seconds = training_seconds(run)
    _write(run, seconds, time.time())
    started = clock()
    yield watch
    _write(run, seconds + (clock() - started if watch.counts else 0.0), None)


def training_seconds(run: Path) -> float:
    """Return the seconds that were counted for a run folder, 0 for a new one.

    Raises:
        UnreadableFileError: the record is damaged.
    """
    path = run / _FILE
    if not path.exists():
        return 0.0
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        seconds, running_since = float(record["seconds"]), record["running_since"]
        if running_since is None:
            return seconds
        last = surviving_folder(run / "last")
        return seconds if last is None else seconds + max(0.0, last.stat().st_mtime - float(running_since))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(f"{path}: not a record of training time ({error})") from error


def _write(run: Path, seconds: float, running_since: float | None) -> None:
    write_json(run / _FILE, {"seconds": seconds, "running_since": running_since})

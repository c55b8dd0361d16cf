"""`ExtractionProcess`: looks at videos in a process of its own, started again when it dies or takes too long."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

from gaitprint.core.errors import GaitprintError
from gaitprint.data.walk_files import load_walk
from gaitprint.serving.extraction import Progress, SeenPassage, SeenPerson, SeenVideo, VideoLimits, VideoRefusedError

# What an answer may be long: a process that a video took over is not listened to without end.
_LONGEST_ANSWER = 1 << 22
_STARTED_SECONDS = 120.0


class ExtractionProcess:
    """One process, used by one thread at a time.

    Args:
        limits: of a video.
        seconds: after which a video is given up.
    """

    def __init__(self, limits: VideoLimits, seconds: float) -> None:
        self._limits, self._seconds = limits, seconds
        self._process: subprocess.Popen[str] | None = None

    def extract(self, video: Path, folder: Path, on_progress: Progress) -> SeenVideo:
        """See `Extractor.extract`."""
        process = self._running()
        request = {"video": str(video), "folder": str(folder), **vars(self._limits)}
        timed_out = threading.Event()

        def give_up() -> None:
            timed_out.set()
            process.kill()

        timer = threading.Timer(self._seconds, give_up)
        timer.start()
        try:
            _stdin(process).write(json.dumps(request) + "\n")
            _stdin(process).flush()
            while "seen" not in (answer := self._answer(process)):
                if "refused" in answer:
                    raise VideoRefusedError(str(answer["refused"]))
                on_progress(int(answer["frames"]), int(answer["total"]))
            return _seen_video(answer["seen"], folder)
        except VideoRefusedError:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError, GaitprintError) as error:
            self.close()
            if timed_out.is_set():
                raise VideoRefusedError(f"took more than {self._seconds:g} seconds") from error
            raise VideoRefusedError("the decoder crashed: a damaged or hostile file") from error
        finally:
            timer.cancel()
            if timed_out.is_set():  # also at the very end: a process that was killed takes no other video
                self.close()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # what was not read any more by the process
                    continue

    def _running(self) -> subprocess.Popen[str]:
        """Return the process, started anew where it is not running."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        process = subprocess.Popen(
            [sys.executable, "-m", "gaitprint.serving.extraction_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=_environment(),
            # Of another group: Ctrl+C is for the service, which then ends it.
            start_new_session=True,
        )
        self._process = process
        timer = threading.Timer(_STARTED_SECONDS, process.kill)
        timer.start()
        try:
            self._answer(process)
        except (OSError, ValueError) as error:
            code = process.wait()
            self.close()
            reason = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            raise VideoRefusedError(f"videos cannot be looked at: the process did not start ({reason})") from error
        finally:
            timer.cancel()
        return process

    @staticmethod
    def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
        """Read one line; OSError or ValueError where there is none that makes sense."""
        if process.stdout is None:
            raise AssertionError("the process has a pipe")
        line = process.stdout.readline(_LONGEST_ANSWER)
        if not line.endswith("\n"):
            raise ValueError("a line without end" if line else "the process ended")
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise ValueError("no object")
        return answer


def _seen_video(values: dict[str, Any], folder: Path) -> SeenVideo:
    """Put together what the process said and what it wrote; it is believed as little as its videos are."""
    of_person: dict[int, list[SeenPassage]] = {}
    for each in values["passages"]:
        number = int(each["number"])
        stem = folder / f"passage-{number}"
        refused = None if each["refused"] is None else str(each["refused"])[:300]
        pictures = bool(each["pictures"])
        of_person.setdefault(int(each["person"]), []).append(
            SeenPassage(
                number=number,
                refused=refused,
                direction=str(each["direction"])[:100],
                view_deg=None if each["view_deg"] is None else float(each["view_deg"]),
                start_seconds=float(each["start_seconds"]),
                seconds=float(each["seconds"]),
                score=float(each["score"]),
                figures={str(name): float(value) for name, value in each["figures"].items()},
                animation=stem.with_suffix(".gif") if pictures else None,
                sheet=stem.with_suffix(".png") if pictures else None,
                walk=None if refused is not None else load_walk(stem.with_suffix(".npz")),
            )
        )
    return SeenVideo(
        people=tuple(SeenPerson(number, tuple(of_person[number])) for number in sorted(of_person)),
        frames=int(values["frames"]),
        seconds=float(values["seconds"]),
        several_at_once=bool(values["several_at_once"]),
        warnings=tuple(str(warning)[:300] for warning in values["warnings"]),
    )


def _stdin(process: subprocess.Popen[str]) -> IO[str]:
    if process.stdin is None:
        raise AssertionError("the process has a pipe")
    return process.stdin


def _environment() -> dict[str, str]:
    """The environment without what is none of a decoder's business, and with one thread a network."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GAITPRINT_GALLERY")}
    return {"OMP_NUM_THREADS": "1", **kept}

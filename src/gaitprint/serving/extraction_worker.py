"""The process that looks at videos from strangers: it knows no gallery and no token, and may crash.

``python -m gaitprint.serving.extraction_worker`` reads one JSON object a line from standard input, ``{"video",
"folder", "seconds", "frames", "pixels"}``, and writes JSON lines: ``{"ready": true}`` first, ``{"frames", "total"}``
now and then, and at the end of each video ``{"seen": ...}`` or ``{"refused": reason}``. Walks and pictures lie in the
folder.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

# Demuxers of what browsers, phones and cameras record. Without the others no play list or description of a session gets
# FFmpeg to open another file or address.
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,ogg,gif,flv,asf"
_FFMPEG_OPTIONS = f"protocol_whitelist;file|format_whitelist;{_FORMATS}"
# Of one process: what frames of the largest size and their decoder take, several times over.
_MEMORY_BYTES = 4 << 30


def main() -> None:
    """Serve requests until standard input ends."""
    # Libraries print what they like to standard output, which is not for them.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # OpenCV reads this when it opens a file.
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = _FFMPEG_OPTIONS
    _limit_memory()
    threading.Thread(target=_end_with_the_service, args=(os.getppid(),), daemon=True).start()
    from gaitprint.core.errors import GaitprintError
    from gaitprint.serving.extraction import VideoLimits
    from gaitprint.serving.looking import look_at
    from gaitprint.video.front_ends import choose_front_ends

    front_ends = choose_front_ends()
    _say(answers, {"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        video = Path(request["video"])
        limits = VideoLimits(request["seconds"], request["frames"], request["pixels"])
        try:
            seen = look_at(
                video,
                Path(request["folder"]),
                limits,
                front_ends,
                lambda frames, total: _say(answers, {"frames": frames, "total": total}),
            )
        except GaitprintError as error:
            # Texts about files start with their path, which is nobody's business.
            reason = str(error).replace(f"{video}: ", "").replace(str(video), "the video")
            _say(answers, {"refused": " ".join(reason.split())})
        except MemoryError:
            _say(answers, {"refused": "takes more memory than one video may"})
        else:
            _say(answers, {"seen": seen})


def _end_with_the_service(parent: int) -> None:
    """End soon after the service did, which may have been killed amid a video."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _limit_memory() -> None:
    """Let a video that demands too much memory fail alone."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _say(answers: IO[str], value: dict[str, Any]) -> None:
    answers.write(json.dumps(value, allow_nan=False) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()

"""The networks that MediaPipe's wheel carries, run by LiteRT: no import of MediaPipe, whose OpenCV is another one.

The models are those of MediaPipe 0.10.14 (Google, Apache-2.0): *BlazePose GHUM 3D* (Bazarevsky et al. 2020, *BlazePose:
On-device Real-time Body Pose Tracking*; Grishchenko et al. 2022) as detector and landmark network, and the selfie
segmentation network (a MobileNetV3 encoder and decoder). Later wheels carry no models.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import MissingExtraError
from gaitprint.core.extras import EXTRAS, needs_extra

INSTALL = EXTRAS["video"].install

MODELS: dict[str, str] = {
    "detector": "modules/pose_detection/pose_detection.tflite",
    "landmarks": "modules/pose_landmark/pose_landmark_full.tflite",
    "segmentation": "modules/selfie_segmentation/selfie_segmentation.tflite",
}


def mediapipe_is_installed() -> bool:
    """Whether both the interpreter and the models are there."""
    return _spec("ai_edge_litert") is not None and all(model_file(name) is not None for name in MODELS)


_CHATTER = b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"
_starting, _started = threading.Lock(), False


class LiteNetwork:
    """One network, ready to be called; not to be shared between threads.

    Args:
        name: a key of `MODELS`.

    Raises:
        MissingExtraError: interpreter or model are not installed; the text says what to install.
    """

    def __init__(self, name: str) -> None:
        path = model_file(name)
        if path is None:
            raise MissingExtraError(f"the MediaPipe front-end needs its models, which are not installed: {INSTALL}")
        with needs_extra("video", "the MediaPipe front-end"):
            from ai_edge_litert.interpreter import Interpreter
        # Networks as small as these lose more by waiting for one another's threads than they gain.
        with _quiet_start():
            self._network: Any = Interpreter(str(path), num_threads=1)
            self._network.allocate_tensors()
        self._input = self._network.get_input_details()[0]["index"]
        self._outputs = [details["index"] for details in self._network.get_output_details()]

    def __call__(self, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Run on one image float32 [H, W, 3]; returns every output without its batch axis."""
        self._network.set_tensor(self._input, image[None])
        self._network.invoke()
        return [self._network.get_tensor(index)[0] for index in self._outputs]


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Keep the one line off standard error that the first interpreter of a process writes there past Python.

    Standard error is a file for that moment. Whatever else was written meanwhile, by any thread, follows afterwards.
    """
    global _started
    with _starting, ExitStack() as context:
        if not _started and sys.__stderr__ is not None:
            with suppress(OSError):  # nowhere to put a file: the line is no reason to fail
                context.enter_context(_without_chatter(context.enter_context(tempfile.TemporaryFile())))
        yield
        _started = True


@contextmanager
def _without_chatter(written: IO[bytes]) -> Iterator[None]:
    """Let standard error be a file, and write it afterwards, less what nobody needs."""
    stderr = os.dup(2)
    os.dup2(written.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        written.seek(0)
        with suppress(OSError), open(2, "wb", closefd=False) as stream:
            stream.write(written.read().replace(_CHATTER, b"", 1))


def _spec(package: str) -> ModuleSpec | None:
    """Find a package without importing it."""
    try:
        return importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None


def model_file(name: str) -> Path | None:
    """Return the file of one of `MODELS` within MediaPipe's wheel, or None where it is not installed."""
    spec = _spec("mediapipe")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / MODELS[name]
        if path.is_file():
            return path
    return None

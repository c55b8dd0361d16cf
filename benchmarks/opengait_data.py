"""What the data benchmarks share: OpenGait's own functions, and walks to run both sides on."""

import importlib.util
import logging
import math
import os
import shutil
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

FRAME_SIZE = (240, 320)  # height and width of a CASIA-B silhouette


def load_module(path: Path, name: str) -> Any:
    """Import one file of OpenGait, which is no package."""
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # its functions are sent to worker processes by name
    specification.loader.exec_module(module)
    return module


def opengait_pretreatment(root: Path) -> Any:
    """OpenGait's datasets/pretreatment.py, silent."""
    os.environ["TQDM_DISABLE"] = "1"
    logging.getLogger().setLevel(logging.CRITICAL)
    return load_module(root / "datasets" / "pretreatment.py", "opengait_pretreatment")


def opengait_loading(root: Path) -> tuple[Any, Any]:
    """OpenGait's DataSet and CollateFn; its logger, which needs a GPU machine's packages, is replaced by silence."""
    utils: Any = types.ModuleType("utils")
    silent = types.SimpleNamespace(log_info=lambda *_: None, log_debug=lambda *_: None)
    utils.get_msg_mgr = lambda: silent
    utils.is_bool_list = lambda values: isinstance(values, list) and all(isinstance(value, bool) for value in values)
    utils.is_int_list = lambda values: isinstance(values, list) and all(isinstance(value, int) for value in values)
    sys.modules["utils"] = utils
    data = root / "opengait" / "data"
    dataset = load_module(data / "dataset.py", "opengait_dataset")
    return dataset.DataSet, load_module(data / "collate_fn.py", "opengait_collate").CollateFn


def figure(phase: float, x: float, height: float, girth: float) -> NDArray[np.uint8]:
    """A walking figure, uint8 [240, 320] of 0 and 255, at one moment of its cycle (phase in radians)."""
    image = np.zeros(FRAME_SIZE, np.uint8)
    top = 225 - height
    white = (255.0,)

    def limb(start: tuple[float, float], angle: float, length: float, width: float) -> tuple[float, float]:
        end = start[0] + length * math.sin(angle), start[1] + length * math.cos(angle)
        first, second = ((round(px), round(py)) for px, py in (start, end))
        cv2.line(image, first, second, white, max(2, round(width)))
        return end

    cv2.ellipse(image, (round(x), round(top + 0.07 * height)), (round(0.05 * height), 10), 0, 0, 360, white, -1)
    limb((x, top + 0.12 * height), 0.03, 0.38 * height, girth * 0.17 * height)
    for side in (0.0, np.pi):
        swing = np.sin(phase + side)
        knee = limb((x, top + 0.5 * height), 0.4 * swing, 0.25 * height, girth * 0.1 * height)
        ankle = limb(knee, 0.4 * swing - 0.5 * max(0.0, np.cos(phase + side)), 0.22 * height, girth * 0.07 * height)
        limb(ankle, 1.4, 0.07 * height, girth * 0.04 * height)
        elbow = limb((x, top + 0.2 * height), -0.5 * swing, 0.18 * height, girth * 0.06 * height)
        limb(elbow, -0.5 * swing + 0.3, 0.16 * height, girth * 0.05 * height)
    return image


def walks(subjects: int, frames: int, views: int = 11) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield (subject/condition/view, uint8 [T, 240, 320]) with edges as ragged as background removal leaves them.

    T varies by a quarter around `frames`, as it does between real walks.
    """
    random = np.random.default_rng(0)
    for subject in range(1, subjects + 1):
        height, girth, cadence = random.uniform(110, 150), random.uniform(0.8, 1.3), random.uniform(0.2, 0.3)
        for view in range(views):
            length = int(random.integers(frames * 3 // 4, frames * 5 // 4 + 1))
            raw = np.stack(
                [
                    figure(cadence * t, 60 + 200 * t / length, height * (1 + 0.1 * t / length), girth)
                    for t in range(length)
                ]
            )
            noise = random.random(raw.shape, dtype=np.float32)
            edge = np.stack([cv2.morphologyEx(frame, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) for frame in raw])
            raw[(edge > 0) & (noise < 0.3)] ^= 255
            yield f"{subject:03d}/nm-01/{18 * view:03d}", raw


# How trees of silhouettes are written in practice; which one matters, because decoding is most of the work.
PNG_FORMATS: dict[str, list[int]] = {
    "8 bits, OpenCV's defaults": [],
    "8 bits, libpng's defaults": [cv2.IMWRITE_PNG_STRATEGY, 0, cv2.IMWRITE_PNG_COMPRESSION, 6],
    "1 bit": [cv2.IMWRITE_PNG_BILEVEL, 1],
}


def write_tree(root: Path, png_format: str, subjects: int, frames: int) -> int:
    """Write a PNG tree and return its number of frames; every file is read back once, so that caches are warm."""
    count = 0
    for walk, raw in walks(subjects, frames):
        folder = root / walk
        folder.mkdir(parents=True)
        for number, frame in enumerate(raw):
            cv2.imwrite(str(folder / f"{number:03d}.png"), frame, PNG_FORMATS[png_format])
            (folder / f"{number:03d}.png").read_bytes()
            count += 1
    return count


def fresh(folder: Path) -> Path:
    """Remove a folder and return its path."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def bytes_of(folder: Path, pattern: str) -> int:
    """Bytes of the files that match."""
    return sum(path.stat().st_size for path in folder.rglob(pattern))

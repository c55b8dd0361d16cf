"""A service whose videos are pretended: a file names its walkers, and an extractor makes walks of them at once.

The gallery is a real one, with a model that looks at silhouettes.
"""

import json
import time
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from gaitprint.core.sequence import GaitSequence
from gaitprint.evaluation.calibration import Calibration
from gaitprint.evaluation.walk_embedder import WalkEmbedder
from gaitprint.serving.extraction import SeenPassage, SeenPerson, SeenVideo, VideoRefusedError

_START = b"RIFF\x00\x00\x00\x00AVI "
# Euclidean distances: walks of one walker are about 3 apart, of two about 100.
CALIBRATION = Calibration(
    slope=-0.2,
    intercept=10.0,
    genuine=1000,
    impostors=100_000,
    fmr_thresholds=tuple((rate / 10_000, 40.0 + rate / 10) for rate in range(1, 200)),
)


def video(*walkers: str, **more: object) -> bytes:
    """A pretended video: each walker goes through the picture once. A walker named 'small' is refused."""
    return _START + json.dumps({"walkers": walkers, **more}).encode()


def walk_of(walker: str, seed: int) -> GaitSequence:
    shape = np.random.default_rng(zlib.crc32(walker.encode())).integers(0, 256, (1, 64, 64))
    noise = np.random.default_rng(seed).integers(-8, 9, (10, 64, 64))
    silhouettes = np.clip(shape + noise, 0, 255).astype(np.uint8)
    return GaitSequence("unknown", "passage", "090", 25.0, silhouettes=silhouettes, view_deg=90.0)


class PretendedModel(WalkEmbedder):
    """Embeds the mean silhouette, 8 by 8."""

    name, calibration, distance = "pretended", CALIBRATION, "euclidean"
    train_subjects: tuple[str, ...] = ()

    @property
    def card(self) -> dict:
        return {"input": {"representation": "silhouettes"}, "weights_hash": "2" * 64}

    @property
    def facts(self) -> dict:
        return {"model": self.name}

    def embed(self, sequences: Iterable[GaitSequence]) -> np.ndarray:
        shapes = np.stack([walk.silhouettes.mean(axis=0) for walk in sequences])
        blocks = shapes.reshape(-1, 8, 8, 8, 8).mean(axis=(2, 4))
        return blocks.reshape(len(shapes), 1, 64).astype(np.float32)

    def embed_store(self, store, positions=None):
        raise NotImplementedError


class PretendedExtractor:
    """Reads what `video` wrote."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.closed = False

    def extract(self, video: Path, folder: Path, on_progress) -> SeenVideo:
        data = video.read_bytes()
        if not data.startswith(_START + b"{"):
            raise VideoRefusedError("no video that can be decoded, or a damaged one")
        said = json.loads(data.removeprefix(_START))
        seconds = said.get("takes", self.seconds)
        for frame in range(0, 100, 10):
            on_progress(frame, 100)
            time.sleep(seconds / 10)
        if said.get("crash"):
            raise RuntimeError("secret /path/of/the/server")
        people = [
            SeenPerson(number, (_passage(walker, number, folder, zlib.crc32(data)),))
            for number, walker in enumerate(said["walkers"], start=1)
        ]
        return SeenVideo(tuple(people), 100, 4.0, bool(said.get("together")))

    def close(self) -> None:
        self.closed = True


def _passage(walker: str, number: int, folder: Path, seed: int) -> SeenPassage:
    walk = None if walker == "small" else walk_of(walker, seed)
    shown = walk_of(walker, seed).silhouettes
    frames = [Image.fromarray(np.concatenate([one, 255 - one], axis=1)).resize((288, 144)) for one in shown]
    animation, sheet = folder / f"passage-{number}.gif", folder / f"passage-{number}.png"
    frames[0].save(animation, save_all=True, append_images=frames[1:], duration=80, loop=0)
    frames[0].save(sheet)
    return SeenPassage(
        number=number,
        refused=None if walk is not None else "too small: 31 pixels high, needed 40",
        direction="left",
        view_deg=90.0,
        start_seconds=0.4,
        seconds=2.8,
        score=0.62,
        figures={"frames": 70, "cycles": 2.5, "height_px": 96, "complete": 0.97, "sharpness": 0.31},
        animation=animation,
        sheet=sheet,
        walk=walk,
    )

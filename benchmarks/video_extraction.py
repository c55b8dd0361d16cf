"""Measure what `gaitprint extract` finds, against rendered truth: every figure of docs/video.md.

    python -m benchmarks.video_extraction [--only silhouettes joints views gaps camera speed] [--scenes 4] [--first 0]

- silhouettes: overlap with the truth by kind of picture, without and with the networks; and what is taken for feet and
  is floor, as a share of the person.
- joints: BlazePose's, in the picture and in metres, against those that were rendered.
- views: what is made of somebody who comes from the front, from the side and between, from the first frame on or not.
- gaps: which gap between torn pieces of a body to bridge (`people._GAP`): bodies with a band of the wall's colours,
  frame by frame.
- camera: one that turns, or zooms.
- speed: from a file to the decision of a gallery, stage by stage.

Without MediaPipe (docs/video.md says how to install it), what needs it is left out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from benchmarks import video_scenes as scenes
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from gaitprint.core.skeletons import BLAZEPOSE_33, convert_joints
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.video import people
from gaitprint.video.front_ends import FrontEnds, choose_front_ends
from gaitprint.video.litert import mediapipe_is_installed
from gaitprint.video.passage import Passage, PassageOptions
from gaitprint.video.pipeline import Extraction
from gaitprint.video.sources import open_source
from gaitprint.video.squares import place_mask
from gaitprint.video.stages import Stages

Spoil = Callable[[scenes.Scene], NDArray[np.uint8]]
PICTURES: dict[str, Spoil] = {
    "as rendered": lambda scene: scene.crowd.frames,
    "grey": lambda scene: scenes.grey(scene.crowd.frames),
    "brightness up and down by 8 %": lambda scene: scenes.brightness(scene.crowd.frames),
    "noise of 12 grey levels": lambda scene: scenes.noise(scene.crowd.frames),
    "hard floor": lambda scene: scenes.hard_floor(scene.crowd.frames, scene.crowd.silhouettes[0]),
}
SMALL = "160x120"
# Every so many frames are compared.
_EVERY = 4
_LIMBS = [
    BLAZEPOSE_33.index(f"{side}_{name}")
    for side in ("left", "right")
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
]


def passages_of(
    frames: NDArray[np.uint8], rate_hz: float, front_ends: FrontEnds, options: PassageOptions | None = None
) -> list[Passage]:
    """Extract from frames, through a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = scenes.write(Path(folder) / "video.avi", frames, rate_hz)
        return list(Extraction(open_source(str(path)), front_ends, options))


def overlaps(passages: list[Passage], truth: NDArray[np.uint8]) -> list[tuple[float, float]]:
    """Return of some frames the overlap of the silhouettes, and the floor that is taken for feet; truth [T, H, W]."""
    found: list[tuple[float, float]] = []
    for passage in passages:
        if passage.refused:
            continue
        for position in range(0, len(passage.numbers), _EVERY):
            mask = place_mask(passage.masks[position], passage.squares[position], *truth.shape[1:]) > 127
            person = truth[passage.numbers[position]] > 127
            rows = np.flatnonzero(person.any(axis=1))
            if len(rows) == 0:
                found.append((0.0, 1.0))
                continue
            feet = int(rows[-1] - 0.12 * len(rows))
            grown = np.count_nonzero(mask[feet:] & ~person[feet:]) / np.count_nonzero(person)
            found.append((np.count_nonzero(mask & person) / np.count_nonzero(mask | person), grown))
    return found


def silhouettes(seeds: range) -> Iterator[Table]:
    """Overlap by kind of picture."""
    front_ends = [choose_front_ends("background", "off")]
    if mediapipe_is_installed():
        front_ends.append(choose_front_ends("mediapipe"))
    table = Table("pictures", *(f"{one.name}: overlap, worst, feet grown, scenes" for one in front_ends))
    for name in (*PICTURES, SMALL):
        cells = []
        for front_end in front_ends:
            figures = []
            for seed in seeds:
                scene = scenes.scene(seed, size=(120, 160), tall_px=48.0) if name == SMALL else scenes.scene(seed)
                frames = PICTURES["as rendered" if name == SMALL else name](scene)
                each = overlaps(passages_of(frames, scene.rate_hz, front_end), scene.crowd.silhouettes[0])
                if each:
                    figures.append(np.mean(each, axis=0))
            mean, worst = np.mean(figures, axis=0), np.min(figures, axis=0)
            cells.append(f"{mean[0]:.2f}, {worst[0]:.2f}, {mean[1]:.3f}, {len(figures)}/{len(seeds)}")
        table.add_row(name, *cells)
    yield table


def joints(seeds: range) -> Iterator[Table]:
    """Error of joints, in metres after the best rotation and scale, and in the picture."""
    table = Table("heading", "3-D, cm", "3-D, limbs on the better side, cm", "picture, % of the height", "frames")
    front_ends = choose_front_ends("mediapipe")
    options = PassageOptions(joint_axes=3)
    for heading in (0.0, 45.0, 90.0, 180.0):
        metres, better, pixels = [], [], []
        for seed in seeds:
            scene = scenes.scene(seed, heading_deg=heading, tall_px=90.0, seconds=3.0)
            for passage in passages_of(scene.crowd.frames, scene.rate_hz, front_ends, options):
                walk = passage.walk
                if walk is None or walk.joints is None or passage.joints is None or passage.left_out:
                    continue
                real, _ = convert_joints(scene.landmarks[passage.numbers], LANDMARKS, BLAZEPOSE_33)
                seen, _ = convert_joints(scene.crowd.joints[0, passage.numbers], LANDMARKS, BLAZEPOSE_33)
                for n in range(0, len(real), _EVERY):
                    plain = _after_alignment(walk.joints[n, _LIMBS], real[n, _LIMBS])
                    other = _after_alignment(walk.joints[n, _LIMBS], real[n, BLAZEPOSE_33.mirror_indices][_LIMBS])
                    metres.append(100 * plain)
                    better.append(100 * min(plain, other))
                    apart = np.linalg.norm(passage.joints[n, _LIMBS] - seen[n, _LIMBS], axis=1).mean()
                    pixels.append(100 * float(apart) / passage.quality.height_px)
        mean = [f"{np.mean(values):.1f}" if values else "-" for values in (metres, better, pixels)]
        table.add_row(f"{heading:g}", *mean, str(len(metres)))
    yield table


def _after_alignment(found: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Mean distance of joints [J, 3] after the best turn, move and scale (Gower 1975, generalised Procrustes)."""
    a, b = found - found.mean(axis=0), truth - truth.mean(axis=0)
    left, sizes, right = np.linalg.svd(a.T @ b)
    turn = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    scale = (sizes * turn).sum() / (a**2).sum()
    return float(np.linalg.norm(scale * a @ (left * turn) @ right - b, axis=1).mean())


def views(seeds: range) -> Iterator[Table]:
    """Views, and which share of the frames with a whole walker is in usable passages."""
    table = Table("heading", "from the first frame on", "views found", "frames in usable passages", "refusals")
    front_end = choose_front_ends()
    for heading in (0.0, 30.0, 45.0, 90.0, 135.0, 180.0):
        for margin in (1.2, 0.0):
            found: list[str] = []
            refused: set[str] = set()
            inside = used = 0
            for seed in seeds:
                scene = scenes.scene(seed, heading_deg=heading, seconds=4.0, margin_s=margin, tall_px=85.0)
                passages = passages_of(scene.crowd.frames, scene.rate_hz, front_end)
                found += [f"{one.view_deg:.0f}" for one in passages if one.refused is None and one.view_deg is not None]
                refused |= {one.refused.partition(":")[0] for one in passages if one.refused}
                person = scene.crowd.silhouettes[0]
                edges = person[:, [0, -1]].any(axis=(1, 2)) | person[:, :, [0, -1]].any(axis=(1, 2))
                inside += int((person.any(axis=(1, 2)) & ~edges).sum())
                used += sum(len(one.numbers) for one in passages if one.refused is None)
            share = f"{used / max(inside, 1):.0%}"
            table.add_row(f"{heading:g}", "" if margin else "yes", " ".join(found), share, ", ".join(sorted(refused)))
    yield table


def gaps(seeds: range) -> Iterator[Table]:
    """Share of frames in which everybody is one box (overlap 0.6) of their own, by the gap that is bridged."""
    tried = (0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40)
    chosen = people._GAP
    table = Table("frames found right", *(f"{gap:.2f}" for gap in tried))
    for band in (0.10, 0.16, 0.22, 0.28):
        right = []
        for seed in seeds:
            size, rate_hz = ((120, 160), (240, 320), (480, 640))[seed % 3], (10.0, 25.0, 60.0)[seed // 3 % 3]
            scene = scenes.scene(seed, size=size, tall_px=size[0] * 0.45, rate_hz=rate_hz, seconds=2.0)
            empty = scene.crowd.frames[:1].repeat(len(scene.crowd.frames), axis=0)
            frames = scenes.torn(scene.crowd.frames, empty, scene.crowd.silhouettes[0], band)
            right.append(_boxes_right(frames, scene.crowd.silhouettes, rate_hz, tried))
        table.add_row(f"a band of {band:.0%} taken out", *(f"{value:.2f}" for value in np.mean(right, axis=0)))
    people._GAP = chosen
    yield table


def _boxes_right(
    frames: NDArray[np.uint8], truth: NDArray[np.uint8], rate_hz: float, tried: tuple[float, ...]
) -> list[float]:
    boxes = [[_box(mask) for mask in masks if mask.any()] for masks in truth.swapaxes(0, 1)]
    shares = []
    for gap in tried:
        people._GAP = gap
        finder = people.MotionFinder((frames.shape[1], frames.shape[2]), rate_hz)
        right = total = 0
        for frame, expected in zip(frames, boxes, strict=True):
            found = finder.find(frame).boxes
            if expected:
                total += 1
                right += len(found) == len(expected) and all(max(_common(a, b) for b in found) > 0.6 for a in expected)
        shares.append(right / max(total, 1))
    return shares


def _box(mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    rows, columns = np.nonzero(mask)
    return np.array([columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1], np.float64)


def _common(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    low, high = np.maximum(first[:2], second[:2]), np.minimum(first[:2] + first[2:], second[:2] + second[2:])
    common = float(np.clip(high - low, 0, None).prod())
    return common / (float(first[2:].prod()) + float(second[2:].prod()) - common)


def camera(seeds: range) -> Iterator[Table]:
    """Overlap and passages where the camera moves."""
    table = Table("camera", "scenes with a usable passage", "overlap")
    front_ends = choose_front_ends("mediapipe")
    for name in ("turns", "zooms"):
        figures = []
        for seed in seeds:
            wide = scenes.scene(seed, size=(240, 560), tall_px=130.0, seconds=4.0, margin_s=0.4)
            frames, truth = wide.crowd.frames, wide.crowd.silhouettes[0]
            travel = 200
            if name == "zooms":
                frames, truth = scenes.zoom(frames, 1.5), scenes.zoom(truth[..., None].repeat(3, axis=3), 1.5)[..., 0]
            else:
                leftwards = float(np.diff(wide.crowd.joints[0, [20, -20], 0, 0])[0]) < 0
                frames, truth = (values[:, :, ::-1] if leftwards else values for values in (frames, truth))
                frames, truth = scenes.pan(frames, 360, travel), scenes.pan(truth, 360, travel)
            each = overlaps(passages_of(frames, wide.rate_hz, front_ends), truth)
            if each:
                figures.append(np.mean(each, axis=0)[0])
        table.add_row(name, f"{len(figures)}/{len(seeds)}", f"{np.mean(figures):.2f}" if figures else "-")
    yield table


def speed(seeds: range) -> Iterator[Table]:
    """Stages from a file to a gallery's decision, one walker of 200 pixels at 640x480."""
    from gaitprint.evaluation.embed import SHIPPED_WEIGHTS
    from gaitprint.gallery.gallery import Gallery
    from gaitprint.video.video_people import people_in_video

    for name in ("background", "mediapipe") if mediapipe_is_installed() else ("background",):
        front_ends, spent, frames = choose_front_ends(name), Stages(), 0
        with tempfile.TemporaryDirectory() as folder:
            gallery = Gallery(Path(folder) / "gallery", "silhouettes") if "silhouettes" in SHIPPED_WEIGHTS else None
            for seed in seeds:
                scene = scenes.scene(seed, size=(480, 640), tall_px=200.0, seconds=5.0, margin_s=1.0)
                path = scenes.write(Path(folder) / f"{seed}.avi", scene.crowd.frames, scene.rate_hz)
                found = people_in_video(path, front_ends=front_ends)
                frames += found.frames
                spent.add(found.stages)
                if gallery is None or not found.walks:
                    continue
                if not gallery.people():
                    gallery.enroll("Anna", found.walks)
                with spent.measure("embed and identify"):
                    gallery.identify(found.walks)
        table = Table("stage", "ms a frame", "processor", title=f"{name}: {frames} frames")
        for stage, seconds in spent.seconds.items():
            worked = spent.processor_seconds[stage]
            table.add_row(stage, f"{1000 * seconds / frames:.1f}", f"{1000 * worked / frames:.1f}")
        total, worked = sum(spent.seconds.values()), sum(spent.processor_seconds.values())
        table.add_row("all", f"{1000 * total / frames:.1f}", f"{1000 * worked / frames:.1f}", style="bold")
        table.caption = f"{frames / total:.1f} frames a second, {frames / worked:.1f} where a processor is free"
        yield table


PARTS = {
    "silhouettes": silhouettes,
    "joints": joints,
    "views": views,
    "gaps": gaps,
    "camera": camera,
    "speed": speed,
}
NEED_NETWORKS = ("joints", "camera")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--first", type=int, default=0, help="seed of the first scene")
    arguments = parser.parse_args()
    console = Console()
    for name in arguments.only:
        if name in NEED_NETWORKS and not mediapipe_is_installed():
            console.print(f"{name}: left out, MediaPipe is not installed")
            continue
        start = time.perf_counter()
        for table in PARTS[name](range(arguments.first, arguments.first + arguments.scenes)):
            console.print(table)
        console.print(f"{name}: {time.perf_counter() - start:.0f} s", style="dim")


if __name__ == "__main__":
    main()

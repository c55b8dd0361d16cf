"""`gaitprint pose`: where the 16 joints of a person are, in a picture, a folder of pictures or a video."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.option_types import Device
from gaitprint.cli.rejects import print_rejects, rejects_to_json
from gaitprint.cli.terminal import output
from gaitprint.core.errors import UsageError
from gaitprint.core.files import atomic_path

if TYPE_CHECKING:
    from gaitprint.core.skeletons import Skeleton
    from gaitprint.video.draw_poses import FoundPoses

JOINTS_FILE, WALK_FILE = "joints.csv", "walk.npz"


def pose(
    source: Positional[Annotated[Path, arg(metavar="INPUT")]],
    /,
    *,
    out: Annotated[Path, arg(metavar="DIR")],
    model: Annotated[str, arg(metavar="MODEL")] = "light-pose-nn",
    crop: Literal["auto", "off"] = "auto",
    box: Annotated[str | None, arg(metavar="X,Y,W,H")] = None,
    threshold: Annotated[float, arg(metavar="P")] = 0.5,
    device: Device = "auto",
) -> dict[str, Any]:
    """Find the 16 joints of a person in a picture, a folder of pictures or a video.

    The network looks for ONE person, who should fill most of the picture; of several it finds some joints of each. In a
    video of a camera that stands still, the one who moves is followed and enlarged (--crop auto). In pictures, and
    where the camera moves, --box says where the person is.

    Writes each picture as NAME.png with the pose drawn on it, or a video as NAME.mp4 with a contact sheet
    (contact-sheet.png) and as a walk (walk.npz) for gaitprint's other commands; joints.csv with place (pixels; x right,
    y down) and probability of every joint; and legend.png, which says what colours and shapes mean.

    Args:
        source: An image, a folder of images, or a video.
        out: The folder to write to; not the one where the input is.
        model: A shipped pose network's name, a run folder, or a weights file.
        crop: In a video, auto looks where somebody moves, and at the whole where nobody does; off always at the whole.
        box: Look at this part of the picture alone: its left and upper edge, its width and height, in pixels.
        threshold: Draw a joint filled, and count it as found, from this probability on.
        device: Where to compute.

    Returns:
        input, model, frames, frame_rate_hz and frames_followed (null for pictures), joints (of each the mean
        probability and the share of pictures in which it was found), threshold, frames_per_second (of the work),
        left_out, warnings, files.
    """
    part = None if box is None else _parse_box(box)
    if not 0 <= threshold <= 1:
        raise UsageError(f"--threshold is {threshold}, must be between 0 and 1")
    if (source if source.is_dir() else source.parent).resolve() == out.resolve():
        raise UsageError(f"--out {out}: is where the input is; drawings could replace it, so choose another folder")

    from gaitprint.video.decode import Video, open_pictures

    pictures = open_pictures(source)  # a wrong path is told before PyTorch is waited for
    from gaitprint.core.progress import console
    from gaitprint.evaluation.embed import choose_device
    from gaitprint.interop.onnx_pose import fastest_locator
    from gaitprint.models.pose.weights import load_pose_network
    from gaitprint.reports.pose_drawing import joint_table, legend_image
    from gaitprint.video.draw_poses import LEGEND_FILE, draw_images, draw_video, write_picture
    from gaitprint.video.pose_finder import PoseFinder

    chosen_device = choose_device(device)
    network, card = load_pose_network(model)
    finder = PoseFinder(fastest_locator(network, card, chosen_device), network.resolution, chosen_device)
    joints, rate_hz = network.skeleton, None
    if isinstance(pictures, Video):
        rate_hz = pictures.frame_rate_hz
        found = draw_video(pictures, finder, out, threshold, part, follow=crop == "auto" and part is None)
        _write_walk(out / WALK_FILE, found, joints, source, rate_hz)
    else:
        found = draw_images(pictures, finder, out, threshold, part)
    _write_joints(out / JOINTS_FILE, found, joints, rate_hz)
    write_picture(out / LEGEND_FILE, legend_image())
    written = [WALK_FILE] * (rate_hz is not None) + [JOINTS_FILE, LEGEND_FILE]
    files = [*found.files, *(out / name for name in written)]

    if pictures.warning:
        console.print(Text(f"warning: {pictures.warning}"), soft_wrap=True)
    print_rejects(found.left_out)
    several = len(found.names) > 1
    output.print(joint_table(found.probabilities if several else found.probabilities[0], threshold))
    number, speed = len(found.names), len(found.names) / found.seconds
    followed = "" if found.moving is None else f", somebody followed in {found.moving}"
    kind = ("frame" if rate_hz else "picture") + "s" * (number != 1)
    output.print(Text(f"{number} {kind}, {speed:.1f} a second{followed}"))
    for file in files[:20]:
        output.print(Text(str(file)))
    if len(files) > 20:
        output.print(f"... and {len(files) - 20} more; --json lists them all")
    shares = (found.probabilities >= threshold).mean(axis=0)
    return {
        "input": str(source),
        "model": model,
        "frames": number,
        "frame_rate_hz": rate_hz,
        "frames_followed": found.moving,
        "joints": {
            name: {"mean_probability": round(float(mean), 6), "share_found": round(float(share), 6)}
            for name, mean, share in zip(joints.joints, found.probabilities.mean(axis=0), shares, strict=True)
        },
        "threshold": threshold,
        "frames_per_second": round(speed, 2),
        "left_out": rejects_to_json(found.left_out),
        "warnings": [pictures.warning] if pictures.warning else [],
        "files": [str(file) for file in files],
    }


def _parse_box(words: str) -> tuple[int, int, int, int]:
    """Read X,Y,W,H.

    >>> _parse_box("10,20,300,400")
    (10, 20, 300, 400)
    """
    numbers = words.split(",")
    if len(numbers) != 4 or not all(re.fullmatch(r"\s*-?[0-9]{1,7}\s*", number) for number in numbers):
        raise UsageError(f"--box is '{words}', must be X,Y,W,H: four whole numbers of pixels")
    x, y, width, height = map(int, numbers)
    if width < 1 or height < 1:
        raise UsageError(f"--box is '{words}', but its width and height must be at least 1")
    return x, y, width, height


def _write_joints(path: Path, found: FoundPoses, skeleton: Skeleton, rate_hz: float | None) -> None:
    """Write one row for each joint of each picture."""
    first = ["picture"] if rate_hz is None else ["frame", "seconds"]
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow([*first, "joint", "x", "y", "probability"])
        for name, places, probabilities in zip(found.names, found.positions, found.probabilities, strict=True):
            label = [name] if rate_hz is None else [name, f"{int(name) / rate_hz:.4f}"]
            for joint, (x, y), probability in zip(
                skeleton.joints, places.tolist(), probabilities.tolist(), strict=True
            ):
                rows.writerow([*label, joint, f"{x:.2f}", f"{y:.2f}", f"{probability:.5f}"])


def _write_walk(path: Path, found: FoundPoses, skeleton: Skeleton, video: Path, rate_hz: float) -> None:
    """Write the joints as a walk: unknown/NAME OF THE VIDEO/free."""
    from gaitprint.core.sequence import GaitSequence
    from gaitprint.data.walk_files import save_walk

    name = "".join("_" if letter in "/\\:" or not letter.isprintable() else letter for letter in video.stem)[:128]
    # A sigmoid in single precision may end a hair beyond its range.
    confidence = found.probabilities.clip(0, 1)
    label = ("unknown", name, "free", rate_hz)
    save_walk(path, GaitSequence(*label, joints=found.positions, skeleton=skeleton, confidence=confidence))

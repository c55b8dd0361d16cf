"""Poses on pictures: sixteen joints, each in its own colour and its side's shape, the bones between, and their key."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rich.table import Table
from rich.text import Text

from gaitprint.core.skeletons import MPII_16
from gaitprint.reports.style import GRID, INK, MUTED

# More likely than not.
DEFAULT_THRESHOLD = 0.5

# Right is warm, left is cold, the middle between; every limb has a hue and gets lighter outwards. Each pair of colours
# stays apart for the common kinds of colour blindness, and left from right most of all.
JOINT_COLOURS: dict[str, str] = {
    "right_ankle": "#ff9a5c",
    "right_knee": "#e0480a",
    "right_hip": "#9c2f00",
    "left_hip": "#1f4fd8",
    "left_knee": "#4f86ff",
    "left_ankle": "#9dbdff",
    "pelvis": "#8a2f8f",
    "thorax": "#c45ac4",
    "neck": "#f08ad8",
    "head_top": "#ffffff",
    "right_wrist": "#ffe873",
    "right_elbow": "#f2c200",
    "right_shoulder": "#c99700",
    "left_shoulder": "#008577",
    "left_elbow": "#00bfa0",
    "left_wrist": "#7df2c8",
}
_RGB = [tuple(bytes.fromhex(JOINT_COLOURS[joint][1:])) for joint in MPII_16.joints]
# Against both light and dark pictures: a dark line around the colour, and a light one around that.
_DARK, _LIGHT = (16, 20, 26), (244, 246, 248)

# OpenCV draws at a sixteenth of a pixel.
_SHIFT = 4
# Pictures with a shorter longer side are enlarged before they are drawn on.
_LEAST_SIDE = 640
# Nobody in particular, facing the camera: joint -> (x, y), on a ground of 1 by 1.
_STANDING = {
    "head_top": (0.5, 0.06),
    "neck": (0.5, 0.2),
    "thorax": (0.5, 0.28),
    "pelvis": (0.5, 0.54),
    "shoulder": (0.13, 0.28),
    "elbow": (0.22, 0.36),
    "wrist": (0.31, 0.44),
    "hip": (0.08, 0.55),
    "knee": (0.105, 0.745),
    "ankle": (0.125, 0.94),
}


def draw_pose(
    image: NDArray[np.uint8],
    positions: NDArray[np.float32],
    probabilities: NDArray[np.float32],
    threshold: float = DEFAULT_THRESHOLD,
) -> NDArray[np.uint8]:
    """Draw the sixteen joints of a person and the bones between them, on a copy.

    Joints of the right are squares, of the left disks, of the middle diamonds. A joint below the threshold is hollow,
    and no bone leads to it: a picture of nobody must not show a skeleton. A bone has the colour of its outer joint.
    What lies beyond the picture is cut.

    Args:
        image: uint8 [H, W, 3], RGB.
        positions: float32 [16, 2] in the order of `MPII_16`, pixels, the centre of a pixel at a half.
        probabilities: float32 [16] in 0..1.
        threshold: from which probability on a joint counts as found.

    Returns:
        uint8 [H, W, 3].
    """
    canvas = np.ascontiguousarray(image).copy()
    reach = float(np.ptp(positions, axis=0).max())
    width = float(np.clip(min(reach, max(image.shape[:2])) / 60, 1.5, 14.0))
    # Coordinates far beyond any picture would overflow OpenCV's integers.
    points = np.clip(positions, -4 * max(image.shape[:2]), 5 * max(image.shape[:2])) - 0.5
    sure = probabilities >= threshold
    # Farther from the middle of the body comes later, and over what is nearer.
    for parent, child in MPII_16.bone_indices.tolist():
        if not (sure[parent] and sure[child]):
            continue
        ends = _fixed(points[[parent, child]])
        for colour, extra in ((_LIGHT, 2.4), (_DARK, 1.2), (_RGB[child], 0.0)):
            line_width = max(1, round(width + extra * _rim(width)))
            cv2.line(canvas, tuple(ends[0]), tuple(ends[1]), colour, line_width, cv2.LINE_AA, _SHIFT)
    for joint, name in enumerate(MPII_16.joints):
        _draw_joint(canvas, points[joint], name, 1.25 * width + 1, _rim(width), None if sure[joint] else image)
    return canvas


def enlarged(
    image: NDArray[np.uint8], positions: NDArray[np.float32], least_side: int = _LEAST_SIDE
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Enlarge a small picture by a whole factor, so that a drawing on it can be read, and move places along.

    Args:
        image: uint8 [H, W, 3].
        positions: float32 [..., 2], pixels.
        least_side: of the picture's longer side, pixels.
    """
    factor = -(-least_side // max(image.shape[:2]))
    if factor <= 1:
        return image, positions
    larger = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return np.asarray(larger, np.uint8), positions * np.float32(factor)


def legend_image() -> NDArray[np.uint8]:
    """Draw what colours, shapes and hollow joints mean: uint8 [H, W, 3], RGB, on a light ground."""
    height, width, figure, left = 760, 960, 640, 180
    positions = _standing_positions() * figure + [(width - figure) / 2, 40]
    ground = np.full((height, width, 3), 255, np.uint8)
    page = Image.fromarray(draw_pose(ground, positions.astype(np.float32), np.ones(16, np.float32)))
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(22)
    for joint, (x, y) in zip(MPII_16.joints, positions.tolist(), strict=True):
        side, words = joint.partition("_")[0], joint.replace("_", " ")
        if side not in ("left", "right"):
            # Between trunk and arm, where no line to another name passes.
            pen.text((x + 22, y + {"thorax": 32, "pelvis": -32}.get(joint, 0)), words, fill=INK, font=font, anchor="lm")
            continue
        # The person faces us: their right is at our left.
        outward, edge, anchor = (-1, left, "rm") if side == "right" else (1, width - left, "lm")
        pen.line([(x + 22 * outward, y), (edge, y)], fill=GRID, width=2)
        pen.text((edge + 8 * outward, y), words, fill=INK, font=font, anchor=anchor)
    _draw_key(page, ImageFont.load_default(18), height - 34)
    return np.array(page)


def joint_table(probabilities: NDArray[np.float32], threshold: float = DEFAULT_THRESHOLD) -> Table:
    """List the sixteen joints with their probabilities.

    Args:
        probabilities: float32 [16] of one picture, or [T, 16] of several, of which the mean is shown, and the share of
            pictures in which the joint is found.
        threshold: from which probability on a joint counts as found.
    """
    several = probabilities.ndim == 2
    table = Table(title_justify="left", box=None, padding=(0, 2))
    table.add_column("")
    table.add_column("joint")
    table.add_column("mean probability" if several else "probability", justify="right")
    table.add_column(f"found (from {100 * threshold:g} %)", justify="right")
    every = np.atleast_2d(probabilities)
    means, shares = every.mean(axis=0), (every >= threshold).mean(axis=0)
    for joint, mean, share in zip(MPII_16.joints, means.tolist(), shares.tolist(), strict=True):
        found = f"{100 * share:.1f} %" if several else ("yes" if share else "no")
        mark = Text(
            "■" if joint.startswith("right") else "●" if joint.startswith("left") else "◆", JOINT_COLOURS[joint]
        )
        table.add_row(mark, joint.replace("_", " "), f"{100 * mean:.2f} %", found)
    return table


def _rim(width: float) -> float:
    """Width of the dark and of the light line around something, pixels."""
    return max(0.8, width / 4)


def _fixed(points: NDArray[np.float32]) -> NDArray[np.int32]:
    """Pixels -> OpenCV's sixteenths of a pixel."""
    return np.rint(points * (1 << _SHIFT)).astype(np.int32)


def _draw_joint(
    canvas: NDArray[np.uint8], point: NDArray[np.float32], name: str, radius: float, rim: float, below: Any = None
) -> None:
    """Draw a joint; a hollow one shows in its middle what is given as `below`, uint8 of the canvas's shape."""
    colour = _RGB[MPII_16.index(name)]
    for shade, size in ((_LIGHT, radius + 2 * rim), (_DARK, radius + rim), (colour, radius)):
        _fill_shape(canvas, point, name, size, shade)
    if below is not None:
        hole = np.zeros(canvas.shape[:2], np.uint8)
        _fill_shape(hole, point, name, 0.5 * radius + rim, (255,))
        np.copyto(canvas, below, where=hole[..., None] > 127)


def _fill_shape(
    canvas: NDArray[np.uint8], point: NDArray[np.float32], name: str, radius: float, colour: tuple[int, ...]
) -> None:
    """Fill a joint's shape: right square, left disk, middle diamond; all of about the same area."""
    side = name.partition("_")[0]
    if side == "left":
        centre = tuple(_fixed(point).tolist())
        cv2.circle(canvas, centre, round(radius * (1 << _SHIFT)), colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)
        return
    half = 0.9 * radius if side == "right" else 1.3 * radius
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]] if side == "right" else [[0, -1], [1, 0], [0, 1], [-1, 0]])
    cv2.fillConvexPoly(canvas, _fixed((point + half * corners).astype(np.float32)), colour, cv2.LINE_AA, _SHIFT)


def _standing_positions() -> NDArray[np.float64]:
    """Return places float64 [16, 2] of a person who faces us, in 0..1."""
    places = []
    for joint in MPII_16.joints:
        side, _, part = joint.partition("_")
        if side in ("left", "right"):
            aside, down = _STANDING[part]
            places.append((0.5 + (aside if side == "left" else -aside), down))
        else:
            places.append(_STANDING[joint])
    return np.array(places)


def _draw_key(page: Image.Image, font: Any, y: int) -> None:
    """Write one line with the shapes and what they stand for at the height `y` of a page."""
    pen, x = ImageDraw.Draw(page), 130
    for joint, hollow, words in (
        ("right_knee", False, "right"),
        ("left_knee", False, "left"),
        ("thorax", False, "middle"),
        ("right_elbow", True, "hollow, without bones: below the threshold"),
    ):
        canvas = np.array(page)
        _draw_joint(canvas, np.array([x, y], np.float32), joint, 11.0, 2.0, canvas.copy() if hollow else None)
        page.paste(Image.fromarray(canvas))
        pen.text((x + 24, y), words, fill=MUTED, font=font, anchor="lm")
        x += 24 + round(pen.textlength(words, font=font)) + 44

"""Reconstructed walks to look at: a strip of frames, an animation, and the figures as a table for the terminal."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from PIL import Image
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from gaitprint.data.store import SequenceInfo
from gaitprint.evaluation.reconstruction import (
    METHODS,
    ReconstructedClip,
    ReconstructionResult,
    condition_group,
    ordered_groups,
)
from gaitprint.reports.animation import write_animation
from gaitprint.reports.style import INK, MUTED, PAPER, SERIES, plain_text
from gaitprint.reports.summary import percent

PANELS = ("masked input", "prediction", "truth", "error where hidden")
# Background and person where the model saw them, and where it did not.
_SEEN = ("#000000", "#ffffff")
_HIDDEN = ("#5c2f52", "#fbe6f4")
# In the picture of errors, what is right steps back behind what is not; orange and sky blue of Okabe & Ito.
_RIGHT_PERSON = 0.42
_EXTRA, _MISSING = SERIES[4], SERIES[5]
_LEGEND = (
    (_HIDDEN[0], "hidden from the model"),
    (_EXTRA, "predicted there, but background"),
    (_MISSING, "person there, but not predicted"),
)
# Walks that are drawn, and frames that fit into a strip on a page.
_PICTURES, _COLUMNS = 3, 16
# Height of a panel of the animation, in pixels, about; a delay below 20 ms is played slowly by most browsers.
_PANEL_HEIGHT, _SHORTEST_DELAY_MS = 256, 20
# What the title and the legend of the animation need, in pixels.
_NARROWEST = 640
_REGION_NAMES = {"hidden": "all hidden pixels", "frames": "whole frames", "blocks": "blocks in others"}
_METHOD_NAMES = {
    "model": "model",
    "nearest-pixel": "pixel",
    "nearest-frame": "frame",
    "mean": "mean",
    "peeking": "peek",
}


def picture_positions(infos: Sequence[SequenceInfo], positions: Sequence[int]) -> list[int]:
    """Choose the walks to draw: one of each of the first three condition groups, of one person, from the side.

    The person is the first of those who walk in the most groups. From the side is the view nearest to 90 or 270
    degrees; the first one where views have no number.

    Args:
        infos: the walks of the store.
        positions: of those to choose from, at least one.

    Returns:
        positions, in the order of `ordered_groups`.
    """
    walks: dict[str, dict[str, list[int]]] = {}  # subject -> group -> positions
    for position in positions:
        info = infos[position]
        walks.setdefault(info.subject, {}).setdefault(condition_group(info.condition), []).append(position)
    by_group = walks[min(walks, key=lambda subject: (-len(walks[subject]), subject))]

    def preference(position: int) -> tuple[str, float, str]:
        info = infos[position]
        from_the_side = 0.0 if info.view_deg is None else abs(info.view_deg % 180 - 90)
        return info.condition, from_the_side, info.view

    return [min(by_group[name], key=preference) for name in ordered_groups(list(by_group))[:_PICTURES]]


def reconstruction_strip(clip: ReconstructedClip) -> Figure:
    """Draw a clip as rows of frames: masked input, prediction, truth and error, the hidden parts tinted.

    Of a clip of more frames than fit, every n-th one is drawn. Errors are shown where the truth was hidden alone.
    """
    panels = reconstruction_panels(clip)  # [4, T, H, W, 3]
    step = math.ceil(panels.shape[1] / _COLUMNS)
    panels, seconds = panels[:, ::step], clip.seconds[::step]
    rows, columns, height, width, _ = panels.shape
    gap = max(1, height // 32)
    spaced = np.pad(panels, ((0, 0), (0, 0), (0, gap), (0, gap), (0, 0)), constant_values=255)
    height, width = height + gap, width + gap
    sheet = spaced.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)[:-gap, :-gap]
    # The names at the left take about an inch, title, times and legend the rest; a short clip needs room for them too.
    inches = 9.0 * columns / _COLUMNS
    size = (max(inches, 5.0) + 1.1, inches * sheet.shape[0] / sheet.shape[1] + 1.15)
    figure = Figure(figsize=size, layout="constrained", facecolor=PAPER, dpi=150)
    axes = figure.add_subplot()
    axes.imshow(sheet, aspect="equal", interpolation="nearest")
    axes.set_yticks((np.arange(rows) + 0.5) * height - gap / 2, [name.replace(" where", "\nwhere") for name in PANELS])
    axes.set_xticks((np.arange(columns) + 0.5) * width - gap / 2, [f"{second:.2f}" for second in seconds])
    axes.tick_params(length=0, labelsize=8, labelcolor=MUTED)
    axes.tick_params(axis="y", labelsize=9, labelcolor=INK)
    axes.set_xlabel("seconds into the walk", fontsize=8, color=MUTED)
    axes.spines[:].set_visible(False)
    figure.suptitle(_title(clip), fontsize=9, color=INK, linespacing=1.4)
    _add_legend(figure, "outside lower center")
    return figure


def save_animation(clip: ReconstructedClip, path: str | os.PathLike[str]) -> None:
    """Write a clip as an endless GIF, the four panels side by side, as fast as the walk was.

    Atomically. A clip of more than 50 frames a second is slowed down to that many.
    """
    panels = reconstruction_panels(clip)  # [4, T, H, W, 3]
    _, frames, height, width, _ = panels.shape
    scale = max(1, round(_PANEL_HEIGHT / height))
    panels = panels.repeat(scale, axis=2).repeat(scale, axis=3)
    height, width, gap, above, below = height * scale, width * scale, 12, 76, 36
    page = _page(clip, (above + height + below, max(gap + 4 * (width + gap), _NARROWEST)), above, gap, width)
    pages = np.repeat(page[None], frames, axis=0)  # [T, h, w, 3]
    for number, panel in enumerate(panels):
        left = gap + number * (width + gap)
        pages[:, above : above + height, left : left + width] = panel
    # One palette for all frames, so that no colour flickers.
    tall = Image.fromarray(pages.reshape(-1, *page.shape[1:])).quantize(256, dither=Image.Dither.NONE)
    cut = [tall.crop((0, top, tall.width, top + len(page))) for top in range(0, tall.height, len(page))]
    write_animation(cut, path, _delays_ms(clip.seconds))


def reconstruction_panels(clip: ReconstructedClip) -> NDArray[np.uint8]:
    """Paint masked input, prediction, truth and error of each frame: uint8 [4, T, H, W, 3], RGB."""
    true, predicted = clip.truth >= 0.5, clip.probability >= 0.5
    error = _paint(_RIGHT_PERSON * np.where(clip.hidden, true & predicted, true), clip.hidden)
    error[predicted & ~true & clip.hidden] = _rgb(_EXTRA)
    error[true & ~predicted & clip.hidden] = _rgb(_MISSING)
    shown = _paint(np.where(clip.hidden, 0, clip.truth), clip.hidden)
    return np.stack([shown, _paint(clip.probability, clip.hidden), _paint(clip.truth, clip.hidden), error])


def reconstruction_table(result: ReconstructionResult) -> Group:
    """Return what is worth printing after a measurement, readable at 80 columns; labels are drawn literally."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, header in enumerate(("IoU (%)", "", "clips", *(_METHOD_NAMES[method] for method in METHODS))):
        table.add_column(Text(header), justify="right" if number > 1 else "left", overflow="fold")
    for group in result.groups:
        for number, region in enumerate(group.regions):
            figures = (_percentage(region.iou[method]) for method in METHODS)
            cells = ("" if number else group.name, _REGION_NAMES[region.name], f"{region.clips:,}", *figures)
            table.add_row(*map(Text, cells), end_section=number == len(group.regions) - 1)
    everything = result.groups[0]
    counts = f"{result.subjects:,} subjects, {result.clips:,} clips of up to {result.frames} frames"
    lines = [
        "pixel  copied from the nearest frame in which it is visible",
        "frame  copied from the nearest frame of which nothing is hidden; without one, as pixel",
        "mean   of the frames in which a pixel is visible",
        "peek   copied from the nearest frame not wholly hidden, even what is hidden there",
    ]
    if left_out := everything.regions[0].left_out:
        lines.append(f"{left_out:,} clips left out: nobody in their hidden pixels")
    return Group(
        Text("Silhouettes filled in: intersection over union in the hidden pixels", style="bold"),
        Text(f"{counts}, {percent(everything.hidden_share)} of the pixels hidden, seed {result.seed}", style="dim"),
        table,
        *(Text(line, style="dim") for line in lines),
    )


def _paint(grey: NDArray[np.floating], hidden: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Grey values 0..1 [T, H, W] -> uint8 [T, H, W, 3]: black to white, and tinted where hidden."""
    seen_colours, hidden_colours = (
        np.array([_rgb(colour) for colour in ramp], np.float32) for ramp in (_SEEN, _HIDDEN)
    )
    low, high = (np.where(hidden[..., None], hidden_colours[end], seen_colours[end]) for end in (0, 1))
    colours: NDArray[np.uint8] = np.rint(low + (high - low) * grey[..., None]).astype(np.uint8)
    return colours


def _rgb(colour: str) -> NDArray[np.uint8]:
    values: NDArray[np.uint8] = np.rint(255 * np.array(to_rgb(colour))).astype(np.uint8)
    return values


def _percentage(fraction: float | None) -> str:
    """Return a fraction as a percentage without its sign, which the table's head has."""
    return percent(fraction).removesuffix(" %")


def _title(clip: ReconstructedClip) -> str:
    model, copied, mean = (clip.iou[method] for method in ("model", "nearest-pixel", "mean"))
    return (
        f"{plain_text(clip.walk)}\nIoU where hidden: model {percent(model)}, "
        f"nearest visible pixel {percent(copied)}, mean of visible ones {percent(mean)}"
    )


def _add_legend(figure: Figure, place: Literal["lower center", "outside lower center"]) -> None:
    patches = [Patch(facecolor=colour, edgecolor=MUTED, linewidth=0.5, label=label) for colour, label in _LEGEND]
    figure.legend(
        handles=patches,
        loc=place,
        ncols=len(patches),
        frameon=False,
        fontsize=8,
        labelcolor=INK,
        handlelength=1.2,
    )


def _page(clip: ReconstructedClip, size: tuple[int, int], above: int, gap: int, width: int) -> NDArray[np.uint8]:
    """Draw title, names of the panels and legend around the place of the panels: uint8 [h, w, 3]."""
    height, total_width = size
    figure = Figure(figsize=(total_width / 100, height / 100), dpi=100, facecolor=PAPER)
    figure.text(gap / total_width, 1 - 10 / height, _title(clip), fontsize=9, color=INK, va="top", linespacing=1.4)
    for number, name in enumerate(PANELS):
        left = (gap + number * (width + gap)) / total_width
        figure.text(left, 1 - (above - 5) / height, name, fontsize=9, color=MUTED, va="bottom")
    _add_legend(figure, "lower center")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()  # type: ignore[no-untyped-call]


def _delays_ms(seconds: NDArray[np.float64]) -> list[int]:
    """How long each frame is shown; GIF counts in hundredths of a second, and rounding must not add up."""
    if len(seconds) == 1:
        return [1000]
    ends = np.append(seconds[1:], 2 * seconds[-1] - seconds[-2]) - seconds[0]
    delays = 10 * np.diff(np.rint(100 * ends).astype(np.int64), prepend=0)
    return [int(delay) for delay in np.maximum(delays, _SHORTEST_DELAY_MS)]

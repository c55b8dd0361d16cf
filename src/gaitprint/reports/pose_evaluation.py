"""A `PoseEvaluation` as a table for the terminal, as bars by joint and by view, and as frames to look at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gaitprint.evaluation.pose import PCK_THRESHOLD, PCKH_THRESHOLD, PoseEvaluation
from gaitprint.reports.pose_drawing import draw_pose, enlarged
from gaitprint.reports.style import INK, MUTED, PAPER, SERIES, add_grid, plain_text
from gaitprint.reports.summary import MISSING, percent

_FIGURES = (f"PCKh@{PCKH_THRESHOLD:g}", f"PCK@{PCK_THRESHOLD:g}", "pixels", "heads")
# Pictures a row, and the length of a picture's longer side in pixels, at least, that joints are drawn at.
_COLUMNS, _PICTURE_SIDE = 4, 480
# Of the longer side of the box around all joints.
_MARGIN = 0.15


def pose_table(evaluation: PoseEvaluation) -> Group:
    """Return everything worth printing, readable at 80 columns; labels are drawn literally."""
    everything = evaluation.groups[0]
    head, torso = everything.pckh, everything.pck
    counts = (
        f"{evaluation.subjects:,} subjects, {evaluation.walks:,} walks, "
        f"{everything.frames:,} frames, {everything.joints:,} joints"
    )
    rows = [
        (name.replace("_", " "), f"{count:,}", *_cells(*figures))
        for name, count, *figures in zip(
            evaluation.joint_names,
            evaluation.present.sum(axis=0).tolist(),
            head.per_joint.tolist(),
            torso.per_joint.tolist(),
            everything.distance_px.per_joint.tolist(),
            everything.distance_head.per_joint.tolist(),
            strict=True,
        )
    ]
    views = [
        (
            group.name,
            f"{group.joints:,}",
            *_cells(group.pckh.mean, group.pck.mean, group.distance_px.mean, group.distance_head.mean),
        )
        for group in evaluation.groups
    ]
    views[0] = ("all", *views[0][1:])
    parts: list[RenderableType] = [
        Text(f"pose: PCKh@{PCKH_THRESHOLD:g} {percent(head.mean)}", style="bold"),
        Text(counts, style="dim"),
        _table("joint", rows),
        _table("view", [*views[1:], views[0]]),
        Text(
            f"PCKh@{PCKH_THRESHOLD:g}  found within {PCKH_THRESHOLD:g} of the line from neck to head top", style="dim"
        ),
        Text(
            f"PCK@{PCK_THRESHOLD:g}   within {PCK_THRESHOLD:g} of the line from left hip to right shoulder", style="dim"
        ),
        Text("pixels    mean distance in the frame; heads: as a share of neck to head top", style="dim"),
    ]
    for shares, part in ((head, "head"), (torso, "torso")):
        if shares.left_out:
            parts.append(Text(f"- {shares.left_out:,} frames left out where the {part} is not annotated"))
    return Group(*parts)


def pose_figure(evaluation: PoseEvaluation) -> Figure:
    """Draw PCKh@0.5 of each joint and of each view as bars."""
    everything, views = evaluation.groups[0], evaluation.groups[1:]
    # Left and right of a joint under each other, from the head down, is how bodies are read.
    order = sorted(range(len(evaluation.joint_names)), key=lambda index: _reading_order(evaluation.joint_names[index]))
    names = [evaluation.joint_names[index].replace("_", " ") for index in order]
    lines = 1 + max(len(names), len(views))
    figure = Figure(figsize=(9.0, max(4.2, 0.6 + 0.2 * lines)), layout="constrained", facecolor=PAPER)
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    mean = everything.pckh.mean
    _bars(left, [*names, "all"], [*everything.pckh.per_joint[order].tolist(), mean], "by joint")
    _bars(right, [*(group.name for group in views), "all"], [*(group.pckh.mean for group in views), mean], "by view")
    return figure


def pose_examples(
    evaluation: PoseEvaluation, frame_of: Callable[[int, int], NDArray[np.uint8]], walk_name: Callable[[int], str]
) -> Figure:
    """Draw the best, median and worst frames, found joints in colour and true ones as white crosses.

    Args:
        evaluation: the figures.
        frame_of: (position of the walk, frame) -> uint8 [H, W, 3].
        walk_name: position of the walk -> what it is called.
    """
    chosen = evaluation.examples(_COLUMNS)
    figure = Figure(figsize=(10.0, 9.6), layout="constrained", facecolor=PAPER, dpi=110)
    panels = figure.subplots(len(chosen), _COLUMNS, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for row, (name, indices) in zip(panels, chosen.items(), strict=True):
        for column, (axes, index) in enumerate(zip(row, indices, strict=False)):
            position, frame = int(evaluation.estimates.walks[index]), int(evaluation.estimates.frames[index])
            _draw_example(axes, evaluation, index, frame_of(position, frame))
            title = f"{plain_text(walk_name(position))}\nframe {frame}, off by {evaluation.errors[index]:.2f} heads"
            axes.set_title(f"{name}: {title}" if column == 0 else title, fontsize=8, color=INK, loc="left")
    figure.legend(
        handles=[
            Line2D([], [], color=MUTED, marker="o", linestyle="none", label="found (right square, left disk)"),
            Line2D([], [], color=INK, marker="x", linestyle="none", label="true"),
            Line2D([], [], color=SERIES[4], linewidth=1.2, label="from the one to the other"),
        ],
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize=8,
        labelcolor=INK,
    )
    return figure


def _draw_example(axes: Axes, evaluation: PoseEvaluation, index: int, image: NDArray[np.uint8]) -> None:
    found, true, present = evaluation.estimates.joints[index], evaluation.true[index], evaluation.present[index]
    image, corner = _crop(image, np.concatenate([found, true[present]]))
    larger, places = enlarged(image, np.stack([found, true]) - corner, _PICTURE_SIDE)
    found, true = places
    axes.imshow(draw_pose(larger, found, evaluation.estimates.probabilities[index]), interpolation="bilinear")
    outline = [withStroke(linewidth=2.4, foreground=INK)]
    # Pictures of matplotlib have the centre of their first pixel at 0, and so their corner at minus a half.
    for start, end in zip(found[present] - 0.5, true[present] - 0.5, strict=True):
        axes.plot(*np.stack([start, end]).T, color=SERIES[4], linewidth=0.9)
    axes.plot(*(true[present] - 0.5).T, "x", color="#ffffff", markersize=3.5, markeredgewidth=0.9, path_effects=outline)
    axes.set_xlim(-0.5, larger.shape[1] - 0.5)
    axes.set_ylim(larger.shape[0] - 0.5, -0.5)


def _crop(image: NDArray[np.uint8], points: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Cut a square around some places, as far as the picture goes: the part, and where its corner was."""
    size = np.array(image.shape[1::-1])
    low, high = np.clip(points.min(axis=0), 0, size), np.clip(points.max(axis=0), 0, size)
    half = (0.5 + _MARGIN) * max(float((high - low).max()), 16.0)
    middle = (low + high) / 2
    first = np.floor(np.clip(middle - half, 0, size - 1)).astype(int)
    last = np.ceil(np.clip(middle + half, first + 1, size)).astype(int)
    return image[first[1] : last[1], first[0] : last[0]], first.astype(np.float32)


def _bars(axes: Axes, names: list[str], shares: list[float], title: str) -> None:
    """Draw shares as horizontal bars from the top down, each with its figure, the last one set apart."""
    places = list(range(len(names)))
    lengths = [0.0 if np.isnan(share) else 100 * share for share in shares]
    axes.barh(places, lengths, color=[SERIES[0]] * (len(names) - 1) + [MUTED], height=0.72)
    for place, share, length in zip(places, shares, lengths, strict=True):
        words = MISSING if np.isnan(share) else f"{length:.1f}"
        axes.annotate(words, (length, place), (3, 0), textcoords="offset points", va="center", fontsize=8, color=INK)
    axes.set_yticks(places, [plain_text(name) for name in names])
    axes.tick_params(axis="both", length=0, labelsize=8, labelcolor=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, 112)
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel(f"PCKh@{PCKH_THRESHOLD:g} (%) {title}", fontsize=9, color=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    add_grid(axes)
    axes.grid(visible=False, axis="y")


def _reading_order(joint: str) -> tuple[int, str]:
    parts = ("head_top", "neck", "thorax", "shoulder", "elbow", "wrist", "pelvis", "hip", "knee", "ankle")
    return next((place for place, part in enumerate(parts) if joint.endswith(part)), len(parts)), joint


def _table(first: str, rows: list[tuple[str, ...]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, header in enumerate((first, "joints", *_FIGURES)):
        table.add_column(Text(header), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _cells(pckh: float, pck: float, pixels: float, heads: float) -> tuple[str, ...]:
    distances = (MISSING if np.isnan(value) else f"{value:.2f}" for value in (pixels, heads))
    return (percent(pckh), percent(pck), *distances)

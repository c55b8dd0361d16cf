"""Where a model's attention goes among joints: a picture of the skeleton, a table, a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from numpy.typing import NDArray
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from gaitprint.evaluation.attention_ratios import strongest_pairs
from gaitprint.reports.skeleton_drawing import (
    PICTURE_WIDTH_INCH,
    SIDE_COLOURS,
    add_figure_legend,
    add_title,
    draw_bones,
    plane_views,
    ratio_range,
)
from gaitprint.reports.style import HEAT, INK, MUTED, PAPER, SERIES, plain_text

if TYPE_CHECKING:
    from gaitprint.evaluation.attention import JointAttention

_PAIR = SERIES[3]
_PAIRS, _NAMED = 6, 5
# Area of a disk in square points, for the least and for the most attention.
_DISK = (22.0, 330.0)


def joints_figure(attention: JointAttention, title: str = "") -> Figure:
    """Draw a skeleton from the front and from its right side; in the image, as it was seen.

    Disks are joints, larger and darker the more attention they received; the five most looked at are named, and thin
    arcs join the pairs that look at each other most. Joints that were never seen are left out.

    Args:
        attention: of a walk, or the mean of several.
        title: above, drawn literally.
    """
    views = plane_views(attention.pose)
    shown = ~np.isnan(attention.pose).any(axis=1)
    scale = Normalize(*ratio_range(attention.received))
    height = 5.0
    figure = Figure(figsize=(PICTURE_WIDTH_INCH, height), facecolor=PAPER)
    add_title(figure, title)
    # Legend below, scale at the right; the front has names on both of its sides.
    bottom, top, right = 0.09, 0.86, 0.85
    shares = (0.64, 0.36) if len(views) == 2 else (1.0,)
    left = 0.01
    for number, ((name, points), share) in enumerate(zip(views.items(), shares, strict=True)):
        axes = figure.add_axes((left, bottom, right * share, top - bottom))
        left += right * share
        axes.set_axis_off()
        axes.set_aspect("equal")
        low, high = points[shown, 1].min(), points[shown, 1].max()
        margin = 0.07 * (high - low) + 1e-6
        middle = (points[shown, 0].min() + points[shown, 0].max()) / 2
        half = (high - low + 2 * margin) * right * share * PICTURE_WIDTH_INCH / (2 * height * (top - bottom))
        axes.set(xlim=(middle - half, middle + half), ylim=(low - margin, high + margin))
        axes.set_title(name, fontsize=10, color=MUTED, pad=4)
        draw_bones(axes, points, attention.skeleton, linewidth=3.0)
        _draw_pairs(axes, points, attention)
        _draw_disks(axes, points, attention.received, scale)
        if number == 0:
            _name_joints(axes, points, attention)
    _add_scale(figure, scale, (0.885, 0.2, 0.018, 0.55))
    _add_joints_legend(figure)
    return figure


def joint_table(attention: JointAttention) -> Group:
    """Return the joints most looked at as a table for the terminal."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    many = attention.deviation is not None
    for number, header in enumerate(("", "joint", "attention received", *(["± over walks"] if many else []))):
        table.add_column(Text(header), justify="left" if number == 1 else "right")
    for rank, joint in enumerate(attention.most_looked_at(_NAMED), start=1):
        cells = [str(rank), _spoken(attention.skeleton.joints[joint]), f"{attention.received[joint]:.2f}"]
        if attention.deviation is not None:
            cells.append(f"{attention.deviation[joint]:.2f}")
        table.add_row(*map(Text, cells))
    walks = f"mean of {attention.walks:,} walks; " if many else ""
    return Group(
        Text("Joints most looked at", style="bold"),
        table,
        Text(f"{walks}1 is what each of the {len(attention.skeleton.joints)} gets from uniform attention", style="dim"),
    )


def describe_joints(attention: JointAttention) -> str:
    """Say in one sentence which joints received most, for those who cannot see the picture."""
    named = ", ".join(
        f"{_spoken(attention.skeleton.joints[joint])} {attention.received[joint]:.2f}"
        for joint in attention.most_looked_at(_NAMED)
    )
    return f"Attention received by joints, uniform = 1; most: {named}."


def _draw_pairs(axes: Axes, points: NDArray[np.float64], attention: JointAttention) -> None:
    middle = float(np.nanmean(points[:, 0]))
    for a, b, strength in strongest_pairs(attention.pairs, _PAIRS):
        if np.isnan(points[[a, b]]).any():
            continue
        # From below upwards, bent away from the body's middle.
        start, end = sorted(points[[a, b]].tolist(), key=lambda point: (point[1], point[0]))
        bend = 0.3 if (start[0] + end[0]) / 2 >= middle else -0.3
        arc = FancyArrowPatch(
            tuple(start),
            tuple(end),
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-",
            color=_PAIR,
            linewidth=min(0.7 + 0.3 * strength, 1.8),
            zorder=4,
        )
        axes.add_patch(arc)


def _draw_disks(axes: Axes, points: NDArray[np.float64], received: NDArray[np.float64], scale: Normalize) -> None:
    # Small disks over large ones, so that none is hidden.
    order = [int(joint) for joint in np.argsort(-np.nan_to_num(received)) if not np.isnan(received[joint])]
    sizes = _DISK[0] + (_DISK[1] - _DISK[0]) * np.asarray(scale(received[order]))
    axes.scatter(
        points[order, 0],
        points[order, 1],
        s=sizes,
        c=received[order],
        cmap=HEAT,
        norm=scale,
        edgecolors=INK,
        linewidths=0.8,
        zorder=3,
    )


def _name_joints(axes: Axes, points: NDArray[np.float64], attention: JointAttention) -> None:
    """Write the names of the joints most looked at into a column on either side, each with a line to its disk."""
    named = [joint for joint in attention.most_looked_at(_NAMED) if not np.isnan(points[joint]).any()]
    (first, last), (low, high) = axes.get_xlim(), axes.get_ylim()
    line = 0.115 * (high - low)
    mirror = attention.skeleton.mirror_indices
    columns: tuple[list[int], list[int]] = ([], [])
    # A joint of one side goes to that side, one in the middle to where there is more room.
    for joint in sorted(named, key=lambda joint: mirror[joint] == joint):
        across = float(points[joint, 0] - points[mirror[joint], 0])
        on_right = across > 0 or (not across < 0 and len(columns[1]) < len(columns[0]))
        columns[on_right].append(joint)
    for joints, edge, align in ((columns[0], first, "left"), (columns[1], last, "right")):
        below = high
        for joint in sorted(joints, key=lambda joint: -points[joint, 1]):
            below = min(float(points[joint, 1]), below - line)
            name = plain_text(_spoken(attention.skeleton.joints[joint]))
            axes.annotate(
                f"{name}\n{attention.received[joint]:.2f}",
                xy=(float(points[joint, 0]), float(points[joint, 1])),
                xytext=(edge, below),
                ha=align,
                va="center",
                fontsize=10,
                color=INK,
                linespacing=1.15,
                arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.7, "shrinkA": 3, "shrinkB": 0},
                zorder=2.5,
            )


def _add_scale(figure: Figure, scale: Normalize, place: tuple[float, float, float, float]) -> None:
    axes = figure.add_axes(place)
    bar = figure.colorbar(ScalarMappable(scale, HEAT), cax=axes)
    bar.set_label("attention received, uniform = 1", fontsize=10, color=INK)
    bar.outline.set_edgecolor(MUTED)
    axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=9, length=3)
    axes.axhline(1.0, color=INK, linewidth=1.2)


def _add_joints_legend(figure: Figure) -> None:
    handles = [
        *(Line2D([], [], color=colour, linewidth=3, label=side) for side, colour in SIDE_COLOURS.items()),
        Line2D([], [], color=_PAIR, linewidth=1.5, label=f"the {_PAIRS} pairs that look at each other most"),
    ]
    add_figure_legend(figure, handles, "lower left", (0.01, 0.005))


def _spoken(joint: str) -> str:
    """A joint's name in words.

    >>> _spoken("left_hand_tip")
    'left hand tip'
    """
    return joint.replace("_", " ")

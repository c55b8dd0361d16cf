"""What pictures of attention have in common: skeletons in the plane, the scale of ratios, title and legend."""

from __future__ import annotations

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from gaitprint.core.skeletons import Skeleton
from gaitprint.reports.style import INK, MUTED, SERIES, plain_text

PICTURE_WIDTH_INCH = 8.0
# The scale of attention is blue, so limbs are not: green and vermilion differ for every kind of colour vision.
SIDE_COLOURS = {"left": SERIES[2], "right": SERIES[1]}
# The least range of ratios that scales show, so that differences which mean nothing do not look like some.
_LEAST_RANGE = (0.8, 1.25)


def plane_views(pose: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Project a pose [J, 2 or 3] to planes with y up: name -> [J, 2]."""
    if pose.shape[1] == 2:
        return {"as seen in the image": pose * [1, -1]}
    # From the front the walker's right hand is at the left of the picture; from the right, ahead is to the right.
    return {"front": pose[:, [0, 1]] * [-1, 1], "right side": pose[:, [2, 1]]}


def ratio_range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Smallest and largest value, and a little more where they are nearly the same."""
    return min(float(np.nanmin(values)), _LEAST_RANGE[0]), max(float(np.nanmax(values)), _LEAST_RANGE[1])


def draw_bones(axes: Axes, points: NDArray[np.float64], skeleton: Skeleton, linewidth: float) -> None:
    """Draw the bones of a pose [J, 2] in the colours of their sides; NaN draws nothing."""
    # Trunk first and right last: from the right side, that is how they hide each other.
    order = {"": 0, "left": 1, "right": 2}
    bones = [(_side(child), skeleton.index(parent), skeleton.index(child)) for parent, child in skeleton.bones]
    for side, parent, child in sorted(bones, key=lambda bone: order[bone[0]]):
        ends = points[[parent, child]]
        axes.plot(
            *ends.T,
            color=SIDE_COLOURS.get(side, MUTED),
            linewidth=linewidth,
            solid_capstyle="round",
            zorder=1,
            clip_on=False,
        )


def _side(joint: str) -> str:
    side = joint.partition("_")[0]
    return side if side in SIDE_COLOURS else ""


def add_title(figure: Figure, title: str) -> None:
    """Write a title, drawn literally, into the upper left corner."""
    figure.text(0.012, 0.985, plain_text(title), fontsize=11, color=INK, va="top", ha="left")


def add_figure_legend(
    figure: Figure, handles: list[Line2D], place: Literal["upper right", "lower left"], anchor: tuple[float, float]
) -> None:
    """List what handles stand for in one line, without a frame."""
    figure.legend(
        handles=handles,
        loc=place,
        bbox_to_anchor=anchor,
        ncols=len(handles),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        borderaxespad=0.2,
        handlelength=1.4,
        columnspacing=1.4,
    )

"""Where a model's attention goes along a walk: a curve over time, with the poses of its peaks and the gait beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from gaitprint.evaluation.attention_ratios import key_moments
from gaitprint.evaluation.metrics import means_of_known
from gaitprint.reports.skeleton_drawing import (
    PICTURE_WIDTH_INCH,
    SIDE_COLOURS,
    add_figure_legend,
    add_title,
    draw_bones,
    plane_views,
    ratio_range,
)
from gaitprint.reports.style import GRID, INK, MUTED, PAPER, SERIES

if TYPE_CHECKING:
    from gaitprint.evaluation.attention import WalkAttention

_HIGH, _LOW = SERIES[0], SERIES[4]
_HIGHEST, _LOWEST = 5, 2


def frames_figure(attention: WalkAttention, title: str = "") -> Figure:
    """Draw the attention that each moment of a walk received, above the distance of the ankles.

    Above the curve stand the poses of highest attention (at most five) and of lowest (at most two), each at its time
    and none over another. Grey is what lies between clips, where the model did not look.

    Args:
        attention: of the walk.
        title: above, drawn literally.
    """
    figure = Figure(figsize=(PICTURE_WIDTH_INCH, 5.2), facecolor=PAPER)
    add_title(figure, title)
    left, width = 0.095, 0.885
    has_phase = attention.separation is not None
    rows = {"poses": (0.635, 0.235), "curve": (0.345, 0.275), "phase": (0.11, 0.2)}
    if not has_phase:
        rows = {"poses": (0.6, 0.27), "curve": (0.12, 0.46)}
    axes = {name: figure.add_axes((left, bottom, width, height)) for name, (bottom, height) in rows.items()}
    rate_hz = attention.frame_rate_hz
    seconds = attention.moments / rate_hz
    poses_inch = (width * figure.get_figwidth(), rows["poses"][1] * figure.get_figheight())
    figures = _StickFigures(attention, poses_inch)
    low, high = figures.span
    for panel in axes.values():
        panel.set_xlim(low, high)
        panel.set_facecolor("none")
        panel.tick_params(colors=MUTED, labelcolor=INK, labelsize=9, length=3)
        panel.spines[["top", "right"]].set_visible(False)
        panel.spines[["left", "bottom"]].set_color(MUTED)
    chosen = key_moments(attention.frames, attention.moments, figures.apart_frames, _HIGHEST, _LOWEST)
    panels = [panel for name, panel in axes.items() if name != "poses"]
    _shade_gaps(panels, attention, (low, high))
    _draw_curve(axes["curve"], seconds, attention.frames)
    for kind, positions in (("highest", chosen.highest), ("lowest", chosen.lowest)):
        colour, marker, sign = (_HIGH, "^", "▲") if kind == "highest" else (_LOW, "v", "▼")
        for position in positions:
            moment, value = float(seconds[position]), float(attention.frames[position])
            figures.draw(axes["poses"], int(attention.moments[position]), f"{sign} {value:.{2 if value < 10 else 1}f}")
            axes["curve"].plot([moment, moment], [value, 1e3], color=colour, linewidth=0.9, linestyle=":", zorder=1)
            axes["curve"].plot(
                [moment], [value], marker, color=colour, markersize=8, markeredgecolor=PAPER, zorder=4, clip_on=False
            )
    axes["curve"].set_ylabel("attention received\n(uniform = 1)", fontsize=9.5, color=INK)
    if attention.separation is not None:
        axes["curve"].tick_params(labelbottom=False)
        _draw_phase(axes["phase"], attention.separation, rate_hz, metres=attention.poses.shape[2] == 3)
    panels[-1].set_xlabel("seconds into the walk", fontsize=10, color=INK)
    handles = [
        Line2D([], [], color=_HIGH, marker="^", linestyle="", markersize=8, label="highest"),
        Line2D([], [], color=_LOW, marker="v", linestyle="", markersize=8, label="lowest"),
        *(Line2D([], [], color=colour, linewidth=2.5, label=side) for side, colour in SIDE_COLOURS.items()),
    ]
    add_figure_legend(figure, handles, "upper right", (0.985, 0.995))
    return figure


def describe_frames(attention: WalkAttention) -> str:
    """Say in one sentence how attention is spread over the walk, for those who cannot see the picture."""
    highest, lowest = int(np.nanargmax(attention.frames)), int(np.nanargmin(attention.frames))
    ends = " and ".join(
        f"{word} {attention.frames[position]:.2f} at {attention.moments[position] / attention.frame_rate_hz:.2f} s"
        for word, position in (("highest", highest), ("lowest", lowest))
    )
    count = len(attention.clips)
    return f"Attention over {count} clip{'s' if count > 1 else ''} of the walk, uniform = 1; {ends}."


class _StickFigures:
    """Poses of a walk as they stand in a panel of a given size above an axis of seconds.

    Args:
        attention: of the walk.
        size_inch: width and height of the panel.
    """

    # Of the panel's height, what the figure takes; the number stands above it.
    _BODY = 0.82
    # Room for the number.
    _LABEL_INCH = 0.8

    def __init__(self, attention: WalkAttention, size_inch: tuple[float, float]) -> None:
        self._skeleton = attention.joints.skeleton
        self._rate_hz = attention.frame_rate_hz
        views = plane_views(attention.poses.reshape(-1, attention.poses.shape[2]))
        self._poses = list(views.values())[-1].reshape(*attention.poses.shape[:2], 2)
        self._poses[..., 0] -= means_of_known(self._poses[..., 0], axis=1)[:, None]
        # Percentiles, so that one stray joint does not shrink everybody.
        lows, highs = np.nanpercentile(self._poses.reshape(-1, 2), [1, 99], axis=0)
        self._low, height = float(lows[1]), max(float(highs[1] - lows[1]), 1e-6)
        self._inch = self._BODY * size_inch[1] / height
        width_inch = min(max(self._inch * float(highs[0] - lows[0]) + 0.12, self._LABEL_INCH), size_inch[0] / 3)
        first, last = attention.clips.min() / self._rate_hz, attention.clips.max() / self._rate_hz
        # Room for half a figure at both ends.
        seconds_inch = max(last - first, 1 / self._rate_hz) / (size_inch[0] - width_inch)
        self.span = (first - seconds_inch * width_inch / 2, last + seconds_inch * width_inch / 2)
        self.apart_frames = width_inch * seconds_inch * self._rate_hz
        self._seconds_inch, self._height_inch = seconds_inch, size_inch[1]

    def draw(self, axes: Axes, frame: int, label: str) -> None:
        """Draw the pose of a frame at its time, with a label above."""
        axes.set_axis_off()
        axes.set_ylim(0, self._height_inch)
        pose = (self._poses[frame] - [0, self._low]) * self._inch
        moment = frame / self._rate_hz
        pose = pose * [self._seconds_inch, 1] + [moment, 0.06 * self._height_inch]
        draw_bones(axes, pose, self._skeleton, linewidth=1.9)
        axes.text(moment, self._height_inch, label, fontsize=10, color=INK, ha="center", va="center")


def _shade_gaps(panels: list[Axes], attention: WalkAttention, span: tuple[float, float]) -> None:
    """Shade what lies between clips."""
    ends = attention.clips[np.argsort(attention.clips[:, 0])] / attention.frame_rate_hz
    reached = span[0]
    for first, last in [*ends.tolist(), (span[1], span[1])]:
        if first > reached:
            for axes in panels:
                axes.axvspan(reached, first, color=GRID, alpha=0.55, linewidth=0, zorder=0)
        reached = max(reached, last)


def _draw_curve(axes: Axes, seconds: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    step = np.median(np.diff(seconds)) if len(seconds) > 1 else 0.0
    # A line through frames that the model did not look at would claim that it did.
    breaks = np.flatnonzero(np.diff(seconds) > 1.5 * step) + 1
    seconds, values = np.insert(seconds, breaks, np.nan), np.insert(values, breaks, np.nan)
    axes.axhline(1.0, color=MUTED, linewidth=1.0, linestyle="--", zorder=1)
    axes.plot(seconds, values, color=INK, linewidth=1.6, zorder=3, marker="." if len(seconds) < 3 else "")
    low, high = ratio_range(values)
    axes.set_ylim(low - 0.08 * (high - low), high + 0.12 * (high - low))


def _draw_phase(axes: Axes, separation: NDArray[np.float64], rate_hz: float, *, metres: bool) -> None:
    shown = 100 * separation if metres else separation
    seconds = np.arange(len(shown)) / rate_hz
    first, last = axes.get_xlim()
    inside = (seconds >= first) & (seconds <= last)
    axes.axhline(0.0, color=MUTED, linewidth=0.8, zorder=1)
    axes.plot(seconds[inside], shown[inside], color=INK, linewidth=1.3, zorder=3)
    if metres:
        for side, sign in (("left", 1), ("right", -1)):
            ahead = np.clip(sign * shown[inside], 0, None) * sign
            axes.fill_between(seconds[inside], 0, ahead, color=SIDE_COLOURS[side], alpha=0.35, linewidth=0, zorder=2)
    reach = 1.15 * max(float(np.nanmax(np.abs(shown[inside]), initial=0.0)), 1e-6)
    axes.set_ylim(-reach, reach)
    axes.set_ylabel("left ankle\nahead (cm)" if metres else "ankles\napart (px)", fontsize=9.5, color=INK)

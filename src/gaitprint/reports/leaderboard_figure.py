"""The picture of a leaderboard: how often a system is right, over what a walk costs it."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gaitprint.evaluation.leaderboard import Board, Leaderboard
from gaitprint.reports.style import INK, MARKERS, MUTED, PAPER, SERIES, add_grid, plain_text

# Models without a matrix product stand at 0, left of a scale that is logarithmic from here on.
_LEAST_MULTIPLY_ADDS = 1e4
_COLUMNS = 2


def leaderboard_figure(result: Leaderboard) -> Figure | None:
    """Draw a panel for each table: rank-1 with its deviation over the multiply-adds of one walk.

    Systems differ in marker and name as well as in colour. Under a protocol with several conditions it is the mean of
    their rank-1.

    Returns:
        None where no system has both figures.
    """
    boards = [board for board in result.boards if _points(board)]
    if not boards:
        return None
    down = math.ceil(len(boards) / _COLUMNS)
    figure = Figure(figsize=(9.2, 0.5 + 3.3 * down), layout="constrained", facecolor=PAPER)
    panels = list(figure.subplots(down, min(len(boards), _COLUMNS), squeeze=False).flat)
    most = max(cost for board in boards for _, cost, _, _ in _points(board))
    for board, axes in zip(boards, panels, strict=False):
        _draw(axes, board)
        axes.set_xlim(-0.3 * _LEAST_MULTIPLY_ADDS, 4 * max(most, _LEAST_MULTIPLY_ADDS))
    for axes in panels[len(boards) :]:
        axes.set_visible(False)
    figure.supxlabel("multiply-adds for one walk", fontsize=10, color=INK)
    figure.supylabel("rank-1 (%)", fontsize=10, color=INK)
    if result.quick:
        figure.suptitle("A trial on few people and a few steps: the figures mean nothing", fontsize=9, color=MUTED)
    return figure


def _points(board: Board) -> list[tuple[str, float, float, float]]:
    """Name, multiply-adds, rank-1 and its deviation in percent of each system that has them."""
    return [
        (row.system, row.cost.multiply_adds, 100 * headline.mean, 100 * (headline.deviation or 0.0))
        for row in board.rows
        if row.cost is not None and (headline := row.headline) is not None
    ]


def _draw(axes: Axes, board: Board) -> None:
    points = _points(board)
    for number, (name, cost, rank1, deviation) in enumerate(points):
        axes.errorbar(
            cost,
            rank1,
            yerr=deviation or None,
            fmt=MARKERS[number % len(MARKERS)],
            color=SERIES[number % len(SERIES)],
            ecolor=INK,
            elinewidth=1,
            capsize=2.5,
            markersize=6,
            label=plain_text(name),
        )
    axes.set_xscale("symlog", linthresh=_LEAST_MULTIPLY_ADDS, linscale=0.4)
    lowest = min(rank1 - deviation for _, _, rank1, deviation in points)
    axes.set_ylim(max(0.0, lowest - 8), 103)
    axes.set_title(plain_text(board.title.partition(":")[0]), loc="left", fontsize=9.5, color=INK)
    axes.legend(fontsize=7.5, frameon=False, labelcolor=INK, loc="best", handlelength=1.0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=8)
    axes.minorticks_off()
    add_grid(axes)

"""The picture of a leaderboard: how often each system is right, and what a walk costs it."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gaitprint.evaluation.leaderboard import Board, Leaderboard
from gaitprint.evaluation.study_results import Spread
from gaitprint.reports.style import INK, MARKERS, MUTED, PAPER, SERIES, add_grid, plain_text
from gaitprint.reports.summary import count_text

# Models without a matrix product stand at the left edge of a scale that is logarithmic.
_LEAST_MULTIPLY_ADDS = 1e4
_INCHES_A_ROW, _INCHES_AROUND = 0.24, 0.55
# Of conditions on one line, as a share of the distance of lines.
_APART = 0.22


def leaderboard_figure(result: Leaderboard) -> Figure | None:
    """Draw a line for each system: rank-1 with its deviation, a marker for each condition, and multiply-adds of a walk.

    Data sets stand one below the other on the same scales. Conditions differ in marker as well as in colour.

    Returns:
        None where no system was measured.
    """
    boards = [board for board in result.boards if board.measured]
    if not boards:
        return None
    heights = [_INCHES_AROUND + _INCHES_A_ROW * len(board.measured) for board in boards]
    figure = Figure(figsize=(9.2, 0.4 + sum(heights)), layout="constrained", facecolor=PAPER)
    panels = figure.subplots(len(boards), 2, squeeze=False, sharex="col", width_ratios=(2, 1), height_ratios=heights)
    for (right, cost), board in zip(panels, boards, strict=True):
        _draw_rank1(right, board)
        _draw_cost(cost, board)
        drawn, conditions = right.get_legend_handles_labels()
        if len(conditions) > 1:
            # Beside the title, where nothing else stands.
            cost.legend(
                [markers for markers, *_ in drawn],
                conditions,
                loc="lower left",
                bbox_to_anchor=(0, 1),
                borderaxespad=0,
                ncols=len(conditions),
                fontsize=8,
                frameon=False,
                labelcolor=INK,
            )
    for axes, label in zip(panels[-1], ("rank-1 (%)", "multiply-adds for one walk"), strict=True):
        axes.set_xlabel(label, fontsize=9, color=INK)
    if result.quick:
        figure.suptitle("A trial on few people and a few steps: the figures mean nothing", fontsize=9, color=MUTED)
    return figure


def _draw_rank1(axes: Axes, board: Board) -> None:
    rows = board.measured
    conditions = list(dict.fromkeys(name for row in rows for name in row.rank1))
    for number, condition in enumerate(conditions):
        # A little apart, so that their deviations do not cover each other.
        places = [place + _APART * (number - (len(conditions) - 1) / 2) for place in range(len(rows))]
        spreads = [row.rank1.get(condition, Spread((float("nan"),))) for row in rows]
        axes.errorbar(
            [100 * spread.mean for spread in spreads],
            places,
            xerr=[100 * (spread.deviation or float("nan")) for spread in spreads],
            fmt=MARKERS[number],
            color=SERIES[number],
            elinewidth=1,
            capsize=2.5,
            markersize=6,
            label=plain_text(condition),
        )
    axes.set_xlim(0, 101)
    axes.set_yticks(range(len(rows)), [plain_text(row.system) for row in rows])
    axes.set_title(plain_text(board.title.partition(":")[0]), loc="left", fontsize=9.5, color=INK)
    _dress(axes, len(rows))


def _draw_cost(axes: Axes, board: Board) -> None:
    for place, row in enumerate(board.measured):
        if row.cost is None:
            continue
        shown = max(row.cost.multiply_adds, _LEAST_MULTIPLY_ADDS)
        axes.plot(shown, place, marker="o", color=MUTED, markersize=5)
        text = count_text(row.cost.multiply_adds)
        axes.annotate(text, (shown, place), (6, 0), textcoords="offset points", fontsize=8, color=INK, va="center")
    axes.set_xscale("log")
    axes.set_xlim(_LEAST_MULTIPLY_ADDS / 2, 3e12)
    axes.set_yticks(range(len(board.measured)), [""] * len(board.measured))
    _dress(axes, len(board.measured))


def _dress(axes: Axes, rows: int) -> None:
    axes.set_ylim(rows - 0.4, -0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=8)
    axes.tick_params(axis="y", length=0)
    axes.minorticks_off()
    add_grid(axes)

"""The picture of a study: heat maps of a grid of two axes, else bars with their deviation."""

from __future__ import annotations

import itertools
import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from gaitprint.evaluation.study_results import LOWER_IS_BETTER, CellResult, StudyResult
from gaitprint.reports.figures import readable_inks
from gaitprint.reports.style import (
    HEAT,
    INK,
    MUTED,
    PAPER,
    SERIES,
    add_grid,
    add_legend,
    new_figure,
    plain_text,
    wrapped_text,
)
from gaitprint.reports.summary import MISSING

_CELL_WIDTH_INCH, _CELL_HEIGHT_INCH = 0.86, 0.5
# Columns of cells that stand side by side, over all heat maps, before the next one goes below.
_MOST_COLUMNS = 15
# A heat map whose means differ by less than this, as a fraction, shows it: its colours span so much all the same.
_LEAST_SPAN = 0.1
_LABEL_CHARACTERS, _COLUMN_CHARACTERS = 26, 11


def study_figure(study: StudyResult) -> Figure:
    """Draw a study: a heat map for each figure where two axes have several values, else `study_bars`.

    With more than two such axes the bars are sorted, best first.
    """
    varied = [axis for axis, values in study.axes.items() if len(values) > 1]
    return study_heat_maps(study, *varied) if len(varied) == 2 else study_bars(study, best_first=len(varied) > 2)


def study_heat_maps(study: StudyResult, row_axis: str, column_axis: str) -> Figure:
    """Draw a heat map for each figure: mean and deviation in every cell, the best one framed.

    The colours of each map span its own means, darker for better. A cell without a successful run is grey.

    Args:
        study: the results.
        row_axis: axis of the grid whose values are the rows.
        column_axis: axis whose values are the columns; no other axis has several values.
    """
    rows, columns = study.axes[row_axis], study.axes[column_axis]
    places = {(cell.choices[row_axis], cell.choices[column_axis]): cell for cell in study.cells}
    cells = [[places.get((row, column)) for column in columns] for row in rows]
    across = min(len(study.figures), max(1, _MOST_COLUMNS // len(columns)))
    down = math.ceil(len(study.figures) / across)
    labels = 0.3 + 0.085 * min(_LABEL_CHARACTERS, max(map(len, rows)))
    figure = Figure(
        figsize=(
            labels + across * (len(columns) * _CELL_WIDTH_INCH + 0.25),
            0.55 + down * (len(rows) * _CELL_HEIGHT_INCH + 0.75),
        ),
        layout="constrained",
        facecolor=PAPER,
    )
    panels = figure.subplots(down, across, squeeze=False, sharey=True).flat
    for name, axes in itertools.zip_longest(study.figures, panels):
        if name is None:
            axes.set_visible(False)
            continue
        best = study.best(name)
        _heat_map(axes, name, cells, best)
        axes.set_title(plain_text(name), loc="left", fontsize=11, color=INK, fontweight="bold")
        axes.set_xticks(np.arange(len(columns)) + 0.5, [wrapped_text(label, _COLUMN_CHARACTERS) for label in columns])
        axes.set_yticks(np.arange(len(rows)) + 0.5, [wrapped_text(label, _LABEL_CHARACTERS) for label in rows])
        axes.tick_params(length=0, labelsize=9, labelcolor=INK)
    figure.suptitle(_title(study), x=0.01, ha="left", fontsize=9, color=MUTED)
    return figure


def _heat_map(axes: Axes, name: str, cells: list[list[CellResult | None]], best: CellResult | None) -> None:
    spreads = [[None if cell is None else cell.spread(name) for cell in row] for row in cells]
    means = np.array([[math.nan if spread is None else spread.mean for spread in row] for row in spreads])
    shares = _shares(means, lower_is_better=name in LOWER_IS_BETTER)
    axes.pcolormesh(np.ma.masked_invalid(shares), cmap=HEAT, vmin=0, vmax=1, edgecolors=PAPER, linewidth=1.5)
    axes.set(xlim=(0, means.shape[1]), ylim=(means.shape[0], 0), facecolor="none")
    axes.spines[:].set_visible(False)
    inks = readable_inks(100 * shares)
    for row, column in np.ndindex(*means.shape):
        spread = spreads[row][column]
        x, y, ink = column + 0.5, row + 0.5, str(inks[row, column])
        if spread is None:
            axes.text(x, y, MISSING, ha="center", va="center", fontsize=10, color=ink)
            continue
        deviation = spread.deviation
        lift = 0.0 if deviation is None else 0.13
        axes.text(x, y - lift, f"{100 * spread.mean:.1f}", ha="center", va="center", fontsize=10.5, color=ink)
        if deviation is not None:
            axes.text(x, y + 0.23, f"± {100 * deviation:.1f}", ha="center", va="center", fontsize=7.5, color=ink)
        if cells[row][column] is best and means.size > 1:
            frame = Rectangle((column + 0.05, row + 0.06), 0.9, 0.88, fill=False, edgecolor=SERIES[4], linewidth=2.2)
            axes.add_patch(frame)


def _shares(means: NDArray[np.float64], *, lower_is_better: bool) -> NDArray[np.float64]:
    """Where each mean lies between the worst, 0, and the best, 1."""
    known = means[~np.isnan(means)]
    if not len(known):
        return means
    span = max(float(known.max() - known.min()), _LEAST_SPAN)
    middle = (float(known.max()) + float(known.min())) / 2
    shares: NDArray[np.float64] = np.clip(0.5 + (means - middle) / span, 0, 1)
    return 1 - shares if lower_is_better else shares


def study_bars(study: StudyResult, *, best_first: bool = False) -> Figure:
    """Draw each cell's figures as bars with their deviation, and each run as a dot.

    Args:
        study: the results.
        best_first: sort the cells by the mean of their figures, instead of leaving them in their order.
    """
    cells = sorted(study.cells, key=lambda cell: -_merit(study, cell)) if best_first else list(study.cells)
    figures = study.figures
    thickness = 0.8 / len(figures)
    group_inch = max(0.36, 0.2 * len(figures) + 0.1)
    figure, axes = new_figure(0.95 + group_inch * len(cells), 7.2)
    for number, name in enumerate(figures):
        colour = SERIES[number % len(SERIES)]
        drawn = [(place, cell, spread) for place, cell in enumerate(cells) if (spread := cell.spread(name)) is not None]
        heights = np.array([place + (number - (len(figures) - 1) / 2) * thickness for place, _, _ in drawn])
        means = [100 * spread.mean for _, _, spread in drawn]
        deviations = [100 * (spread.deviation or 0.0) for _, _, spread in drawn]
        axes.barh(heights, means, 0.9 * thickness, color=colour, label=plain_text(name))
        axes.errorbar(
            means, heights, xerr=deviations, fmt="none", ecolor=INK, elinewidth=1, capsize=2.5, label="_deviation"
        )
        for height, mean, deviation, (_, _, spread) in zip(heights, means, deviations, drawn, strict=True):
            values = [100 * value for value in spread.values]
            if len(values) > 1:
                axes.plot(values, [height] * len(values), "o", markersize=2.6, color=INK, alpha=0.55, label="_runs")
            text = f"{mean:.1f}" if spread.deviation is None else f"{mean:.1f} ± {deviation:.1f}"
            edge = max(mean + deviation, *values)
            axes.annotate(text, (edge, height), (4, 0), textcoords="offset points", va="center", fontsize=8, color=INK)
    for place, cell in enumerate(cells):
        if not cell.succeeded:
            axes.annotate("failed", (0, place), (4, 0), textcoords="offset points", va="center", color=MUTED)
    names = [wrapped_text(cell.label or study.title, _LABEL_CHARACTERS + 8) for cell in cells]
    axes.set_yticks(np.arange(len(cells)), names)
    axes.set(xlabel="Rank-1 (%)" if study.by_condition else "%", xlim=(0, 100), ylim=(len(cells) - 0.4, -0.6))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    add_grid(axes)
    axes.grid(visible=False, axis="y")
    if len(figures) > 1:
        add_legend(axes)
    figure.suptitle(_title(study), x=0.01, ha="left", fontsize=9, color=MUTED)
    return figure


def _merit(study: StudyResult, cell: CellResult) -> float:
    """Mean of a cell's figures, those of which less is more counted backwards; below everything where it has none."""
    spreads = {name: cell.spread(name) for name in study.figures}
    values = [
        -spread.mean if name in LOWER_IS_BETTER else spread.mean
        for name, spread in spreads.items()
        if spread is not None
    ]
    return sum(values) / len(values) if values else -math.inf


def _title(study: StudyResult) -> str:
    most = max((len(cell.runs) for cell in study.cells), default=0)
    spread = f", mean ± sample standard deviation over {most} seeds" if most > 1 else ""
    what = "rank-1 in %" if study.by_condition else "%"
    return plain_text(f"{study.title}, protocol {study.protocol}: {what}{spread}")

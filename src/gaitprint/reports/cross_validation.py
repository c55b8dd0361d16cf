"""A `CrossValidation` as a table for the terminal and for Markdown, and as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table
from rich.text import Text

from gaitprint.core.files import atomic_path, write_text
from gaitprint.evaluation.cross_validation import CrossValidation, SystemResult, common_figures
from gaitprint.reports.markdown import markdown_row
from gaitprint.reports.study import spread_text
from gaitprint.reports.style import GRID, INK, MUTED, PAPER, SERIES, plain_text
from gaitprint.reports.summary import MISSING, TextTable

_HEADERS = {"rank1": "rank-1 %", "rank5": "rank-5 %", "rank10": "rank-10 %", "map": "mAP %", "eer": "EER %"}
_BINS = 39
_PROBABILITY_BINS = 10


def cross_validation_rows(result: CrossValidation) -> TextTable:
    """Return one row a system: figures in percent, mean ± sample standard deviation over the folds."""
    names = common_figures(result.systems)
    rows = []
    for system in result.systems:
        error = system.calibration_error()
        figures = (spread_text(system.spreads[name], scale=100, digits=1) for name in names)
        rows.append((system.name, *figures, MISSING if error is None else f"{100 * error:.1f}"))
    return TextTable(("system", *(_HEADERS[name] for name in names), "probability error %"), tuple(rows))


def cross_validation_table(result: CrossValidation) -> Table:
    """Return what is worth printing after a cross-validation; names are drawn literally."""
    ready = _columns(cross_validation_rows(result), hidden=("rank-10 %", "mAP %"))  # in the files; narrow terminals
    first = result.systems[0]
    people = ", ".join(str(fold.subjects) for fold in first.folds)
    table = Table(
        title=Text(
            f"{result.protocol}, people never trained on: {people}; mean ± deviation over {len(first.folds)} folds"
        ),
        title_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
    )
    for number, header in enumerate(ready.headers):
        # A line a word, so that names of systems stay whole on a narrow terminal.
        text = "\n".join(header.rsplit(" ", 2)) if number else header
        table.add_column(text, justify="right" if number else "left", no_wrap=True)
    for row in ready.rows:
        table.add_row(*map(Text, row))
    return table


def _columns(table: TextTable, hidden: Sequence[str]) -> TextTable:
    kept = [number for number, header in enumerate(table.headers) if header not in hidden]
    return TextTable(
        tuple(table.headers[number] for number in kept), tuple(tuple(row[n] for n in kept) for row in table.rows)
    )


def cross_validation_markdown(result: CrossValidation) -> str:
    """Return the table in Markdown."""
    ready = cross_validation_rows(result)
    lines = [ready.headers, tuple("---" for _ in ready.headers), *ready.rows]
    return "".join(f"{markdown_row(line)}\n" for line in lines)


def write_cross_validation(result: CrossValidation, folder: Path) -> None:
    """Write crossvalidation.md and crossvalidation.png."""
    write_text(folder / "crossvalidation.md", cross_validation_markdown(result))
    with atomic_path(folder / "crossvalidation.png") as temporary:
        cross_validation_figure(result).savefig(temporary, format="png", dpi=130)


def cross_validation_figure(result: CrossValidation) -> Figure:
    """Draw, a row a system: distances of one person's and of two people's walks, and what probabilities are worth."""
    systems = result.systems
    figure = Figure(figsize=(8.4, 0.5 + 2.1 * len(systems)), layout="constrained", facecolor=PAPER)
    grid = figure.subplots(len(systems), 2, squeeze=False, width_ratios=(2, 1))
    for (scores, reliability), system in zip(grid, systems, strict=True):
        _draw_distances(scores, system)
        _draw_reliability(reliability, system)
    grid[0, 0].legend(frameon=False, fontsize=8)
    grid[-1, 0].set_xlabel("distance of two walks, people never trained on", color=INK)
    grid[-1, 1].set_xlabel("probability stated", color=INK)
    return figure


def _draw_distances(axes: Axes, system: SystemResult) -> None:
    genuine, impostors = system.pairs()
    first, last = np.quantile(np.concatenate([genuine, impostors]), [0.0005, 0.9995]).tolist()
    bins = np.histogram_bin_edges([], _BINS, (first, last)).tolist()  # of some width, also for a single distance
    for distances, colour, label in ((impostors, SERIES[1], "two people"), (genuine, SERIES[0], "one person")):
        if len(distances):  # nobody may have two walks to compare
            axes.hist(distances, bins, density=True, color=colour, alpha=0.6, label=label)
    axes.set_title(plain_text(system.name), loc="left", fontsize=10, color=INK)
    axes.set_yticks([])
    _plain(axes)


def _draw_reliability(axes: Axes, system: SystemResult) -> None:
    """Stated probability against the share that was one person's, calibrated by the other folds."""
    axes.plot([0, 1], [0, 1], color=GRID, linewidth=1)
    stated, happened = system.reliability(_PROBABILITY_BINS)
    axes.plot(stated, happened, color=SERIES[0], marker="o", markersize=3.5, linewidth=1)
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("one person", fontsize=8, color=INK)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=8)

"""Figures of an evaluation: heat map, bars by view, and the curves CMC, ROC, DET, distances, open set.

Every function returns a new matplotlib `Figure`; write it with ``figure.savefig("cmc.png")``. Rates come in as
fractions and are drawn as percentages.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator
from numpy.typing import NDArray
from scipy.special import ndtri

from gaitprint.core.errors import UsageError
from gaitprint.evaluation.results import ConditionResult, OpenSetResult, VerificationResult
from gaitprint.reports.style import (
    HEAT,
    INK,
    MARKERS,
    MUTED,
    PAPER,
    SERIES,
    WIDTH_INCH,
    add_grid,
    add_legend,
    new_figure,
    plain_text,
    wrapped_text,
)
from gaitprint.reports.summary import MISSING, rank1_by_view

# Error rates that stand at the ticks of a DET plot (Martin et al., "The DET curve", Eurospeech 1997).
_DET_TICKS = (0.0001, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_LINE_STYLES = ("-", "--", "-.", ":")
# Names of views stand upright where there are more of them, and are broken where they are longer.
_MOST_LEVEL_VIEWS, _VIEW_CHARACTERS = 12, 20


def rank1_heat_map(condition: ConditionResult) -> Figure:
    """Draw rank-1 by probe view (rows) and gallery view (columns) with its number in every cell.

    Cells of identical views are framed; cells without a trial are grey.

    Raises:
        UsageError: the condition has no such table.
    """
    table = condition.rank1_by_view_pair
    if table is None or table.size == 0:
        raise UsageError(f"condition '{condition.name}' has no rank-1 by view pair")
    rows, columns = table.shape
    # Cells are square, as far as every row then has the height of a line and a long table stays on a screen.
    square = WIDTH_INCH * (rows + 1.6) / (columns + 1.6) if columns > 2 else 3.2
    figure, axes = new_figure(min(max(square, 1.6 + 0.2 * rows), max(WIDTH_INCH, 0.9 + 0.25 * rows)))
    percentages = 100 * table
    axes.pcolormesh(np.ma.masked_invalid(percentages), cmap=HEAT, vmin=0, vmax=100, edgecolors=PAPER, linewidth=1)
    _name_views(axes, np.arange(columns) + 0.5, condition.gallery_views)
    axes.set_yticks(np.arange(rows) + 0.5, [wrapped_text(view, _VIEW_CHARACTERS) for view in condition.views])
    axes.set(xlabel="Gallery view", ylabel="Probe view", xlim=(0, columns), ylim=(rows, 0))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    digits = 1 if columns <= 6 else 0
    inks = readable_inks(percentages)
    for row, column in itertools.product(range(rows), range(columns)):
        value = percentages[row, column]
        axes.text(
            column + 0.5,
            row + 0.5,
            MISSING if np.isnan(value) else f"{value:.{digits}f}",
            ha="center",
            va="center",
            fontsize=9 if columns <= 12 else 7 if columns <= 20 else 5.5,
            color=inks[row, column],
        )
    for row, view in enumerate(condition.views):
        if view in condition.gallery_views:
            corner = (condition.gallery_views.index(view) + 0.06, row + 0.06)
            axes.add_patch(Rectangle(corner, 0.88, 0.88, fill=False, edgecolor=SERIES[4], linewidth=1.6))
    return figure


def readable_inks(percentages: NDArray[np.float64]) -> NDArray[np.str_]:
    """Return black or white for each cell of a heat map, whichever has the higher contrast (WCAG 2.1).

    Args:
        percentages: where the cells lie on the scale of colours, 0..100; NaN for a cell without a value.
    """
    colours = HEAT(np.ma.masked_invalid(percentages) / 100)[..., :3]
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05, "#fefefe", "#000000")


def view_bars(conditions: Sequence[ConditionResult]) -> Figure:
    """Draw rank-1 by probe view as bars, one colour for each condition.

    Raises:
        UsageError: no condition has rank-1 by view.
    """
    drawn = tuple(condition for condition in conditions if condition.rank1_by_view is not None)
    views, table = rank1_by_view(drawn)
    if not table.size:
        raise UsageError("no condition has rank-1 by view")
    figure, axes = new_figure()
    width = 0.8 / len(drawn)
    for number, condition in enumerate(drawn):
        left = np.arange(len(views)) + (number - (len(drawn) - 1) / 2) * width
        heights = np.nan_to_num(100 * table[:, number])
        colour = SERIES[number % len(SERIES)]
        axes.bar(left, heights, 0.92 * width, color=colour, label=plain_text(condition.name))
    _name_views(axes, np.arange(len(views)), views)
    axes.set(xlabel="Probe view", ylabel="Rank-1 (%)", ylim=(0, 100))
    add_grid(axes)
    axes.grid(visible=False, axis="x")
    add_legend(axes)
    return figure


def cmc_curve(conditions: Sequence[ConditionResult], max_rank: int = 20) -> Figure:
    """Draw the cumulative match characteristic of each condition that has one, up to `max_rank`.

    Raises:
        UsageError: no condition has one.
    """
    curves = [(c.name, c.cmc[:max_rank]) for c in conditions if c.cmc is not None and len(c.cmc)]
    if not curves:
        raise UsageError("no condition has a cumulative match characteristic")
    figure, axes = new_figure()
    for number, (name, curve) in enumerate(curves):
        axes.plot(
            np.arange(1, len(curve) + 1),
            100 * curve,
            marker=MARKERS[number % len(MARKERS)],
            markersize=4,
            color=SERIES[number % len(SERIES)],
            linestyle=_LINE_STYLES[number // len(SERIES) % len(_LINE_STYLES)],
            label=plain_text(name),
        )
    longest = max(len(curve) for _, curve in curves)
    axes.set(xlabel="Rank", ylabel="Probes identified (%)", xlim=(0.5, longest + 0.5))
    axes.set_xticks([rank for rank in (1, 5, 10, 15, 20, 30, 40, 50) if rank <= longest])
    axes.set_ylim(top=101)
    add_grid(axes)
    if len(curves) > 1:
        add_legend(axes)
    return figure


def roc_curve(verification: VerificationResult) -> Figure:
    """Draw true match rate (1 - FNMR) over FMR, FMR logarithmic, with the equal error rate marked."""
    figure, axes = new_figure()
    lowest = _lowest_rate(verification.fmr)
    visible = _visible(verification.fmr, lowest)
    true_match_rate = 100 * (1 - verification.fnmr[visible])
    axes.plot(np.maximum(verification.fmr[visible], lowest), true_match_rate, color=SERIES[0], linewidth=2)
    chance = np.geomspace(lowest, 1, 100)
    axes.plot(chance, 100 * chance, color=MUTED, linewidth=1, linestyle=":")
    equal = max(verification.eer, lowest)
    _mark(axes, equal, 100 * (1 - verification.eer), f"EER {100 * verification.eer:.1f} %", below=True)
    _log_rates(axes, lowest)
    axes.set(xlabel="False match rate (%)", ylabel="True match rate (%)", ylim=(0, 101))
    add_grid(axes)
    return figure


def det_curve(verification: VerificationResult) -> Figure:
    """Draw FNMR over FMR on normal-deviate axes, where normally distributed scores give a straight line.

    Rates of 0 and 1 have no place on such an axis and are left out; without any other the axes stay empty and say so.
    """
    figure, axes = new_figure()
    rates = np.stack([verification.fmr, verification.fnmr])
    rates = rates[:, ((rates > 0) & (rates < 1)).all(axis=0)]
    lowest = max(min(_lowest_rate(verification.fmr), _lowest_rate(verification.fnmr), 0.01), _DET_TICKS[0])
    highest = min(max(0.55, 1.2 * verification.eer), 0.98)  # worse than chance is drawn, too
    ticks = [tick for tick in _DET_TICKS if lowest <= tick <= highest]
    limits = ndtri(max(lowest / 1.3, 5e-5)), ndtri(highest)
    axes.plot(limits, limits, color=MUTED, linewidth=1, linestyle=":")
    if rates.shape[1]:
        axes.plot(ndtri(rates[0]), ndtri(rates[1]), color=SERIES[0], linewidth=2)
    else:
        axes.text(0.5, 0.6, "no threshold makes both errors", transform=axes.transAxes, ha="center", color=INK)
    if lowest <= verification.eer <= highest:
        equal = float(ndtri(verification.eer))
        _mark(axes, equal, equal, f"EER {100 * verification.eer:.1f} %")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator([float(ndtri(tick)) for tick in ticks]))
        axis.set_major_formatter(FuncFormatter(lambda _, place: f"{100 * ticks[place]:g}" if place is not None else ""))
    axes.set(xlabel="False match rate (%)", ylabel="False non-match rate (%)", xlim=limits, ylim=limits)
    add_grid(axes)
    return figure


def distance_histogram(verification: VerificationResult) -> Figure | None:
    """Draw how genuine and impostor distances spread; None where they are all the same."""
    spread = verification.spread
    if spread is None:
        return None
    figure, axes = new_figure()
    for name, share, colour, fill in (
        (f"same person ({verification.num_genuine:,} pairs)", spread.genuine, SERIES[2], True),
        (f"two people ({verification.num_impostor:,} pairs)", spread.impostor, SERIES[1], False),
    ):
        axes.stairs(100 * share, spread.edges, fill=fill, alpha=0.9, color=colour, linewidth=1.6, label=name)
    axes.set(xlabel="Distance", ylabel="Pairs (%)")
    axes.set_ylim(bottom=0)
    add_grid(axes)
    add_legend(axes)
    return figure


def open_set_curve(open_set: OpenSetResult) -> Figure:
    """Draw FNIR over FPIR, FPIR logarithmic, with the reported operating points marked."""
    figure, axes = new_figure()
    # Few searches of others give no rate as low as some operating points, whose marks belong on the curve all the same.
    lowest = min([_lowest_rate(open_set.fpir), *map(float, open_set.dir_at_fpir)])
    visible = _visible(open_set.fpir, lowest)
    false_alarms, missed = np.maximum(open_set.fpir[visible], lowest), 100 * open_set.fnir[visible]
    axes.plot(false_alarms, missed, color=SERIES[0], linewidth=2, drawstyle="steps-post")
    for key, detected in open_set.dir_at_fpir.items():
        _mark(axes, float(key), 100 * (1 - detected), f"DIR {100 * detected:.1f} %")
    _log_rates(axes, lowest)
    axes.set(xlabel="False positive identification rate (%)", ylabel="False negative id. rate (%)", ylim=(0, 101))
    add_grid(axes)
    return figure


def _name_views(axes: Axes, places: NDArray[np.floating | np.integer], views: Sequence[str]) -> None:
    """Write names of views below the x axis, turned where they would run into each other."""
    names = [wrapped_text(view, _VIEW_CHARACTERS) for view in views]
    if len(views) > _MOST_LEVEL_VIEWS:
        axes.set_xticks(places, names, rotation=90)
    elif max(map(len, views)) > 4:
        axes.set_xticks(places, names, rotation=45, rotation_mode="anchor", ha="right", va="top")
    else:
        axes.set_xticks(places, names)


def _lowest_rate(rates: NDArray[np.float64]) -> float:
    """Return the smallest rate above zero, at least 1e-4 and at most 0.1: where a logarithmic axis starts."""
    positive = rates[rates > 0]
    return float(np.clip(positive.min(), 1e-4, 0.1)) if len(positive) else 0.01


def _visible(rates: NDArray[np.float64], lowest: float) -> slice:
    """Select the rates from `lowest` on, and the last one below it, which stands at the left edge."""
    return slice(max(int(np.searchsorted(rates, lowest)) - 1, 0), None)


def _log_rates(axes: Axes, lowest: float) -> None:
    """Make the x axis logarithmic with plain percentages at its decades."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([1e-4, 1e-3, 1e-2, 1e-1, 1.0]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(lowest, 1.0)


def _mark(axes: Axes, x: float, y: float, text: str, *, below: bool = False) -> None:
    """Put a dot with a text to its right on a curve."""
    axes.plot([x], [y], marker="o", markersize=6, color=SERIES[1], linestyle="none", clip_on=False, zorder=3)
    offset = (9, -13) if below else (9, 5)
    axes.annotate(text, (x, y), offset, textcoords="offset points", color=INK, fontsize=9)

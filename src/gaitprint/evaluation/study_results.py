"""What a study found: the figures of each run, and their mean and deviation over the seeds of a cell.

Plain frozen records without torch, which reports draw and `to_json` writes. Rates are fractions in 0..1. A deviation is
the sample standard deviation over seeds (divisor n - 1), so it needs two runs; None stands for "too few".
"""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Figures of which less is more; of all others more is better.
LOWER_IS_BETTER = frozenset({"EER"})
_NAMES = {"rank1": "Rank-1", "rank5": "Rank-5", "rank10": "Rank-10", "map": "mAP"}


@dataclass(frozen=True)
class RunResult:
    """One training and its evaluation, or why there is none.

    Args:
        cell: label that the runs of one recipe share; they differ in the seed.
        seed: of the training.
        folder: the run folder; its evaluation/metrics.json holds every figure.
        figures: the protocol's headline figures (`headline_figures`), name -> fraction; empty for a failed run.
        training_seconds: of the training and its first step, interruptions left out, reading the walks included: on a
            CPU the processor time of all threads, on a GPU time by the clock.
        threads: torch's threads while it trained.
        weights_hash: SHA-256 of the evaluated weights.
        error: one line; None for a run that succeeded.
    """

    cell: str
    seed: int
    folder: str
    figures: Mapping[str, float] = field(default_factory=dict)
    training_seconds: float | None = None
    threads: int | None = None
    weights_hash: str | None = None
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        names = ("seed", "folder", "figures", "training_seconds", "threads", "weights_hash", "error")
        return {name: getattr(self, name) for name in names} | {"figures": dict(self.figures)}


@dataclass(frozen=True)
class Spread:
    """Some values of one figure.

    Args:
        values: one a run.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Their mean."""
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float | None:
        """Their sample standard deviation; None for a single value.

        >>> Spread((1.0, 2.0, 4.5)).deviation
        1.8027756377319946
        """
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"mean": self.mean, "deviation": self.deviation, "values": list(self.values)}


@dataclass(frozen=True)
class CellResult:
    """The runs of one recipe with several seeds.

    Args:
        label: what tells it from the other cells.
        choices: axis of the grid -> label of the value that this cell has there; empty where there is no grid.
        runs: in order of their seeds.
    """

    label: str
    choices: Mapping[str, str]
    runs: tuple[RunResult, ...]

    @property
    def succeeded(self) -> tuple[RunResult, ...]:
        """The runs that have figures."""
        return tuple(run for run in self.runs if run.error is None)

    def spread(self, figure: str) -> Spread | None:
        """Return a figure over the runs that have it; None where none has."""
        values = tuple(run.figures[figure] for run in self.succeeded if figure in run.figures)
        return Spread(values) if values else None

    @property
    def training_seconds(self) -> Spread | None:
        """As `RunResult.training_seconds`, of the runs that have it; None where none has."""
        values = tuple(run.training_seconds for run in self.succeeded if run.training_seconds is not None)
        return Spread(values) if values else None


@dataclass(frozen=True)
class StudyResult:
    """Cells side by side.

    Args:
        title: what was studied.
        protocol: what the figures were measured under.
        axes: axis of the grid -> labels of its values, in the order of the grid; empty for a plain list of cells.
        cells: in the order of the grid.
        facts: whatever else belongs into ``study.json``.
    """

    title: str
    protocol: str
    axes: Mapping[str, Sequence[str]]
    cells: tuple[CellResult, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the figures that any run has, in the protocol's order."""
        return tuple(dict.fromkeys(name for run in self.runs for name in run.figures))

    @property
    def by_condition(self) -> bool:
        """Whether the figures are the rank-1 of several conditions, each named after its condition."""
        named = (*_NAMES.values(), *LOWER_IS_BETTER)
        return bool(self.figures) and not any(name in named for name in self.figures)

    @property
    def runs(self) -> tuple[RunResult, ...]:
        """All runs, cell by cell."""
        return tuple(run for cell in self.cells for run in cell.runs)

    @property
    def failures(self) -> tuple[RunResult, ...]:
        """The runs without figures."""
        return tuple(run for run in self.runs if run.error is not None)

    def best(self, figure: str) -> CellResult | None:
        """Return the cell with the best mean of a figure; None where no cell has it."""
        means = [(cell, spread.mean) for cell in self.cells if (spread := cell.spread(figure)) is not None]
        sign = -1 if figure in LOWER_IS_BETTER else 1
        return max(means, key=lambda pair: sign * pair[1])[0] if means else None

    def to_json(self) -> dict[str, Any]:
        """Return what ``study.json`` holds."""
        return {
            "title": self.title,
            "protocol": self.protocol,
            **self.facts,
            "deviation": "sample standard deviation over seeds (divisor n - 1)",
            "grid": {axis: list(values) for axis, values in self.axes.items()},
            "succeeded": len(self.runs) - len(self.failures),
            "failed": len(self.failures),
            "cells": [self._cell_to_json(cell) for cell in self.cells],
        }

    def _cell_to_json(self, cell: CellResult) -> dict[str, Any]:
        spreads = {name: cell.spread(name) for name in self.figures}
        return {
            "label": cell.label,
            "choices": dict(cell.choices),
            "figures": {name: spread.to_json() for name, spread in spreads.items() if spread is not None},
            "training_seconds": None if cell.training_seconds is None else cell.training_seconds.to_json(),
            "runs": [run.to_json() for run in cell.runs],
        }

    def to_csv(self) -> str:
        """Return one line a cell: its values on the axes, runs, and mean and deviation of every figure."""
        spreads = [*self.figures, "training_seconds"]
        header = [*(self.axes or ["cell"]), "succeeded", "failed"]
        header += [f"{name} {what}" for name in spreads for what in ("mean", "deviation")]
        rows: list[list[Any]] = [header]
        for cell in self.cells:
            row: list[Any] = [cell.choices[axis] for axis in self.axes] if self.axes else [cell.label]
            row += [len(cell.succeeded), len(cell.runs) - len(cell.succeeded)]
            for spread in (*(cell.spread(name) for name in self.figures), cell.training_seconds):
                row += [None, None] if spread is None else [spread.mean, spread.deviation]
            rows.append(row)
        return _csv(rows)

    def runs_to_csv(self) -> str:
        """Return one line a run: its cell, seed, figures, seconds, hash of the weights, and error."""
        rows: list[list[Any]] = [
            [*(self.axes or ["cell"]), "seed", *self.figures, "training_seconds", "weights_hash", "error"]
        ]
        for cell in self.cells:
            choices = [cell.choices[axis] for axis in self.axes] if self.axes else [cell.label]
            for run in cell.runs:
                figures = [run.figures.get(name) for name in self.figures]
                rows.append([*choices, run.seed, *figures, run.training_seconds, run.weights_hash, run.error])
        return _csv(rows)


def group_runs(
    runs: Iterable[RunResult], choices: Mapping[str, Mapping[str, str]] | None = None
) -> tuple[CellResult, ...]:
    """Put runs of one cell together.

    Args:
        runs: cells come in the order of their first run.
        choices: label of a cell -> its place in the grid.
    """
    cells: dict[str, list[RunResult]] = {}
    for run in runs:
        cells.setdefault(run.cell, []).append(run)
    return tuple(CellResult(label, (choices or {}).get(label, {}), tuple(group)) for label, group in cells.items())


def headline_figures(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures by which a study compares runs.

    Rank-1 of each condition where there are several; rank-1, 5, 10 and mAP where there is one, and with open-set
    identification the rate of people found at each rate of false alarms (DIR at FPIR); the equal error rate where walks
    were compared without ranking anybody.

    Args:
        metrics: what `Evaluation.to_json` gives.
    """
    ranked: list[Mapping[str, Any]] = [c for c in metrics["conditions"] if c["rank1"] is not None]
    if len(ranked) > 1:
        figures = {str(condition["name"]): condition["rank1"] for condition in ranked}
    else:
        figures = {name: metrics[key] for key, name in _NAMES.items() if ranked and metrics[key] is not None}
    if metrics["verification"] is not None and not ranked:
        figures["EER"] = metrics["verification"]["eer"]
    if metrics["open_set"] is not None:
        figures |= {f"DIR at FPIR {100 * float(r):g} %": v for r, v in metrics["open_set"]["dir_at_fpir"].items()}
    return {name: float(value) for name, value in figures.items()}


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()

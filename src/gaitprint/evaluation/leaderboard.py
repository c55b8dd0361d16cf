"""What a leaderboard found: systems side by side on the same people, one table for each data set.

Plain frozen records without torch, which reports draw and `to_json` writes. Rates are fractions in 0..1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from gaitprint.evaluation.study_results import Spread

RANK_1, RANK_5, MEAN_AVERAGE_PRECISION, EQUAL_ERROR_RATE = "rank-1", "rank-5", "mAP", "EER"
# Figures that are no rank-1 of a condition.
_OTHERS = (RANK_5, MEAN_AVERAGE_PRECISION, EQUAL_ERROR_RATE)


@dataclass(frozen=True)
class Cost:
    """What it takes to embed one walk.

    Args:
        parameters: numbers that were learnt and that the embedding needs; those of a frozen pose network included.
        multiply_adds: of matrix products and convolutions, one walk.
        milliseconds: wall time for one walk alone, from what was recorded to the embedding.
        threads: that were used.
    """

    parameters: int
    multiply_adds: int
    milliseconds: float
    threads: int

    def __add__(self, other: Cost) -> Cost:
        """Both, one after the other."""
        return Cost(
            self.parameters + other.parameters,
            self.multiply_adds + other.multiply_adds,
            self.milliseconds + other.milliseconds,
            max(self.threads, other.threads),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Row:
    """One system on one data set.

    Args:
        system: its name.
        figures: name of the figure -> mean and deviation over the seeds; empty where all runs failed.
        validation: mean average precision on people held out of the training, by which the best system is chosen;
            None where nobody was held out.
        training_seconds: as `RunResult.training_seconds`, with those of members and of a pre-training; or None.
        budget: how long it was trained, in words.
        cost: of one walk; None where it could not be measured.
        folders: of the runs that succeeded, in the order of their seeds.
        errors: one line for each run that failed.
    """

    system: str
    figures: Mapping[str, Spread] = field(default_factory=dict)
    validation: Spread | None = None
    training_seconds: Spread | None = None
    budget: str = ""
    cost: Cost | None = None
    folders: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def rank1(self) -> dict[str, Spread]:
        """Rank-1 by condition, or under its own name where the protocol has one figure; empty for a failed row."""
        return {name: spread for name, spread in self.figures.items() if name not in _OTHERS}

    def of_runs(self, places: Sequence[int]) -> Row:
        """Return the row with some of its runs alone, by their places in `folders`."""

        def some(spread: Spread) -> Spread:
            return Spread(tuple(spread.values[place] for place in places))

        return replace(
            self,
            figures={name: some(spread) for name, spread in self.figures.items()},
            validation=None if self.validation is None else some(self.validation),
            training_seconds=None if self.training_seconds is None else some(self.training_seconds),
            folders=tuple(self.folders[place] for place in places),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "system": self.system,
            "figures": {name: spread.to_json() for name, spread in self.figures.items()},
            "validation_map": None if self.validation is None else self.validation.to_json(),
            "training_seconds": None if self.training_seconds is None else self.training_seconds.to_json(),
            "budget": self.budget,
            "cost": None if self.cost is None else self.cost.to_json(),
            "runs": list(self.folders),
            "errors": list(self.errors),
        }


@dataclass(frozen=True)
class Board:
    """One table: systems on the same people.

    Args:
        name: of the data set.
        title: one line on who walks and what is seen of them.
        protocol: that figures were measured under.
        rows: in the order of the table of systems.
        people: sentence on how many were learnt from, held out, and measured on; empty where nothing was measured.
        notes: what a reader of the figures must know.
    """

    name: str
    title: str
    protocol: str
    rows: tuple[Row, ...]
    people: str = ""
    notes: tuple[str, ...] = ()

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the figures that any row has."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.figures))

    @property
    def measured(self) -> tuple[Row, ...]:
        """The rows that have figures."""
        return tuple(row for row in self.rows if row.figures)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.name,
            "title": self.title,
            "protocol": self.protocol,
            "people": self.people,
            "notes": list(self.notes),
            "systems": [row.to_json() for row in self.rows],
        }


@dataclass(frozen=True)
class Leaderboard:
    """All tables.

    Args:
        boards: one a data set, the fusion last.
        seeds: how many each system was trained with.
        quick: whether this was a trial on few people and a few steps, whose figures mean nothing.
        skipped: one line for each data set that could not be had, and for a fusion that could not be made.
    """

    boards: tuple[Board, ...]
    seeds: int
    quick: bool = False
    skipped: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """One line for everything that failed."""
        return (
            *self.skipped,
            *(
                f"{board.name}, {row.system}: {error}"
                for board in self.boards
                for row in board.rows
                for error in row.errors
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """Return what ``results.json`` holds."""
        return {
            "seeds": self.seeds,
            "quick": self.quick,
            "deviation": "sample standard deviation over seeds (divisor n - 1)",
            "skipped": list(self.skipped),
            "boards": [board.to_json() for board in self.boards],
        }


def with_shared_seeds(rows: Sequence[Row]) -> list[Row]:
    """Return rows with those runs alone whose seed, which their folders are named for, each of the rows has.

    >>> rows = Row("a", folders=("a/seed-1", "a/seed-2", "a/seed-3")), Row("b", folders=("b/seed-1", "b/seed-3"))
    >>> [row.folders for row in with_shared_seeds(rows)]
    [('a/seed-1', 'a/seed-3'), ('b/seed-1', 'b/seed-3')]
    """
    names = [[Path(folder).name for folder in row.folders] for row in rows]
    shared = [name for name in names[0] if all(name in each for each in names)]
    return [row.of_runs([each.index(name) for name in shared]) for row, each in zip(rows, names, strict=True)]


def figures_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of one run that a leaderboard shows.

    Args:
        metrics: what `Evaluation.to_json` gives; with ``pooled``, the same of the same walks with all views searched
            together, where the protocol takes views one by one and so ranks no walk among all.
    """
    ranked = [condition for condition in metrics["conditions"] if condition["rank1"] is not None]
    named = {c["name"]: c["rank1"] for c in ranked} if len(ranked) > 1 else {RANK_1: metrics["rank1"]}
    pooled = metrics["pooled"] if metrics["map"] is None else metrics
    figures = named | {
        RANK_5: metrics["rank5"],
        MEAN_AVERAGE_PRECISION: None if pooled is None else pooled["map"],
        EQUAL_ERROR_RATE: metrics["eer"],
    }
    return {name: float(value) for name, value in figures.items() if value is not None}


def spreads(runs: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    """Put the figures of several seeds together; only those that every run has.

    >>> spreads([{"rank-1": 0.5, "mAP": 0.25}, {"rank-1": 1.0}])
    {'rank-1': Spread(values=(0.5, 1.0))}
    """
    shared = [name for name in (runs[0] if runs else ()) if all(name in run for run in runs)]
    return {name: Spread(tuple(run[name] for run in runs)) for name in shared}

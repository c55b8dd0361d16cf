"""The best silhouette, skeleton and frame system of a leaderboard, fused on the walks that all of them see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations
from operator import add
from pathlib import Path

import numpy as np

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import GaitprintError
from gaitprint.evaluation.leaderboard import Board, Row, spreads, with_shared_seeds
from gaitprint.evaluation.score_fusion import CalibratedSystem, measure_scores
from gaitprint.evaluation.study_results import Spread
from gaitprint.training.leaderboard_measure import EMBEDDINGS_FILE, read_metrics
from gaitprint.training.leaderboard_systems import DataSet, Modality

_NAME, _TITLE = (
    "fusion",
    "The recorded people again: the best system of each kind, and their calibrated scores added up",
)
_PROTOCOL = "first-walk"
_NOTES = (
    "The best of each kind has the highest mean average precision on the people held out; these also calibrate it.",
    "A gallery entry or probe is a walk in one of the views of the RGB frames; a skeleton is the same in all of them.",
    "All three see one and the same recording, so that an error of the sensor is an error of all three.",
)


@dataclass(frozen=True)
class _Best:
    """The best system of one kind: its row, and of whom and what."""

    row: Row
    data: DataSet


def fuse_best(boards: Sequence[Board], data_sets: Mapping[str, DataSet]) -> Board | None:
    """Fuse the best systems on the people who walk in several data sets.

    Who is best is decided by people held out, who also calibrate the scores; test people have no say.

    Args:
        boards: what was measured, by name of the data set.
        data_sets: by name.

    Returns:
        a row for each best system, each pair and all together, seed by seed; None where fewer than two kinds of system
        saw the same people.

    Raises:
        GaitprintError: no seed that all have in common, walks that a system has not seen, or people on whom one cannot
            be calibrated.
        OSError, ValueError, KeyError: what was measured of a run is missing or damaged.
    """
    best: dict[Modality, _Best] = {}
    for board in boards:
        data = data_sets[board.name]
        candidates = [row for row in board.rows if row.validation is not None and _can_be_calibrated(row)]
        if data.protocol == _PROTOCOL and candidates:
            best[data.modality] = _Best(max(candidates, key=_validation_figure), data)
    if len(best) < 2:
        return None
    rows = with_shared_seeds([each.row for each in best.values()])
    chosen = [replace(each, row=row) for each, row in zip(best.values(), rows, strict=True)]
    groups = [group for size in range(1, len(chosen) + 1) for group in combinations(range(len(chosen)), size)]
    names = [" + ".join(chosen[place].row.system for place in group) for group in groups]
    figures = [
        _figures({each.data.modality: _system(each, place) for each in chosen}, groups)
        for place in range(len(rows[0].folders))
    ]
    if not figures:
        raise GaitprintError(f"there is no seed with which all of {', '.join(row.system for row in rows)} succeeded")
    fused = [
        _row(name, [chosen[place].row for place in group], [of_seed[number] for of_seed in figures])
        for number, (name, group) in enumerate(zip(names, groups, strict=True))
    ]
    return Board(_NAME, _TITLE, _PROTOCOL, tuple(fused), notes=_NOTES)


def _can_be_calibrated(row: Row) -> bool:
    return all(read_metrics(Path(folder))["metric"] != "standardised-euclidean" for folder in row.folders)


def _validation_figure(row: Row) -> float:
    assert row.validation is not None
    return row.validation.mean


def _system(best: _Best, place: int) -> CalibratedSystem:
    """One run of a best system, by its place in the row."""
    folder = Path(best.row.folders[place])
    metrics = read_metrics(folder)
    walks = EmbeddingSet.load(folder / EMBEDDINGS_FILE)
    held_out = np.isin(walks.subjects, metrics["validation"]["subjects"])
    return CalibratedSystem(best.row.system, walks.select(~held_out), walks.select(held_out), metrics["metric"])


def _figures(systems: Mapping[Modality, CalibratedSystem], groups: Sequence[tuple[int, ...]]) -> list[dict[str, float]]:
    """Figures of each group of systems, with one seed."""
    # Whoever saw the fewest views says in which ones all are compared.
    entries = next(systems[kind].walks for kind in ("frames", "silhouettes") if kind in systems)
    scores = [system.scores(entries) for system in systems.values()]
    return [measure_scores([scores[place] for place in group], entries, _PROTOCOL) for group in groups]


def _row(name: str, members: Sequence[Row], figures: Sequence[Mapping[str, float]]) -> Row:
    seconds = [member.training_seconds.values for member in members if member.training_seconds is not None]
    costs = [member.cost for member in members if member.cost is not None]
    row = Row(name, spreads(figures), budget="as above")
    if len(seconds) == len(members):
        row = replace(row, training_seconds=Spread(tuple(map(sum, zip(*seconds, strict=True)))))
    return replace(row, cost=reduce(add, costs)) if len(costs) == len(members) else row

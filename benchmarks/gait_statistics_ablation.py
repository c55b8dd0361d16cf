"""What each part of the gait statistics is worth on people never seen.

    python -m benchmarks.gait_statistics_ablation --data STORE [--size recorded] [--repeats 5] [--folds 3]

The walks are measured once; then, for each repeat, the people are shared out into folds anew, discriminants are fitted
on all folds but one, and this one is measured under `first-walk`. Every line differs from the first in one thing.
Figures are means over repeats and folds, in percent.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from torch import Tensor

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.score_normalisation import Strangers
from gaitprint.data.inputs import build_input
from gaitprint.data.store import Store
from gaitprint.evaluation.cross_validation import measure_fold
from gaitprint.evaluation.evaluate import EvaluationMetric
from gaitprint.models.gait_statistics import GaitStatistics, GaitStatisticsConfig
from gaitprint.training.closed_form import describe_walks
from gaitprint.training.people import People, choose_people
from gaitprint.training.recipe import DataConfig

GROUPS = (
    "directions and lengths of bones",
    "mean pose and first harmonic",
    "mean pose and range of bone lengths",
    "median pose and deviations",
)


def measure(
    model: GaitStatistics, descriptions: Tensor, store: Store, people: People, folds: list[list[str]], normalise: bool
) -> NDArray[np.float64]:
    """Rank-1, rank-5 and equal error rate, [folds, 3]."""
    infos = [store.infos[position] for position in people.positions]
    labels = tuple(np.array([getattr(info, name) for info in infos]) for name in ("subject", "condition", "view"))
    results = []
    for fold in folds:
        tested = np.isin(labels[0], fold)
        learnt = torch.from_numpy(~tested)
        model.fit(descriptions[learnt], torch.from_numpy(people.labels)[learnt])
        embeddings = model.project(descriptions)[:, None].numpy()
        if normalise:
            strangers = Strangers.of(embeddings[~tested], labels[0][~tested])
            embeddings = strangers.annotate(embeddings)
        walks = EmbeddingSet(embeddings[tested], *(label[tested] for label in labels))
        metric: EvaluationMetric = "normalised-cosine" if normalise else "cosine"
        figures = measure_fold(walks, metric, "first-walk").figures
        results.append([figures[name] for name in ("rank1", "rank5", "eer")])
    return np.array(results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--size", choices=("recorded", "unit", "reference-bones"), default="recorded")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folds", type=int, default=3)
    chosen = parser.parse_args()
    store = Store.open(chosen.data)
    people = choose_people(store, DataConfig(subjects="all"), 0)

    def describe(sides: bool) -> tuple[GaitStatistics, Tensor]:
        # With fewer frames than this from either side, the statistics are those of the whole walk.
        model = GaitStatistics(GaitStatisticsConfig(least_frames=30 if sides else 10**9)).eval()
        choice = dict(model.default_input(GaitStatisticsConfig()))
        choice["preprocessing"] |= {"size": chosen.size}
        return model, describe_walks(model, build_input(choice), store, people)

    model, descriptions = describe(sides=True)
    blind, whole = describe(sides=False)
    sizes = model.group_sizes
    starts = np.cumsum([0, *sizes])

    def only(*groups: int) -> Tensor:
        """Descriptions with all other groups' measurements unknown, which makes them count as average."""
        kept = torch.full_like(descriptions, torch.nan)
        for group in groups:
            kept[:, starts[group] : starts[group + 1]] = descriptions[:, starts[group] : starts[group + 1]]
        return kept

    lines: dict[str, Callable[[list[list[str]]], NDArray[np.float64]]] = {
        "gait-statistics": lambda folds: measure(model, descriptions, store, people, folds, True),
        "both sides together": lambda folds: measure(blind, whole, store, people, folds, True),
        "cosines as they are": lambda folds: measure(model, descriptions, store, people, folds, False),
        **{
            f"only {name}": lambda folds, group=number: measure(model, only(group), store, people, folds, True)  # type: ignore[misc]
            for number, name in enumerate(GROUPS)
        },
    }
    for shrinkage in (0.1, 0.5):
        other = GaitStatistics(GaitStatisticsConfig(shrinkage=shrinkage)).eval()
        lines[f"shrinkage {shrinkage:g} instead of 0.3"] = lambda folds, other=other: measure(  # type: ignore[misc]
            other, descriptions, store, people, folds, True
        )
    shared = [
        [permuted[fold :: chosen.folds].tolist() for fold in range(chosen.folds)]
        for permuted in (np.random.default_rng(n).permutation(people.subjects) for n in range(chosen.repeats))
    ]
    table = Table("", "rank-1 %", "rank-5 %", "EER %", box=None, padding=(0, 2, 0, 0))
    for name, line in lines.items():
        means = np.concatenate([line(folds) for folds in shared]).mean(axis=0)
        table.add_row(name, *(f"{100 * value:.1f}" for value in means))
    Console().print(table)


if __name__ == "__main__":
    main()

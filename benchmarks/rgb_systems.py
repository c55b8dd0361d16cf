"""From RGB frames to a name: GaitNN with GRU and LSTM, one and two layers, on people it never saw.

    gaitprint synth --subjects 124 --seed 1 --views 054 090 --every 3 --frames --out STORE
    python -m benchmarks.rgb_systems STORE OUT --jobs 2 input.stride=1 training.precision=bf16-mixed

Trains each on the first 74 people (8 of them choose the best weights), on features of the frozen light pose network,
and measures it on the other 50: rank-1 against the gallery of the other view (`casia-b`), rank-1 against both views
(`casia-b-pooled`), and a linear support vector machine that learns the gallery of both views. What is done already in
OUT is not done again.
"""

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np
from rich.table import Table

from gaitprint.core.files import write_json
from gaitprint.core.progress import console
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import load_network
from gaitprint.evaluation.evaluate import evaluate_embeddings
from gaitprint.evaluation.results import Evaluation
from gaitprint.evaluation.unseen import unseen_subjects
from gaitprint.training.runs import PlannedRun, run_all, with_seeds

RECIPE = "gait-nn-light"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("overrides", nargs="*", help="changes to all recipes, key=value")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="trainings side by side")
    arguments = parser.parse_intermixed_args()
    store, out = Store.open(arguments.store), arguments.out

    runs: dict[str, list[PlannedRun]] = {}
    for unit, layers in itertools.product(("GRU", "LSTM"), (1, 2)):
        name = f"{unit}, {layers} layer{'s' if layers > 1 else ''}"
        changes = [f"model.recurrent_unit={unit}", f"model.rnn_layers={layers}", *arguments.overrides]
        runs[name] = with_seeds(name, RECIPE, out / f"{unit.lower()}-{layers}", changes, seeds=arguments.seeds)
    run_all([run for planned in runs.values() for run in planned], store, "casia-b", jobs=arguments.jobs, threads=1)

    table = Table(title="GaitNN on features of the light pose network, people it never saw", title_justify="left")
    for header in ("GaitNN", "parameters", "", "NM", "BG", "CL"):
        table.add_column(header, justify="right" if header in ("parameters", "NM", "BG", "CL") else "left")
    summary = {}
    for name, planned in runs.items():
        measured = [measure(run.folder, store) for run in planned]
        parameters = sum(p.numel() for p in load_network(planned[0].folder).model.parameters())
        figures = {
            "rank-1, other view": np.mean([rank1(across) for across, _ in measured], axis=0),
            "rank-1, both views": np.mean([rank1(together) for _, together in measured], axis=0),
            "linear SVM": np.mean([svm(together) for _, together in measured], axis=0),
        }
        for row, (what, values) in enumerate(figures.items()):
            first = ("", "") if row else (name, f"{parameters:,}")
            table.add_row(*first, what, *(f"{100 * value:.1f}" for value in values), end_section=row == 2)
        summary[name] = {what: values.tolist() for what, values in figures.items()}
    write_json(out / "rgb-systems.json", summary)
    console.print(table)
    return 0


def measure(run: Path, store: Store) -> tuple[Evaluation, Evaluation]:
    """Evaluate a run on people it never saw: across views, and all views together with a support vector machine."""
    embedder = load_network(run)
    people = unseen_subjects(store, embedder.train_subjects, ())
    walks = embedder.embed_store(store, [n for n, info in enumerate(store.infos) if info.subject in people])
    return (
        evaluate_embeddings(walks, "casia-b", metric=embedder.distance),
        evaluate_embeddings(walks, "casia-b-pooled", metric=embedder.distance, svm=True),
    )


def rank1(evaluation: Evaluation) -> list[float]:
    return [condition.rank1 or 0.0 for condition in evaluation.conditions]


def svm(evaluation: Evaluation) -> list[float]:
    return [condition.svm_accuracy or 0.0 for condition in evaluation.conditions]


if __name__ == "__main__":
    sys.exit(main())

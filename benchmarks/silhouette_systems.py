"""Train and compare the silhouette systems on the same people, several seeds each; leaves a table and a picture.

    gaitprint synth --subjects 124 --out STORE
    python -m benchmarks.silhouette_systems STORE OUT --jobs 2
    python -m benchmarks.silhouette_systems STORE OUT --jobs 2 --labelled 0.25

The second is the setting with few labels: a quarter of the training people have names, drawn anew by each seed; the
others take part in the pre-training only. What is done already in OUT is not done again.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from gaitprint.core.progress import console
from gaitprint.data.store import Store
from gaitprint.evaluation.study_results import StudyResult, group_runs
from gaitprint.reports.study import study_table, write_study
from gaitprint.training.runs import PlannedRun, run_all, with_seeds

PRETRAINING = "gaitbert-light-pretrain"
FINETUNING = "GaitBERT, pre-trained and fine-tuned"
# Name in the table -> recipe and its changes. Each trains within minutes on one core.
SYSTEMS = {
    "CNN-GEI": ("cnn-gei", ["input.size=[64,44]"]),
    "CNN-GRU": ("cnn-gru-light", []),
    "GaitBERT, no masking": ("gaitbert-light-finetune", []),
    "GaitBERT, joint": ("gaitbert-light", []),
    FINETUNING: ("gaitbert-light-finetune", []),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("overrides", nargs="*", help="changes to all recipes, key=value")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1, help="trainings side by side")
    parser.add_argument("--labelled", type=float, default=1.0, help="share of the training people with names")
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=list(SYSTEMS))
    arguments = parser.parse_intermixed_args()
    store, out = Store.open(arguments.store), arguments.out

    setting = out / f"labelled-{arguments.labelled:g}"
    few = [] if arguments.labelled == 1 else [f"data.share_of_subjects={arguments.labelled:g}"]
    runs: list[PlannedRun] = []
    for system in arguments.systems:
        recipe, changes = SYSTEMS[system]
        folder = setting / system.replace(", ", "-").replace(" ", "-").lower()
        overrides = [*changes, *few, *arguments.overrides]
        planned = with_seeds(system, recipe, folder, overrides, seeds=arguments.seeds)
        if system == FINETUNING:
            pretraining = with_seeds(
                system, PRETRAINING, out / "pretraining", arguments.overrides, seeds=arguments.seeds
            )
            planned = [replace(run, first_step=first) for run, first in zip(planned, pretraining, strict=True)]
        runs += planned
    results = run_all(runs, store, "casia-b", jobs=arguments.jobs, threads=1)

    title = f"Silhouette systems, {arguments.labelled:.0%} of the training people labelled"
    study = StudyResult(title, "casia-b", {}, group_runs(results), {"data": store.content_hash()})
    write_study(study, setting)
    console.print(study_table(study))
    return 1 if len(study.failures) == len(study.runs) else 0


if __name__ == "__main__":
    sys.exit(main())

"""`gaitprint study`: a grid of recipe changes, each trained with several seeds; a table and a picture out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, UseAppendAction, arg

from gaitprint.cli.option_types import Device
from gaitprint.cli.terminal import output


def study(
    recipe: Positional[Annotated[str, arg(metavar="RECIPE")]],
    overrides: Positional[Annotated[tuple[str, ...], arg(metavar="KEY=VALUE")]] = (),
    /,
    *,
    data: Annotated[Path, arg(metavar="STORE")],
    out: Annotated[Path, arg(metavar="DIR")],
    grid: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="KEY=A,B,...")]] = (),
    seeds: Annotated[int, arg(metavar="N")] = 3,
    protocol: Annotated[str, arg(metavar="NAME")] = "casia-b",
    jobs: Annotated[int, arg(metavar="J")] = 1,
    device: Device = "auto",
) -> dict[str, Any]:
    """Train a grid of recipe changes with several seeds each, and compare them.

    Every combination of the values is trained with N seeds and its best weights are evaluated under the protocol.
    Results are mean and sample standard deviation over the seeds: in the terminal, and in DIR as study.png, study.md,
    study.csv, runs.csv and study.json; the run folders are in DIR/runs. Give the same command again to continue a study
    that was interrupted, with more seeds or more values to extend it. A run that fails is reported and stops no other.

    Args:
        recipe: A shipped recipe's name (gaitprint recipes) or a YAML file.
        overrides: Changes to the recipe for all runs, for example training.epochs=5 sampler=pk.
        data: The store to train and to evaluate on.
        out: The folder of the study.
        grid: A key and its values, such as "schedule=cosine,{name: step, epochs: 5}" or loss=triplet,center+triplet.
        seeds: How many seeds each combination is trained with, counting up from the recipe's training.seed.
        protocol: casia-b, casia-b-pooled, oumvlp, gait3d, first-walk, verification or open-set.
        jobs: Runs side by side, each with its share of the cores.
        device: Where to compute.

    Returns:
        What study.json holds.
    """
    from gaitprint.data.store import Store
    from gaitprint.reports.study import study_table
    from gaitprint.training.study import check_success, plan_study, run_study

    plan = plan_study(recipe, grid, overrides=overrides, seeds=seeds, protocol=protocol)
    result = run_study(plan, Store.open(data), out, jobs=jobs, device=device)
    output.print(study_table(result))
    check_success(result)
    if result.figures:
        output.print(str(out / "study.png"))
    return result.to_json()

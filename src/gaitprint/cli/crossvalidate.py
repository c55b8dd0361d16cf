"""`gaitprint crossvalidate`: systems side by side on people whom they never saw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, UseAppendAction, arg

from gaitprint.cli.option_types import Device
from gaitprint.cli.terminal import output


def crossvalidate(
    systems: Positional[Annotated[tuple[str, ...], arg(metavar="SYSTEM")]],
    /,
    *,
    data: Annotated[Path, arg(metavar="STORE")],
    out: Annotated[Path, arg(metavar="DIR")],
    folds: Annotated[int, arg(metavar="N")] = 3,
    set: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="KEY=VALUE")]] = (),
    protocol: Annotated[str, arg(metavar="NAME")] = "first-walk",
    final: bool = False,
    jobs: Annotated[int, arg(metavar="J")] = 1,
    device: Device = "auto",
) -> dict[str, Any]:
    """Train systems once for each fold of people, on everybody else, and measure them on the fold.

    The people of a fold have no part in the training that is measured on them. All systems get the same folds. The
    result is one table, mean and deviation over the folds; DIR gets crossvalidation.json, .md, .png, the run folders
    SYSTEM/fold-K, and SYSTEM/calibration.json: what a distance means as a probability, learnt from the scores of all
    folds. Give the same command again to continue where it was interrupted.

    Args:
        systems: Recipes (gaitprint recipes), YAML files, or a model that needs no training (anthropometry).
        data: The store.
        out: The folder for everything.
        folds: How many groups of people.
        set: A change to every recipe, such as --set training.steps=100; a model that needs no training takes those of
            its input and of data.subjects. May be repeated.
        protocol: What each fold is measured under.
        final: Also train each recipe on everybody, into SYSTEM/final, and give it the calibration.
        jobs: Trainings side by side, each with its share of the cores.
        device: Where to compute.

    Returns:
        What crossvalidation.json holds.
    """
    from gaitprint.data.store import Store
    from gaitprint.reports.cross_validation import cross_validation_table
    from gaitprint.training.cross_validation import cross_validate

    result = cross_validate(
        systems,
        Store.open(data),
        out,
        folds=folds,
        overrides=set,
        protocol=protocol,
        final=final,
        jobs=jobs,
        device=device,
    )
    output.print(cross_validation_table(result))
    output.print(str(out / "crossvalidation.png"))
    return result.to_json()

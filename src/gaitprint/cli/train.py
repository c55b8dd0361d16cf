"""`gaitprint train`: a recipe and a store in, a run folder out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from gaitprint.cli.option_types import Device
from gaitprint.cli.terminal import output


def train(
    recipe: Positional[Annotated[str, arg(metavar="RECIPE")]],
    overrides: Positional[Annotated[tuple[str, ...], arg(metavar="KEY=VALUE")]] = (),
    /,
    *,
    data: Annotated[Path, arg(metavar="STORE")],
    out: Annotated[Path, arg(metavar="RUN")],
    resume: bool = False,
    device: Device = "auto",
) -> dict[str, Any]:
    """Train a model from a recipe.

    The run folder gets best/ and last/ (weights and card), checkpoints/, the resolved recipe.yaml, history.csv,
    history.png, train.log and TensorBoard events. Under torchrun the same command trains on many GPUs or machines.

    Args:
        recipe: A shipped recipe's name (gaitprint recipes) or a YAML file.
        overrides: Changes to the recipe, for example training.epochs=5 loss=triplet.
        data: The store to train on.
        out: The run folder.
        resume: Continue from the last checkpoint of the run folder.
        device: Where to compute.

    Returns:
        The run's summary: steps, epochs, best validation figure, hash of the weights, folder.
    """
    from gaitprint.data.store import Store
    from gaitprint.training import train as training
    from gaitprint.training.recipe import load_any_recipe

    summary = training.train(load_any_recipe(recipe, overrides), Store.open(data), out, resume=resume, device=device)
    output.print(str(out))
    return summary

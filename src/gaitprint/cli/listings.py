"""`gaitprint models`, `readers`, `recipes`, `protocols`, `augmentations`: what there is to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from rich.table import Table
from tyro.conf import arg

from gaitprint.cli.terminal import output


def _print(title: str, summaries: Mapping[str, str]) -> dict[str, str]:
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for name, summary in summaries.items():
        table.add_row(name, summary)
    output.print(table)
    return dict(summaries)


def _first_lines(registry: Mapping[str, object]) -> dict[str, str]:
    return {name: (registry[name].__doc__ or "").strip().partition("\n")[0] for name in registry}


def models() -> dict[str, str]:
    """List the models that recognise people, and the networks that find their joints.

    Returns:
        model name -> one line.
    """
    from gaitprint.models import MODELS
    from gaitprint.models.pose import POSE_NETWORKS

    return _print("Models", _first_lines(MODELS)) | _print("Pose networks", _first_lines(POSE_NETWORKS))


def readers() -> dict[str, str]:
    """List the readers of raw data sets.

    Returns:
        reader name -> one line.
    """
    from gaitprint.data.datasets import READERS

    return _print("Readers", _first_lines(READERS))


def recipes() -> dict[str, str]:
    """List the shipped training recipes.

    Returns:
        recipe name -> one line.
    """
    from gaitprint.training.recipe import shipped_recipes

    return _print("Recipes", shipped_recipes())


def protocols() -> dict[str, str]:
    """List the evaluation protocols.

    Returns:
        protocol name -> one line.
    """
    from gaitprint.evaluation.protocols import PROTOCOLS

    of_walks = {name: protocol.description for name, protocol in PROTOCOLS.items()}
    of_frames = {"pose": "the joints that a pose network finds; PCKh@0.5, PCK@0.2 and distances, by joint and view"}
    return _print("Protocols", of_walks | of_frames)


def augmentations(*, picture: Annotated[Path | None, arg(metavar="FILE.png")] = None, seed: int = 0) -> dict[str, str]:
    """List the augmentations of walks, and those of pictures that pose networks learn from.

    Args:
        picture: Draw what each augmentation of silhouettes makes of a synthetic walker, too.
        seed: Of the picture's random numbers.

    Returns:
        augmentation name -> one line.
    """
    from gaitprint.data.augmentation import AUGMENTATIONS
    from gaitprint.data.pose_augmentation import POSE_AUGMENTATIONS

    if picture is not None:
        _draw_augmentations(picture, seed)
    of_pictures = _first_lines(POSE_AUGMENTATIONS)
    return _print("Augmentations", _first_lines(AUGMENTATIONS)) | _print("Augmentations of pictures", of_pictures)


def _draw_augmentations(path: Path, seed: int) -> None:
    import io

    from PIL import Image

    from gaitprint.core.files import atomic_path
    from gaitprint.data.silhouettes import align_silhouettes
    from gaitprint.reports.augmentation import augmentation_sheet
    from gaitprint.synth.walkers import WalkerDifficulty, WalkSpec, render_walk

    # Without segmentation errors, so that whatever differs from the original is the augmentation's doing.
    walk = render_walk(WalkSpec("001", "nm-01", difficulty=WalkerDifficulty(noise=0)), "072")
    assert walk.silhouettes is not None
    aligned, _ = align_silhouettes(walk.silhouettes, (128, 88))
    # Every fourth frame: five of them are most of a stride.
    start = (len(aligned) - 20) // 2
    figure = augmentation_sheet(aligned[start : start + 20 : 4], seed=seed)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100, bbox_inches="tight")
    with atomic_path(path) as temporary:
        # A palette is all that a grey picture needs, and a third of the bytes.
        Image.open(drawn).convert("RGB").quantize(32).save(temporary, format="PNG", optimize=True)

"""`gaitprint compare`: how alike two walks are, and how likely they are one person's."""

from __future__ import annotations

from typing import Annotated, Any

from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.galleries import only_model
from gaitprint.cli.option_types import Device
from gaitprint.cli.probability import same_person
from gaitprint.cli.terminal import output
from gaitprint.cli.walk import read_walk


def compare(
    first: Positional[Annotated[str, arg(metavar="WALK")]],
    second: Positional[Annotated[str, arg(metavar="WALK")]],
    /,
    *,
    model: Annotated[str | None, arg(metavar="MODEL")] = None,
    device: Device = "auto",
) -> dict[str, Any]:
    """Say how alike two walks are, and how likely one person's.

    A WALK is STORE::subject/condition/view, a Kinect .txt, a .npz of a GaitSequence, or a video, of which the
    best passage is taken.

    Args:
        first: One walk.
        second: The other walk.
        model: A run folder, a weights file, or a shipped model's name; default: the shipped one for such walks.
        device: Where to compute.

    Returns:
        model, first, second (ids of the walks), metric, distance, similarity, probability (null where the model is
        not calibrated).
    """
    from gaitprint.evaluation.matching import Matcher

    walks = read_walk(first), read_walk(second)
    name, embedder = only_model(() if model is None else (model,), walks[0], device)
    result = Matcher(embedder).compare(*walks)
    output.print(Text(f"{walks[0].id} and {walks[1].id}"))
    output.print(
        Text(
            f"distance {result.distance:.3f}, similarity {result.similarity:.3f} ({embedder.name}, {embedder.distance})"
        )
    )
    if result.probability is None:
        output.print(Text(f"{embedder.name} is not calibrated: how likely they are the same person is not known"))
    else:
        output.print(Text(same_person(result.probability)))
    return {
        "model": name,
        "first": walks[0].id,
        "second": walks[1].id,
        "metric": embedder.distance,
        "distance": result.distance,
        "similarity": result.similarity,
        "probability": result.probability,
    }

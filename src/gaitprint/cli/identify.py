"""`gaitprint identify`: who in a gallery walks most like this."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich import box
from rich.table import Table
from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.probability import percentage
from gaitprint.cli.terminal import output
from gaitprint.evaluation.matching import DEFAULT_MODEL

if TYPE_CHECKING:
    from gaitprint.evaluation.matching import Candidate


def identify(
    walk: Positional[Annotated[str, arg(metavar="WALK")]],
    /,
    *,
    gallery: Annotated[Path, arg(metavar="STORE")],
    model: Annotated[str, arg(metavar="MODEL")] = DEFAULT_MODEL,
    top_k: Annotated[int, arg(metavar="K")] = 5,
    device: str = "auto",
) -> dict[str, Any]:
    """Rank the people of a gallery by their likeness to a walk.

    A WALK is STORE::subject/condition/view, a Kinect .txt, or a .npz of a GaitSequence. Where it is in the gallery
    itself, it is left out there. Somebody is always first, also where the person walking is not in the gallery.

    Args:
        walk: Whose walk is to be recognised.
        gallery: A store of known people's walks.
        model: A run folder, a weights file, or a shipped model's name.
        top_k: How many people to name.
        device: Where to compute.

    Returns:
        model, walk (its id), gallery, metric, people and walks (how many were searched), left_out (ids), and
        candidates, nearest first: rank, subject, distance, similarity, probability (null where the model is not
        calibrated), nearest_walk.
    """
    from gaitprint.cli.probe import read_probe
    from gaitprint.core.errors import UsageError
    from gaitprint.data.store import Store
    from gaitprint.evaluation.embed import load_embedder
    from gaitprint.evaluation.matching import Matcher

    if top_k < 1:
        raise UsageError(f"--top-k {top_k}: must be at least 1")
    store = Store.open(gallery)
    probe, positions, left_out = read_probe(walk, store, range(len(store)))
    embedder = load_embedder(model, device)
    known = embedder.embed_store(store, positions)
    candidates = Matcher(embedder).identify(probe, known, top_k)
    people = len({store.infos[position].subject for position in positions})
    output.print(Text(f"{probe.id} among {people} people, {len(known)} walks ({embedder.name}, {embedder.distance})"))
    output.print(_table(candidates))
    if embedder.calibration is None:
        output.print(Text(f"{embedder.name} is not calibrated: how likely one person is, is not known", style="dim"))
    return {
        "model": model,
        "walk": probe.id,
        "gallery": str(gallery),
        "metric": embedder.distance,
        "people": people,
        "walks": len(known),
        "left_out": left_out,
        "candidates": [{"rank": rank, **asdict(candidate)} for rank, candidate in enumerate(candidates, start=1)],
    }


def _table(candidates: tuple[Candidate, ...]) -> Table:
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("#", "person", "distance", "similarity", "probability", "nearest walk"):
        text = header in ("person", "nearest walk")
        drawn.add_column(header, justify="left" if text else "right", overflow="fold")
    for rank, candidate in enumerate(candidates, start=1):
        figures = f"{candidate.distance:.3f}", f"{candidate.similarity:.3f}", percentage(candidate.probability)
        drawn.add_row(*map(Text, (str(rank), candidate.subject, *figures, candidate.nearest_walk)))
    return drawn

"""`gaitprint identify`: who in a gallery walks most like this."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich import box
from rich.table import Table
from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.galleries import Models, is_store, only_model, open_gallery
from gaitprint.cli.probability import percentage
from gaitprint.cli.terminal import output
from gaitprint.evaluation.matching import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gaitprint.evaluation.matching import Candidate


def identify(
    walk: Positional[Annotated[str, arg(metavar="WALK")]],
    /,
    *,
    gallery: Annotated[str | None, arg(metavar="FOLDER|URL|STORE")] = None,
    model: Models = (),
    fpir: Annotated[float, arg(metavar="P")] = 0.01,
    top_k: Annotated[int, arg(metavar="K")] = 5,
    device: str = "auto",
) -> dict[str, Any]:
    """Say who walks here, among enrolled people: candidates, and whether the first one is taken for known.

    A WALK is STORE::subject/condition/view, a Kinect .txt, a .npz of a GaitSequence, or a video, of which the best
    passage is taken. In a store, it is searched among the walks of all its people, itself left out, and nothing is
    decided: somebody is always first.

    Args:
        walk: Whose walk is to be recognised.
        gallery: A gallery's folder or URL, or a store; default: the gallery in GAITPRINT_GALLERY, else the user's.
        model: A run folder, a weights file, or a shipped model's name; again for another modality.
        fpir: Share of strangers that may be taken for somebody.
        top_k: How many people to name.
        device: Where to compute.

    Returns:
        model, walk (its id), gallery, metric, people and walks (how many were searched), left_out (ids), and
        candidates, nearest first: rank, subject, distance, similarity, probability (null where the model is not
        calibrated), nearest_walk. Of a gallery also decision ("known", "unknown", or null with a reason), person, fpir,
        least_score, and of each candidate person_id, score, and what each model compared.
    """
    from gaitprint.core.errors import UsageError

    if top_k < 1:
        raise UsageError(f"--top-k {top_k}: must be at least 1")
    if is_store(gallery):
        return _in_store(walk, Path(gallery or ""), only_model(model), top_k, device)
    return _in_gallery(walk, gallery, model, fpir, top_k, device)


def _in_store(walk: str, folder: Path, model: str, top_k: int, device: str) -> dict[str, Any]:
    from gaitprint.cli.probe import read_probe
    from gaitprint.data.store import Store
    from gaitprint.evaluation.embed import load_embedder
    from gaitprint.evaluation.matching import Matcher

    store = Store.open(folder)
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
        "gallery": str(folder),
        "metric": embedder.distance,
        "people": people,
        "walks": len(known),
        "left_out": left_out,
        "candidates": [{"rank": rank, **asdict(candidate)} for rank, candidate in enumerate(candidates, start=1)],
    }


def _in_gallery(
    walk: str, location: str | None, models: tuple[str, ...], fpir: float, top_k: int, device: str
) -> dict[str, Any]:
    from gaitprint.data.walk_source import read_walk

    with open_gallery(location, models, device) as gallery:
        probe = read_walk(walk)
        result = gallery.identify(probe, fpir, top_k)
        used = [model.embedder for model in gallery.models]
        place = gallery.engine.location
    names = " + ".join(f"{each.name}, {each.distance}" for each in used)
    output.print(Text(f"{probe.id} among {result.people} people, {result.templates} templates ({names})"))
    output.print(_table(result.candidates))
    person = result.candidates[0].subject if result.decision == "known" else None
    if result.decision is None:
        output.print(Text(f"not decided: {result.reason}", style="yellow"))
    elif person is None:
        output.print(Text("unknown: nobody who is enrolled", style="bold red"))
    else:
        output.print(Text(f"known: {person}", style="bold green"))
    if result.decision is not None:
        output.print(Text(f"as {100 * fpir:g} % of strangers would be taken for somebody", style="dim"))
    return {
        "model": ", ".join(models or (DEFAULT_MODEL,)),
        "walk": probe.id,
        "gallery": place,
        "metric": used[0].distance,
        "people": result.people,
        "walks": result.templates,
        "left_out": [],
        "decision": result.decision,
        "person": person,
        "reason": result.reason,
        "fpir": fpir,
        "least_score": result.least_score,
        "candidates": [{"rank": rank, **asdict(each)} for rank, each in enumerate(result.candidates, start=1)],
    }


def _table(candidates: Sequence[Candidate]) -> Table:
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("#", "person", "distance", "similarity", "probability", "nearest walk"):
        text = header in ("person", "nearest walk")
        drawn.add_column(header, justify="left" if text else "right", overflow="fold")
    for rank, candidate in enumerate(candidates, start=1):
        figures = f"{candidate.distance:.3f}", f"{candidate.similarity:.3f}", percentage(candidate.probability)
        drawn.add_row(*map(Text, (str(rank), candidate.subject, *figures, candidate.nearest_walk)))
    return drawn

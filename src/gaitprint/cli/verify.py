"""`gaitprint verify`: whether a walk is that of the person who is claimed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.galleries import Models, is_store, only_model, open_gallery
from gaitprint.cli.probability import percentage
from gaitprint.cli.terminal import output
from gaitprint.evaluation.matching import DEFAULT_MODEL


def verify(
    name: Positional[Annotated[str, arg(metavar="NAME")]],
    walk: Positional[Annotated[str, arg(metavar="WALK")]],
    /,
    *,
    gallery: Annotated[str | None, arg(metavar="FOLDER|URL|STORE")] = None,
    model: Models = (),
    fmr: Annotated[float, arg(metavar="P")] = 0.01,
    device: str = "auto",
) -> dict[str, Any]:
    """Check whether a walk is that of the person who is claimed.

    The exit code is 0 with either answer. A WALK is STORE::subject/condition/view, a Kinect .txt, a .npz of a
    GaitSequence, or a video, of which the best passage is taken; where it is in a store that is searched, it is left
    out there.

    Args:
        name: Who is claimed: somebody enrolled, or a subject of the store.
        walk: The walk to check.
        gallery: A gallery's folder or URL, or a store; default: the gallery in GAITPRINT_GALLERY, else the user's.
        model: A run folder, a weights file, or a shipped model's name; again for another modality. Calibrated.
        fmr: False match rate: the share of strangers that may be accepted.
        device: Where to compute.

    Returns:
        model, name, walk (its id), gallery, metric, walks (how many of the person it was compared with), left_out
        (ids), fmr, accepted, distance (to the nearest), threshold, probability. Of a gallery also person_id, score,
        least_score, and what each model compared; with several models threshold is null, and the score decides.
    """
    if is_store(gallery):
        return _in_store(name, walk, Path(gallery or ""), only_model(model), fmr, device)
    return _in_gallery(name, walk, gallery, model, fmr, device)


def _in_store(name: str, walk: str, gallery: Path, model: str, fmr: float, device: str) -> dict[str, Any]:
    from gaitprint.cli.probe import read_probe
    from gaitprint.core.errors import UsageError
    from gaitprint.core.registry import nearest_name
    from gaitprint.data.store import Store
    from gaitprint.evaluation.embed import load_embedder
    from gaitprint.evaluation.matching import Matcher

    store = Store.open(gallery)
    people = {info.subject for info in store.infos}
    if name not in people:
        alike = nearest_name(name, people)
        hint = f" (did you mean '{alike}'?)" if alike else ""
        raise UsageError(f"{gallery}: no walk of '{name}' among {len(people)} people{hint}")
    enrolled = [position for position, info in enumerate(store.infos) if info.subject == name]
    probe, claimed, left_out = read_probe(walk, store, enrolled)
    if not claimed:
        raise UsageError(f"{gallery}: holds no walk of '{name}' but this very one")
    embedder = load_embedder(model, device)
    result = Matcher(embedder).verify(probe, embedder.embed_store(store, claimed), fmr)
    _print_answer(probe.id, name, result.accepted)
    nearest = f"distance {result.distance:.3f} to the nearest of {len(claimed)} walks"
    limit = f"accepted up to {result.threshold:.3f}, as {100 * fmr:g} % of strangers would be"
    output.print(Text(f"{nearest}; {limit} ({embedder.name}, {embedder.distance})"))
    likely = percentage(result.probability)
    output.print(Text(f"one person's with a probability of {likely}, if that was as likely as not before"))
    return {
        "model": model,
        "name": name,
        "walk": probe.id,
        "gallery": str(gallery),
        "metric": embedder.distance,
        "walks": len(claimed),
        "left_out": left_out,
        "fmr": fmr,
        "accepted": result.accepted,
        "distance": result.distance,
        "threshold": result.threshold,
        "probability": result.probability,
    }


def _in_gallery(
    name: str, walk: str, location: str | None, models: tuple[str, ...], fmr: float, device: str
) -> dict[str, Any]:
    from dataclasses import asdict

    from gaitprint.data.walk_source import read_walk

    with open_gallery(location, models, device) as gallery:
        probe = read_walk(walk)
        result = gallery.verify(name, probe, fmr)
        used = [model.embedder for model in gallery.models]
        place = gallery.engine.location
    found = result.found
    _print_answer(probe.id, name, result.accepted)
    for each in found.compared:
        nearest = f"distance {each.distance:.3f} to the nearest walk, {each.nearest_walk}"
        output.print(Text(f"{nearest} ({each.model})"))
    limit = f"score {found.score:.2f}" if result.threshold is None else f"distance {found.distance:.3f}"
    least = f"from {result.least_score:.2f} on" if result.threshold is None else f"up to {result.threshold:.3f}"
    output.print(Text(f"{limit}; accepted {least}, as {100 * fmr:g} % of strangers would be"))
    likely = percentage(found.probability)
    output.print(Text(f"one person's with a probability of {likely}, if that was as likely as not before"))
    return {
        "model": ", ".join(models or (DEFAULT_MODEL,)),
        "name": name,
        "walk": probe.id,
        "gallery": place,
        "metric": used[0].distance,
        "walks": result.templates,
        "left_out": [],
        "fmr": fmr,
        "accepted": result.accepted,
        "distance": found.distance,
        "threshold": result.threshold,
        "probability": found.probability,
        "person_id": found.person_id,
        "score": found.score,
        "least_score": result.least_score,
        "compared": [asdict(each) for each in found.compared],
    }


def _print_answer(walk: str, name: str, accepted: bool) -> None:
    answer = f"accepted as {name}" if accepted else f"not accepted as {name}"
    output.print(Text(f"{walk}: {answer}", style="bold green" if accepted else "bold red"))

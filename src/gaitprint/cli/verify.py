"""`gaitprint verify`: whether a walk is that of the person who is claimed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.galleries import Models, is_store, only_model, open_gallery
from gaitprint.cli.option_types import Device
from gaitprint.cli.probability import same_person
from gaitprint.cli.terminal import output
from gaitprint.core.counted import counted
from gaitprint.core.errors import UsageError


def verify(
    name: Positional[Annotated[str, arg(metavar="NAME")]],
    walks: Positional[Annotated[tuple[str, ...], arg(metavar="WALK")]],
    /,
    *,
    gallery: Annotated[str | None, arg(metavar="FOLDER|URL|STORE")] = None,
    model: Models = (),
    person: Annotated[int | None, arg(metavar="N")] = None,
    fmr: Annotated[float, arg(metavar="P")] = 0.01,
    device: Device = "auto",
) -> dict[str, Any]:
    """Check whether a walk is that of the person who is claimed.

    The exit code is 0 with either answer. A WALK is a video, STORE::subject/condition/view, a Kinect .txt, or a .npz of
    a GaitSequence. Several WALKs, and all passages of a video that will do, are of one person, who is decided on by all
    of them together; where two people walk at once, --person says who is meant. In a store, one walk (of a video, the
    best passage) is compared; where it is in the store itself, it is left out there.

    Args:
        name: Who is claimed: somebody enrolled, or a subject of the store.
        walks: To check.
        gallery: A gallery's folder or URL, or a store; default: the gallery in GAITPRINT_GALLERY, else the user's.
        model: A run folder, a weights file, or a shipped model's name, any number of times; default: all shipped.
        person: Number of the person in the one video that is given.
        fmr: False match rate: the share of strangers that may be accepted.
        device: Where to compute.

    Returns:
        model, name, walk (its id), gallery, metric, walks (how many of the person it was compared with), left_out
        (ids), fmr, accepted, distance (to the nearest), threshold, probability. Of a gallery also person_id, score,
        least_score, nearest_counted, probes (ids of all walks), and what each model compared; with several models
        threshold is null, and the score decides; left_out and videos as `gaitprint enroll`.
    """
    if not 0 < fmr < 1:
        raise UsageError(f"--fmr {fmr:g}: must be above 0 and below 1")
    if is_store(gallery):
        if len(walks) != 1 or person is not None:
            raise UsageError(f"{gallery}: is a store, where one WALK is checked, without --person")
        return _in_store(name, walks[0], Path(gallery or ""), model, fmr, device)
    return _in_gallery(name, walks, gallery, model, person, fmr, device)


def _in_store(name: str, walk: str, gallery: Path, models: tuple[str, ...], fmr: float, device: str) -> dict[str, Any]:
    from gaitprint.cli.probe import read_probe
    from gaitprint.core.registry import nearest_name
    from gaitprint.data.store import Store
    from gaitprint.evaluation.matching import Matcher

    store = Store.open(gallery)
    people = {info.subject for info in store.infos}
    if name not in people:
        alike = nearest_name(name, people)
        hint = f" (did you mean '{alike}'?)" if alike else ""
        raise UsageError(f"{gallery}: no walk of '{name}' among {counted(len(people), 'person', 'people')}{hint}")
    enrolled = [position for position, info in enumerate(store.infos) if info.subject == name]
    probe, claimed, left_out = read_probe(walk, store, enrolled)
    if not claimed:
        raise UsageError(f"{gallery}: holds no walk of '{name}' but this very one")
    model, embedder = only_model(models, probe, device)
    result = Matcher(embedder).verify(probe, embedder.embed_store(store, claimed), fmr)
    _print_answer(probe.id, name, result.accepted)
    nearest = f"distance {result.distance:.3f} to the nearest of {counted(len(claimed), 'walk')}"
    limit = f"accepted up to {result.threshold:.3f}, {_meaning_of(fmr)}"
    output.print(Text(f"{nearest}; {limit} ({embedder.name}, {embedder.distance})"))
    output.print(Text(same_person(result.probability)))
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
    name: str,
    words: tuple[str, ...],
    location: str | None,
    models: tuple[str, ...],
    person: int | None,
    fmr: float,
    device: str,
) -> dict[str, Any]:
    from dataclasses import asdict

    from gaitprint.cli.recordings import read_recordings

    with open_gallery(location, models, device) as gallery:
        if not gallery.people(name):  # before videos are looked at, which takes long
            raise gallery.engine.nobody(name)
        recordings = read_recordings(words, gallery.models, person)
        probes = recordings.of_one_person()
        result = gallery.verify(name, probes, fmr)
        used = {model.name: model.embedder.distance for model in gallery.models}
        place = gallery.engine.location
    found = result.found
    _print_answer(probes[0].id if len(probes) == 1 else f"{len(probes)} walks", name, result.accepted)
    for each in found.compared:
        mean = "" if len(each.walks) == 1 else f"mean of {len(each.walks)} walks, "
        nearest = f"distance {each.distance:.3f} to the nearest walk, {mean}{each.nearest_walk}"
        output.print(Text(f"{nearest} ({each.model})"))
    limit = f"score {found.score:.2f}" if result.threshold is None else f"distance {found.distance:.3f}"
    least = f"from {result.least_score:.2f} on" if result.threshold is None else f"up to {result.threshold:.3f}"
    output.print(Text(f"{limit}; accepted {least}, {_meaning_of(fmr)}"))
    if found.probability is not None:
        output.print(Text(same_person(found.probability)))
    return {
        "model": ", ".join(used),
        "name": name,
        "walk": probes[0].id,
        "probes": [walk.id for walk in probes],
        "gallery": place,
        "metric": used[found.compared[0].model],
        "walks": result.templates,
        "fmr": fmr,
        "accepted": result.accepted,
        "distance": found.distance,
        "threshold": result.threshold,
        "nearest_counted": result.nearest_counted,
        "probability": found.probability,
        "person_id": found.person_id,
        "score": found.score,
        "least_score": result.least_score,
        "compared": [asdict(each) for each in found.compared],
        "left_out": list(recordings.left_out),
        "videos": recordings.videos,
    }


def _meaning_of(fmr: float) -> str:
    """What a limit of acceptance means for strangers."""
    return f"set so that at most {100 * fmr:g} % of strangers are accepted"


def _print_answer(walk: str, name: str, accepted: bool) -> None:
    answer = f"accepted as {name}" if accepted else f"not accepted as {name}"
    output.print(Text(f"{walk}: {answer}", style="bold green" if accepted else "bold red"))

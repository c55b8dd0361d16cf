"""`gaitprint identify`: who in a gallery walks most like this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich import box
from rich.table import Table
from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.galleries import Models, is_store, only_model, open_gallery
from gaitprint.cli.option_types import Device
from gaitprint.cli.probability import percentage
from gaitprint.cli.terminal import output
from gaitprint.core.counted import counted
from gaitprint.core.errors import UsageError

if TYPE_CHECKING:
    from gaitprint.cli.recordings import Recordings
    from gaitprint.core.sequence import GaitSequence
    from gaitprint.evaluation.matching import Candidate
    from gaitprint.gallery.answers import Identification
    from gaitprint.gallery.gallery import Gallery


def identify(
    walks: Positional[Annotated[tuple[str, ...], arg(metavar="WALK")]],
    /,
    *,
    gallery: Annotated[str | None, arg(metavar="FOLDER|URL|STORE")] = None,
    model: Models = (),
    person: Annotated[int | None, arg(metavar="N")] = None,
    one_person: bool = False,
    fpir: Annotated[float, arg(metavar="P")] = 0.01,
    top_k: Annotated[int, arg(metavar="K")] = 5,
    device: Device = "auto",
) -> dict[str, Any]:
    """Say who walks here, among enrolled people: candidates, and whether the first one is taken for known.

    A WALK is a video, STORE::subject/condition/view, a Kinect .txt, or a .npz of a GaitSequence. There is an answer for
    each person who is followed through a video, from all passages that will do; somebody who leaves the picture is
    another person when they come back, unless --one-person says that there is one. Several WALKs are of one person, who
    is decided on by all of them together. In a store, one walk (of a video, the best passage) is searched among those
    of all its people, itself left out, and nothing is decided: somebody is always first.

    Args:
        walks: Of whoever is to be recognised.
        gallery: A gallery's folder or URL, or a store; default: the gallery in GAITPRINT_GALLERY, else the user's.
        model: A run folder, a weights file, or a shipped model's name, any number of times; default: all shipped.
        person: Number of one person in the one video that is given.
        one_person: Take whoever walks in a video one after the other for one person.
        fpir: Share of strangers that may be taken for somebody.
        top_k: How many people to name.
        device: Where to compute.

    Returns:
        model, walk (its id), gallery, metric, people and walks (how many were searched), left_out (ids), and
        candidates, nearest first: rank, subject, distance, similarity, probability (null where the model is not
        calibrated), nearest_walk. Of a gallery also decision ("known", "unknown", or null with a reason), person, fpir,
        least_score, threshold and nearest_counted, and of each candidate person_id, score, and what each model
        compared. Of several people in a video these are in answers alone, each with its number in the video
        (video_person) and all of its walks (probes); left_out and videos as `gaitprint enroll`.
    """
    from gaitprint.cli.recordings import read_recordings

    if top_k < 1:
        raise UsageError(f"--top-k {top_k}: must be at least 1")
    if not 0 < fpir < 1:
        raise UsageError(f"--fpir {fpir:g}: must be above 0 and below 1")
    if is_store(gallery):
        if len(walks) != 1 or person is not None or one_person:
            raise UsageError(f"{gallery}: is a store, which is searched for one WALK, without --person or --one-person")
        return _in_store(walks[0], Path(gallery or ""), model, top_k, device)
    with open_gallery(gallery, model, device) as known:
        recordings = read_recordings(walks, known.models, person)
        answers = [
            (number, probes, known.identify(probes, fpir, top_k))
            for number, probes in _whom_to_identify(recordings, together=one_person or len(walks) > 1)
        ]
        return _tell(answers, known, recordings)


def _in_store(walk: str, folder: Path, models: tuple[str, ...], top_k: int, device: str) -> dict[str, Any]:
    from gaitprint.cli.probe import read_probe
    from gaitprint.data.store import Store
    from gaitprint.evaluation.matching import Matcher

    store = Store.open(folder)
    probe, positions, left_out = read_probe(walk, store, range(len(store)))
    name, embedder = only_model(models, probe, device)
    known = embedder.embed_store(store, positions)
    candidates = Matcher(embedder).identify(probe, known, top_k)
    people = len({store.infos[position].subject for position in positions})
    among = f"{counted(people, 'person', 'people')}, {counted(len(known), 'walk')}"
    output.print(Text(f"{probe.id} among {among} ({embedder.name}, {embedder.distance})"))
    output.print(_table(candidates))
    if embedder.calibration is None:
        output.print(Text(f"{embedder.name} is not calibrated: probabilities are not known", style="dim"))
    return {
        "model": name,
        "walk": probe.id,
        "gallery": str(folder),
        "metric": embedder.distance,
        "people": people,
        "walks": len(known),
        "left_out": left_out,
        "candidates": _ranked(candidates),
    }


def _whom_to_identify(recordings: Recordings, *, together: bool) -> list[tuple[int | None, list[GaitSequence]]]:
    """One person who all walks are of; or everybody in the one recording, with their number in the video."""
    if together:
        return [(None, recordings.of_one_person())]
    return [(walker.number, list(walker.walks)) for walker in recordings.read[0].walkers]


def _tell(
    answers: list[tuple[int | None, list[GaitSequence], Identification]], gallery: Gallery, recordings: Recordings
) -> dict[str, Any]:
    """Print the answers and return them as plain values."""
    told = []
    for number, probes, result in answers:
        _print_answer(number, probes, result)
        told.append({"video_person": number, "probes": [walk.id for walk in probes], **_answer(result, probes[0].id)})
    used = {model.name: model.embedder.distance for model in gallery.models}
    return {
        "model": ", ".join(used),
        "gallery": gallery.engine.location,
        "metric": next(iter(used.values())),
        **(told[0] if len(told) == 1 else {}),
        "answers": told,
        "left_out": list(recordings.left_out),
        "videos": recordings.videos,
    }


def _answer(result: Identification, walk: str) -> dict[str, Any]:
    """One answer as plain values."""
    return {
        "walk": walk,
        "people": result.people,
        "walks": result.templates,
        "decision": result.decision,
        "person": result.candidates[0].subject if result.decision == "known" else None,
        "reason": result.reason,
        "fpir": result.fpir,
        "least_score": result.least_score,
        "threshold": result.threshold,
        "nearest_counted": result.nearest_counted,
        "candidates": _ranked(result.candidates),
    }


def _ranked(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    return [{"rank": rank, **asdict(candidate)} for rank, candidate in enumerate(candidates, start=1)]


def _print_answer(number: int | None, walks: Sequence[GaitSequence], result: Identification) -> None:
    who = walks[0].id if len(walks) == 1 else f"{len(walks)} walks, {walks[0].id} and others,"
    who = who if number is None else f"person {number}: {who}"
    # One model may have compared somebody, and another one somebody else.
    used = dict.fromkeys(each.model for candidate in result.candidates for each in candidate.compared)
    models = f" ({' + '.join(used)})" if used else ""
    among = f"{counted(result.people, 'person', 'people')}, {counted(result.templates, 'template')}"
    output.print(Text(f"{who} among {among}{models}"))
    output.print(_table(result.candidates))
    if result.decision is None:
        output.print(Text(f"not decided: {result.reason}", style="yellow"))
        return
    if result.decision == "known":
        output.print(Text(f"known: {result.candidates[0].subject}", style="bold green"))
    else:
        output.print(Text("unknown: nobody who is enrolled", style="bold red"))
    output.print(Text(f"set so that at most {100 * result.fpir:g} % of strangers are taken for somebody", style="dim"))


def _table(candidates: Sequence[Candidate]) -> Table:
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("#", "person", "distance", "similarity", "probability", "nearest walk"):
        text = header in ("person", "nearest walk")
        drawn.add_column(header, justify="left" if text else "right", overflow="fold")
    for rank, candidate in enumerate(candidates, start=1):
        figures = f"{candidate.distance:.3f}", f"{candidate.similarity:.3f}", percentage(candidate.probability)
        drawn.add_row(*map(Text, (str(rank), candidate.subject, *figures, candidate.nearest_walk)))
    return drawn

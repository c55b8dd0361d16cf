"""`gaitprint enroll`: make somebody known to a gallery."""

from __future__ import annotations

from typing import Annotated, Any

from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.galleries import Models, load_models
from gaitprint.cli.option_types import Device
from gaitprint.cli.terminal import output
from gaitprint.core.counted import counted


def enroll(
    name: Positional[Annotated[str, arg(metavar="NAME")]],
    walks: Positional[Annotated[tuple[str, ...], arg(metavar="WALK")]],
    /,
    *,
    gallery: Annotated[str | None, arg(metavar="FOLDER|URL")] = None,
    model: Models = (),
    person: Annotated[int | None, arg(metavar="N")] = None,
    replace: bool = False,
    keep_walks: bool = False,
    keep_pictures: bool = False,
    device: Device = "auto",
) -> dict[str, Any]:
    """Make somebody known by one or more walks: all that will do are kept, or after an error none.

    A WALK is a video, STORE::subject/condition/view, a Kinect .txt, or a .npz of a GaitSequence. Of a video every
    passage that will do is taken, and everybody who walks in it one after the other for this person; where two people
    walk at once, --person says who is meant. Walks of somebody who is enrolled already are added to those that are
    there.

    Args:
        name: Of the person.
        walks: One or more.
        gallery: A folder, or the URL of a server; default: the gallery in GAITPRINT_GALLERY, else the user's.
        model: A run folder, a weights file, or a shipped model's name, any number of times; default: all shipped.
        person: Number of the person in the one video that is given.
        replace: Remove the person's older templates of the same models.
        keep_walks: Keep the walks too, so that a later model can embed them again.
        keep_pictures: Keep a small picture of each walk.
        device: Where to compute.

    Returns:
        gallery, name, person_id, model, walks (ids), templates (ids), replaced (how many older ones went), left_out
        (each walk that could not be used, with the reason), and videos: of each its frames, people, and refused
        passages with the reason.
    """
    from gaitprint.cli.recordings import read_recordings
    from gaitprint.gallery.gallery import Gallery
    from gaitprint.gallery.template import check_name

    check_name(name)
    models = load_models(model, device)
    recordings = read_recordings(walks, models, person)
    recorded = recordings.of_one_person()
    # Nothing is made before there is something to keep.
    with Gallery(gallery, [each.embedder for each in models]) as known:
        outcome = known.enroll(
            name, recorded, replace_older=replace, keep_walks=keep_walks, keep_pictures=keep_pictures
        )
        place = known.engine.location
    also = f", in place of {outcome.replaced}" if outcome.replaced else ""
    used = ", ".join(outcome.models)
    output.print(Text(f"{outcome.name}: {counted(len(outcome.templates), 'template')}{also} ({used}) in {place}"))
    return {
        "gallery": place,
        "name": outcome.name,
        "person_id": outcome.person_id,
        "model": used,
        "walks": [walk.id for walk in recorded],
        "templates": list(outcome.templates),
        "replaced": outcome.replaced,
        "left_out": list(recordings.left_out),
        "videos": recordings.videos,
    }

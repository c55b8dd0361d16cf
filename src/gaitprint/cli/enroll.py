"""`gaitprint enroll`: make somebody known to a gallery."""

from __future__ import annotations

from typing import Annotated, Any

from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.galleries import Models, open_gallery
from gaitprint.cli.terminal import output


def enroll(
    name: Positional[Annotated[str, arg(metavar="NAME")]],
    walks: Positional[Annotated[tuple[str, ...], arg(metavar="WALK")]],
    /,
    *,
    gallery: Annotated[str | None, arg(metavar="FOLDER|URL")] = None,
    model: Models = (),
    replace: bool = False,
    keep_walks: bool = False,
    pictures: bool = False,
    device: str = "auto",
) -> dict[str, Any]:
    """Make somebody known by one or more walks: all of them are kept, or after an error none.

    A WALK is STORE::subject/condition/view, a Kinect .txt, or a .npz of a GaitSequence. Walks of somebody who is
    enrolled already are added to those that are there.

    Args:
        name: Of the person.
        walks: One or more.
        gallery: A folder, or the URL of a server; default: the gallery in GAITPRINT_GALLERY, else the user's.
        model: A run folder, a weights file, or a shipped model's name; again for another modality.
        replace: Remove the person's older templates of the same models.
        keep_walks: Keep the walks too, so that a later model can embed them again.
        pictures: Keep a small picture of each walk.
        device: Where to compute.

    Returns:
        gallery, name, person_id, model, walks (ids), templates (ids), replaced (how many older ones went).
    """
    from gaitprint.core.progress import track
    from gaitprint.data.walk_source import read_walk

    recorded = [read_walk(walk) for walk in track(walks, "reading walks")]
    with open_gallery(gallery, model, device, create=True) as known:
        outcome = known.enroll(name, recorded, replace_older=replace, keep_walks=keep_walks, keep_pictures=pictures)
        place = known.engine.location
    also = f", in place of {outcome.replaced}" if outcome.replaced else ""
    used = ", ".join(outcome.models)
    output.print(Text(f"{outcome.name}: {len(outcome.templates)} templates{also} ({used}) in {place}"))
    return {
        "gallery": place,
        "name": outcome.name,
        "person_id": outcome.person_id,
        "model": used,
        "walks": [walk.id for walk in recorded],
        "templates": list(outcome.templates),
        "replaced": outcome.replaced,
    }

"""`gaitprint verify`: whether a walk is that of the person who is claimed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.probability import percentage
from gaitprint.cli.terminal import output
from gaitprint.evaluation.matching import DEFAULT_MODEL


def verify(
    name: Positional[Annotated[str, arg(metavar="NAME")]],
    walk: Positional[Annotated[str, arg(metavar="WALK")]],
    /,
    *,
    gallery: Annotated[Path, arg(metavar="STORE")],
    model: Annotated[str, arg(metavar="MODEL")] = DEFAULT_MODEL,
    fmr: Annotated[float, arg(metavar="P")] = 0.01,
    device: str = "auto",
) -> dict[str, Any]:
    """Check whether a walk is that of the person who is claimed.

    The exit code is 0 with either answer. A WALK is STORE::subject/condition/view, a Kinect .txt, or a .npz of a
    GaitSequence; where it is in the gallery itself, it is left out there.

    Args:
        name: Who is claimed: a subject of the gallery.
        walk: The walk to check.
        gallery: A store that holds walks of this person.
        model: A run folder, a weights file, or a shipped model's name; it must be calibrated.
        fmr: False match rate: the share of strangers that may be accepted.
        device: Where to compute.

    Returns:
        model, name, walk (its id), gallery, metric, walks (how many of the person it was compared with), left_out
        (ids), fmr, accepted, distance (to the nearest), threshold, probability.
    """
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
    answer = f"accepted as {name}" if result.accepted else f"not accepted as {name}"
    output.print(Text(f"{probe.id}: {answer}", style="bold green" if result.accepted else "bold red"))
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

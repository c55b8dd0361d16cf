"""`gaitprint reconstruct`: a model fills in hidden parts of walks; figures, strips and animations out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from gaitprint.cli.option_types import Device, Names
from gaitprint.cli.terminal import output
from gaitprint.core.errors import UsageError
from gaitprint.core.files import atomic_path, write_json


def reconstruct(
    model: Positional[Annotated[str, arg(metavar="MODEL")]],
    /,
    *,
    data: Annotated[Path, arg(metavar="STORE")],
    out: Annotated[Path, arg(metavar="DIR")],
    subjects: Names = (),
    conditions: Names = (),
    views: Names = (),
    walks: Annotated[tuple[str, ...], arg(metavar="ID")] = (),
    clips: Annotated[int | None, arg(metavar="N")] = None,
    seed: int = 0,
    device: Device = "auto",
) -> dict[str, Any]:
    """Hide parts of walks, let a model fill them in, and measure and draw how well it does.

    Writes reconstruction.json (intersection over union in the hidden pixels, beside what copying from visible frames
    gives) and, of some walks, a strip (PNG) and an animation (GIF) of masked input, prediction, truth and error. Only
    people that the model was not trained on are taken, as by gaitprint evaluate.

    Args:
        model: A run folder or a weights file of a gaitbert model with its decoder.
        data: The store.
        out: The folder to write to.
        subjects: Take these subjects instead; still none that the model was trained on.
        conditions: Take only these conditions, each one (nm-01) or a group (nm).
        views: Take only these views.
        walks: Draw these walks (075/nm-01/090); else one person's nm, bg and cl, from the side where possible.
        clips: Measure on so many walks, drawn at random, instead of on all.
        seed: For what is hidden, and for the walks drawn at random.
        device: Where to compute.

    Returns:
        What reconstruction.json holds.
    """
    import numpy as np

    from gaitprint.core.progress import track
    from gaitprint.data.store import Store
    from gaitprint.evaluation.embed import load_network
    from gaitprint.evaluation.reconstruction import (
        condition_group,
        filling_model,
        measure_reconstruction,
        reconstruct_clips,
    )
    from gaitprint.evaluation.unseen import unseen_subjects
    from gaitprint.reports.reconstruction import (
        picture_positions,
        reconstruction_strip,
        reconstruction_table,
        save_animation,
    )

    if clips is not None and clips < 1:
        raise UsageError(f"--clips is {clips}, must be at least 1")
    store = Store.open(data)
    embedder = load_network(model, device)
    filling_model(embedder)  # another kind of model is refused before the work starts
    chosen = unseen_subjects(store, embedder.train_subjects, subjects)
    positions = [
        position
        for position, info in enumerate(store.infos)
        if info.subject in chosen
        and (not conditions or {info.condition, condition_group(info.condition)} & set(conditions))
        and (not views or info.view in views)
    ]
    if not positions:
        wanted = ", ".join((*conditions, *views))
        raise UsageError(f"{store.path}: the {len(chosen)} subjects chosen have no walk of {wanted}")
    drawn = [store.position(walk) for walk in walks] or picture_positions(store.infos, positions)
    if walks:
        unseen_subjects(store, embedder.train_subjects, {store.infos[position].subject for position in drawn})
    measured = positions
    if clips is not None and clips < len(positions):
        measured = sorted(np.random.default_rng(seed).choice(positions, clips, replace=False).tolist())
    result = measure_reconstruction(embedder, store, measured, seed=seed)

    pictures: list[str] = []
    reconstructed = reconstruct_clips(embedder, store, drawn, seed=seed)
    for clip in track(reconstructed, "drawing", total=len(drawn)):
        name = clip.walk.replace("/", "_")
        with atomic_path(out / f"{name}.png") as temporary:
            reconstruction_strip(clip).savefig(temporary, format="png")
        save_animation(clip, out / f"{name}.gif")
        pictures += [f"{name}.png", f"{name}.gif"]
    summary = {"model": model, **result.to_json(), "pictures": pictures, "card": embedder.card}
    summary["data"] = store.content_hash()
    write_json(out / "reconstruction.json", summary)
    output.print(reconstruction_table(result))
    for picture in pictures:
        output.print(str(out / picture))
    return summary

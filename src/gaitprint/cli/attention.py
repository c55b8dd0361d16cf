"""`gaitprint attention`: which joints and which moments of a walk a model looks at, as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from gaitprint.cli.option_types import Device, Names
from gaitprint.cli.rejects import print_rejects, rejects_to_json
from gaitprint.cli.terminal import output
from gaitprint.core.errors import UsageError
from gaitprint.core.files import atomic_path, write_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def attention(
    model: Positional[Annotated[str, arg(metavar="MODEL")]],
    walk: Positional[Annotated[str | None, arg(metavar="WALK-ID")]] = None,
    /,
    *,
    data: Annotated[Path, arg(metavar="STORE")],
    out: Annotated[Path, arg(metavar="DIR")],
    subjects: Names = (),
    device: Device = "auto",
) -> dict[str, Any]:
    """Draw which joints and which moments of a walk a model looks at.

    Writes joints.png (a skeleton, its joints larger and darker the more attention they received), frames.png (attention
    along the walk, with the poses of its peaks) and attention.json (the numbers). Without a walk: joints.png and
    attention.json of the mean over all walks. Attention is given as a ratio to a uniform one, which is 1.

    Args:
        model: A run folder or a weights file of a model with attention, such as skeleton-transformer.
        walk: A walk of the store, such as 075/nm-01/090; left out for the mean over walks.
        data: The store.
        out: The folder to write to.
        subjects: For the mean over walks: take these subjects' alone.
        device: Where to compute.

    Returns:
        What attention.json holds.
    """
    from gaitprint.data.store import Store
    from gaitprint.evaluation.attention import attend_walk, attend_walks, mean_attention
    from gaitprint.evaluation.embed import load_network
    from gaitprint.reports.attention import joint_table, joints_figure
    from gaitprint.reports.attention_frames import frames_figure

    if walk is not None and subjects:
        raise UsageError("--subjects chooses walks for a mean; give it or a walk, not both")
    store = Store.open(data)
    figures: dict[str, Figure] = {}
    summary: dict[str, Any] = {"model": model}
    if walk is not None:
        position = store.position(walk)
        embedder = load_network(model, device)
        seen = attend_walk(embedder, store, position)
        joints = seen.joints
        figures["joints.png"] = joints_figure(joints, f"Attention among joints: {walk}")
        figures["frames.png"] = frames_figure(seen, f"Attention over time: {walk}")
        summary |= seen.to_json()
    else:
        people = {info.subject for info in store.infos}
        if missing := sorted(set(subjects) - people):
            raise UsageError(f"{store.path}: holds no subject {', '.join(missing[:5])}")
        chosen = [n for n, info in enumerate(store.infos) if not subjects or info.subject in subjects]
        embedder = load_network(model, device)
        every, left_out = attend_walks(embedder, store, chosen)
        print_rejects(left_out)
        joints = mean_attention(every)
        without = {name for name, _ in left_out}
        number = len({store.infos[n].subject for n in chosen if store.infos[n].id not in without})
        title = f"Attention among joints: mean of {joints.walks:,} walks of {number:,} people"
        figures["joints.png"] = joints_figure(joints, title)
        summary |= {"subjects": number, "left_out": rejects_to_json(left_out), **joints.to_json()}
    summary |= {"card": embedder.card, "data": store.content_hash()}
    for name, figure in figures.items():
        with atomic_path(out / name) as temporary:
            figure.savefig(temporary, format="png", dpi=150)
    write_json(out / "attention.json", summary)
    output.print(joint_table(joints))
    for name in figures:
        output.print(str(out / name))
    return summary

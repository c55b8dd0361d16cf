"""`gaitprint demo`: walkers, training, unseen people recognised, a report; everything in one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from rich.table import Table
from tyro.conf import arg

from gaitprint.cli import demo_videos
from gaitprint.cli.evaluate import evaluate
from gaitprint.cli.option_types import Device
from gaitprint.cli.synth import synth
from gaitprint.cli.terminal import output
from gaitprint.cli.train import train
from gaitprint.core.errors import UsageError

DEMO_SUBJECTS = 40
GALLERY_CONDITIONS = ("nm-01", "nm-02", "nm-03", "nm-04")
# The walk that is identified at the end: of the first unseen person, seen from the side.
PROBE_CONDITION, PROBE_VIEW = "nm-05", "090"


def demo(
    *, out: Annotated[Path, arg(metavar="DIR")] = Path("gaitprint-demo"), seed: int = 0, device: Device = "auto"
) -> dict[str, Any]:
    """Make walkers, train on some, recognise the others, and write a report.

    Forty synthetic people walk ten times before eleven cameras, as in CASIA-B: six times normally (nm), twice with a
    bag (bg), twice in a coat (cl). A CNN on gait energy images learns from 24 of them and is measured on the other 16.
    Then three others are enrolled by their videos, and two more videos show one of them and a stranger.

    Args:
        out: The folder for everything; a folder that is there already must be of an earlier demo.
        seed: Other people, other walks, another training.
        device: Where to compute.

    Returns:
        rank-1 by condition, the people nearest to one probe, what was answered about the two videos (videos), and the
        report's path.
    """
    walkers, run, evaluation = out / "walkers", out / "run", out / "evaluation"
    if out.exists() and not (out.is_dir() and (walkers.is_dir() or not any(out.iterdir()))):
        raise UsageError(f"{out}: exists and is no folder of a demo; choose another with --out")
    output.print(f"[bold]1/5[/bold] {DEMO_SUBJECTS} people walk before 11 cameras")
    synth(subjects=DEMO_SUBJECTS, out=walkers, seed=seed)
    draw_walkers(walkers, out / "walkers.png")
    output.print("[bold]2/5[/bold] a CNN on gait energy images learns from the first 24 of them")
    train("cnn-gei-demo", (f"training.seed={seed}",), data=walkers, out=run, resume=run.exists(), device=device)
    output.print("[bold]3/5[/bold] the other 16, whom it never saw, are recognised")
    metrics = evaluate(str(run), data=walkers, protocol="casia-b", out=evaluation, tsne=True, device=device)
    output.print("[bold]4/5[/bold] who is this?")
    nearest = identify_one(walkers, evaluation, out / "identified.png")
    output.print("[bold]5/5[/bold] three people are enrolled by their videos; two videos show who comes")
    videos = demo_videos.recognise_in_videos(out / "videos", seed=seed, device=device)
    rank1 = {condition["name"]: condition["rank1"] for condition in metrics["conditions"]}
    output.print(f"walkers: {out / 'walkers.png'}    who is this: {out / 'identified.png'}")
    output.print("rank-1, other views only:  " + "   ".join(f"{name} {value:.1%}" for name, value in rank1.items()))
    report = evaluation / "report.html"
    output.print(str(report))
    return {"rank1": rank1, "nearest": nearest, "videos": videos, "report": str(report)}


def draw_walkers(walkers: Path, path: Path) -> None:
    """Draw two people in the three conditions, three views each, as one picture."""
    from gaitprint.core.files import atomic_path
    from gaitprint.data.store import Store
    from gaitprint.reports.preview import contact_sheet

    store = Store.open(walkers)
    subjects = sorted({info.subject for info in store.infos})[:2]
    ids = [
        f"{subject}/{condition}/{view}"
        for subject in subjects
        for condition in ("nm-01", "bg-01", "cl-01")
        for view in ("000", "054", "090")
    ]
    rows = {walk: store.read_silhouettes(store.position(walk)) for walk in ids}
    figure = contact_sheet(rows, title="Synthetic walkers: normal, with a bag, in a coat")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def identify_one(walkers: Path, evaluation: Path, picture: Path) -> list[dict[str, Any]]:
    """Find the five people most like one probe, print them, and draw their walks."""
    import numpy as np

    from gaitprint.core.distance import pairwise_distance
    from gaitprint.core.embeddings import EmbeddingSet
    from gaitprint.core.files import atomic_path
    from gaitprint.data.store import Store
    from gaitprint.evaluation.results import Match
    from gaitprint.reports.matches import match_strip
    from gaitprint.reports.preview import walk_preview

    embeddings = EmbeddingSet.load(evaluation / "embeddings.npz")
    store = Store.open(walkers)
    probe = embeddings.ids.index(f"{min(embeddings.subjects)}/{PROBE_CONDITION}/{PROBE_VIEW}")
    gallery = np.flatnonzero(np.isin(embeddings.conditions, GALLERY_CONDITIONS) & (embeddings.views != PROBE_VIEW))
    distances = pairwise_distance(embeddings.embeddings[[probe]], embeddings.embeddings[gallery], "cosine")[0]
    nearest_first = np.argsort(distances, kind="stable")
    # The first walk of each person in that order: people, not walks, are ranked.
    _, first = np.unique(embeddings.subjects[gallery][nearest_first], return_index=True)
    five = nearest_first[np.sort(first)[:5]]
    truth = str(embeddings.subjects[probe])
    table = Table(
        title=f"The walk {embeddings.ids[probe]}, compared with {len(first)} people seen from other sides",
        title_justify="left",
        box=None,
        padding=(0, 2),
    )
    for heading in ("rank", "person", "cosine", "nearest walk", ""):
        table.add_column(heading)
    found = []
    for rank, entry in enumerate(five, start=1):
        person, walk = str(embeddings.subjects[gallery[entry]]), embeddings.ids[gallery[entry]]
        cosine = 1.0 - float(distances[entry])
        table.add_row(
            str(rank), person, f"{cosine:.3f}", walk, "[green]the same person[/green]" if person == truth else ""
        )
        found.append({"rank": rank, "subject": person, "cosine": cosine, "walk": walk, "correct": person == truth})
    output.print(table)
    match = Match(
        probe,
        tuple(int(gallery[entry]) for entry in five),
        tuple(float(distances[entry]) for entry in five),
        found[0]["correct"],
    )
    figure = match_strip(match, embeddings, lambda index: walk_preview(store.read(embeddings.ids[index])), "cosine")
    with atomic_path(picture) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
    return found

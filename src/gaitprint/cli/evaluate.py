"""`gaitprint evaluate`: a model, a store and a protocol in; a table, figures, embeddings and a page out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from gaitprint.cli.evaluate_pose import evaluate_pose_network
from gaitprint.cli.option_types import Device, Names
from gaitprint.cli.terminal import output
from gaitprint.core.errors import UsageError
from gaitprint.core.files import write_json, write_text


def evaluate(
    model: Positional[Annotated[str, arg(metavar="MODEL")]],
    /,
    *,
    data: Annotated[Path, arg(metavar="STORE")],
    protocol: Annotated[str, arg(metavar="NAME")],
    out: Annotated[Path, arg(metavar="DIR")],
    subjects: Names = (),
    show_matches: int = 5,
    show_fails: int = 5,
    tsne: bool = False,
    svm: bool = False,
    remove_unmatched: bool = False,
    sample_pairs: Annotated[int | None, arg(metavar="N")] = None,
    frame_step: Annotated[int, arg(metavar="N")] = 1,
    seed: int = 0,
    device: Device = "auto",
) -> dict[str, Any]:
    """Measure a model under a protocol; writes metrics.json, embeddings.npz and report.html.

    Only people that the model was not trained on are evaluated: the test split of the data where it has one, else
    everybody whom the training did not see. The protocol pose measures how near the joints are that a pose network
    finds, and writes metrics.json, pckh.png and examples.png.

    Args:
        model: A run folder, a weights file, or a shipped model's name (anthropometry needs no training).
        data: The store.
        protocol: casia-b, casia-b-pooled, oumvlp, gait3d, grew, first-walk, verification or open-set;
            pose for a pose network.
        out: The folder to write to.
        subjects: Evaluate these subjects instead; still none that the model was trained on.
        show_matches: How many random correct matches to show in the report.
        show_fails: How many of the most confident failures to show.
        tsne: Also draw a t-SNE map of the embeddings.
        svm: Also name the probes with a linear support vector machine that learns the gallery, all views together.
        remove_unmatched: Leave probes out whose subject the gallery lacks, instead of counting them as wrong.
        sample_pairs: For the protocol verification: compare a sample of so many pairs of two people.
        frame_step: For the protocol pose: take every N-th frame of each walk.
        seed: For everything drawn at random (which matches, t-SNE, the open-set split).
        device: Where to compute.

    Returns:
        What metrics.json holds.
    """
    if protocol == "pose":
        compared = {"tsne": tsne, "svm": svm, "remove-unmatched": remove_unmatched, "sample-pairs": sample_pairs}
        for option in (name for name, given in compared.items() if given):
            raise UsageError(f"--{option} is about walks that are compared; the protocol pose measures joints")
        return evaluate_pose_network(model, data=data, out=out, subjects=subjects, frame_step=frame_step, device=device)
    if frame_step != 1:
        raise UsageError(f"--frame-step is for the protocol pose; {protocol} takes walks as the model does")

    from gaitprint.data.store import Store
    from gaitprint.evaluation.attention import first_attention
    from gaitprint.evaluation.embed import load_embedder
    from gaitprint.evaluation.evaluate import check_options, evaluate_embeddings
    from gaitprint.evaluation.protocols import PROTOCOLS
    from gaitprint.evaluation.unseen import unseen_subjects
    from gaitprint.models.pose.weights import is_pose_network
    from gaitprint.reports.html import render_report
    from gaitprint.reports.preview import walk_preview
    from gaitprint.reports.tables import evaluation_table

    # Before the work starts.
    check_options(PROTOCOLS[protocol], svm=svm, remove_unmatched=remove_unmatched, sample_pairs=sample_pairs)
    if is_pose_network(model):
        raise UsageError(f"{model}: finds joints and recognises nobody; measure it with --protocol pose")
    store = Store.open(data)
    embedder = load_embedder(model, device)
    chosen = unseen_subjects(store, embedder.train_subjects, subjects)
    positions = [position for position, info in enumerate(store.infos) if info.subject in chosen]
    embeddings = embedder.embed_store(store, positions)
    evaluation = evaluate_embeddings(
        embeddings,
        protocol,
        metric=embedder.distance,
        probes=store.splits.get("probe"),
        seed=seed,
        remove_unmatched=remove_unmatched,
        sample_pairs=sample_pairs,
        svm=svm,
    )
    facts = embedder.facts | {"data": f"{store.path.name}, {len(store)} walks, {store.content_hash()[:12]}"}
    metrics = {"model": model, **evaluation.to_json(), "card": embedder.card, "data": store.content_hash()}
    write_json(out / "metrics.json", metrics)
    embeddings.save(out / "embeddings.npz")
    if evaluation.candidates is not None:
        evaluation.candidates.write_csv(out / "candidates.csv")
    report = out / "report.html"
    page = render_report(
        evaluation,
        embeddings,
        card=facts,
        previews=lambda index: walk_preview(store.read(store.infos[positions[index]].id)),
        show_matches=show_matches,
        show_fails=show_fails,
        tsne=tsne,
        seed=seed,
        attention=first_attention(embedder, store, positions),
    )
    write_text(report, page)
    output.print(evaluation_table(evaluation))
    output.print(str(report))
    return metrics

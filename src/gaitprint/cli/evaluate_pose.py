"""``gaitprint evaluate MODEL --protocol pose``: how well a pose network finds the joints of walks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gaitprint.cli.terminal import output
from gaitprint.core.errors import GaitprintError, UsageError
from gaitprint.core.files import atomic_path, write_json


def evaluate_pose_network(
    model: str, *, data: Path, out: Path, subjects: tuple[str, ...], frame_step: int, device: str
) -> dict[str, Any]:
    """Measure a pose network on the frames of a store; writes metrics.json, pckh.png and examples.png.

    Args:
        model: a run folder, a weights folder or file, or a shipped pose network's name.
        data: the store.
        out: the folder to write to.
        subjects: whom to measure on; empty for the test split, or everybody whom the training did not see.
        frame_step: take every so many-th frame of each walk.
        device: where to compute.

    Returns:
        What metrics.json holds.
    """
    from gaitprint.core.config import to_mapping
    from gaitprint.core.memory_format import channels_last
    from gaitprint.data.store import Store
    from gaitprint.evaluation.embed import choose_device
    from gaitprint.evaluation.pose import evaluate_pose
    from gaitprint.evaluation.unseen import unseen_subjects
    from gaitprint.models.pose.weights import load_pose_network
    from gaitprint.reports.pose_evaluation import pose_examples, pose_figure, pose_table

    if _is_gait_model(model):
        raise UsageError(f"{model}: recognises people and finds no joints; the protocol pose takes a pose network")
    network, card = load_pose_network(model)
    store = Store.open(data)
    chosen = unseen_subjects(store, {*card.train_subjects, *card.validation_subjects}, subjects)
    positions = [position for position, info in enumerate(store.infos) if info.subject in chosen]
    network = channels_last(network.to(choose_device(device)))
    evaluation = evaluate_pose(network, store, positions, frame_step=frame_step)
    metrics = {"model": model, **evaluation.to_json(), "frame_step": frame_step, "card": to_mapping(card)}
    metrics["data"] = store.content_hash()
    write_json(out / "metrics.json", metrics)
    output.print(pose_table(evaluation))
    figures = {
        "pckh.png": pose_figure(evaluation),
        "examples.png": pose_examples(
            evaluation,
            lambda position, frame: store.read_frames(position, [frame])[0],
            lambda position: store.infos[position].id,
        ),
    }
    for name, figure in figures.items():
        with atomic_path(out / name) as temporary:
            figure.savefig(temporary, format="png", dpi=110)
        output.print(str(out / name))
    return metrics


def _is_gait_model(model: str) -> bool:
    from gaitprint.models.pose.weights import find_pose_weights
    from gaitprint.models.weight_files import read_card_of
    from gaitprint.models.weights import Card

    try:
        read_card_of(find_pose_weights(model), Card)
    except GaitprintError:  # which loading the network reports
        return False
    return True

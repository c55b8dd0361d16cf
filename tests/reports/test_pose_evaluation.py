"""Pose evaluations as a table, bars and pictures."""

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import MPII_16
from gaitprint.data.store import Store
from gaitprint.evaluation.pose import PoseEvaluation, evaluate_pose
from gaitprint.models.pose.weights import build_pose_network
from gaitprint.reports.pose_evaluation import pose_examples, pose_figure, pose_table


@pytest.fixture
def store(tmp_path: Path) -> Store:
    rng = np.random.default_rng(0)
    Store.create(tmp_path / "store").add(
        [
            GaitSequence(
                *(subject, "nm-01", view, 25.0),
                frames=rng.integers(0, 256, (3, 40, 30, 3), dtype=np.uint8),
                joints=rng.uniform(5, 25, (3, 16, 2)).astype(np.float32),
                skeleton=MPII_16,
                confidence=np.tile(np.arange(16) != 3, (3, 1)).astype(np.float32),
            )
            for subject, view in (("$a", "000"), ("[b]", "_090"))
        ]
    )
    return Store(tmp_path / "store")


@pytest.fixture
def evaluation(store: Store) -> PoseEvaluation:
    network = build_pose_network({"name": "light-pose-nn", "channels": [4, 4, 4, 4], "blocks": [1, 1, 1]}).eval()
    return evaluate_pose(network, store, [0, 1])


def test_the_table_fits_a_narrow_terminal_and_has_every_joint_and_view(evaluation: PoseEvaluation) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(pose_table(evaluation))
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    for joint in MPII_16.joints:
        assert sum(line.strip().startswith(joint.replace("_", " ") + " ") for line in lines) == 1
    (hip,) = [line for line in lines if line.strip().startswith("left hip")]
    assert hip.split()[2:] == ["0", "–", "–", "–", "–"]
    assert any(line.split()[:2] == ["_090", "45"] for line in lines)
    assert any(line.split()[:2] == ["all", "90"] for line in lines)
    # Without the left hip, no frame has a torso.
    assert "- 6 frames left out where the torso is not annotated" in lines


def test_bars_have_a_label_for_every_joint_and_view(evaluation: PoseEvaluation) -> None:
    by_joint, by_view = pose_figure(evaluation).axes
    assert [label.get_text() for label in by_view.get_yticklabels()] == ["000", " _090", "all"]
    names = [label.get_text() for label in by_joint.get_yticklabels()]
    assert sorted(names) == sorted([*(joint.replace("_", " ") for joint in MPII_16.joints), "all"])
    widths = dict(zip(names, (bar.get_width() for bar in by_joint.patches), strict=True))
    assert widths["head top"] == pytest.approx(100 * evaluation.groups[0].pckh.per_joint[MPII_16.index("head_top")])
    assert widths["left hip"] == 0


def test_examples_show_the_frames_they_name(evaluation: PoseEvaluation, store: Store, tmp_path: Path) -> None:
    read: list[tuple[int, int]] = []

    def frame_of(position: int, frame: int) -> np.ndarray:
        read.append((position, frame))
        return store.read_frames(position, [frame])[0]

    figure = pose_examples(evaluation, frame_of, lambda position: store.infos[position].id)
    chosen = [index for indices in evaluation.examples(4).values() for index in indices]
    walks, frames = evaluation.estimates.walks, evaluation.estimates.frames
    assert read == [(walks[index], frames[index]) for index in chosen]
    figure.savefig(tmp_path / "examples.png")  # labels with dollar signs are drawn, not read as formulas
    assert (tmp_path / "examples.png").stat().st_size > 10_000

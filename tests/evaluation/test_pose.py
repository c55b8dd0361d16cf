"""Poses over stores, with a network that finds a bright dot: every figure is known beforehand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import COCO_17, MPII_16, convert_joints
from gaitprint.data.store import Store
from gaitprint.evaluation.pose import estimate_store, evaluate_pose
from gaitprint.models.pose.base import JointPositions, PoseNetwork

HEAD, NECK = MPII_16.index("head_top"), MPII_16.index("neck")


class DotFinder(PoseNetwork):
    """Says that all joints are where the picture is brightest."""

    resolution = 64
    map_resolution = 64

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    @classmethod
    def from_config(cls, config: object) -> "DotFinder":
        return cls()

    def features(self, images: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def joint_positions(self, images: torch.Tensor) -> JointPositions:
        assert images.shape[1:] == (3, 64, 64)
        weight = (images.mean(dim=1) + 1).double()
        axis = torch.arange(64).double() + 0.5
        total = weight.sum(dim=(1, 2))
        x = (weight.sum(dim=1) * axis).sum(dim=1) / total
        y = (weight.sum(dim=2) * axis).sum(dim=1) / total
        places = torch.stack([x, y], dim=1).float()[:, None].expand(-1, 16, 2)
        return JointPositions(places, torch.full(places.shape[:2], 0.75))


def dot_walk(
    subject: str, view: str, shape: tuple[int, int], frames: int, error: float, confidence: np.ndarray | None = None
) -> GaitSequence:
    """A dot that moves; all joints are `error` pixels to the right of it but for the head, which is 20 above."""
    height, width = shape
    rng = np.random.default_rng(len(subject) + frames)
    places = rng.uniform(0.35, 0.65, (frames, 2)) * [width, height]
    rows, columns = np.mgrid[:height, :width] + 0.5
    distance = (columns - places[:, 0, None, None]) ** 2 + (rows - places[:, 1, None, None]) ** 2
    image = (np.exp(-distance / 18) * 255).round().astype(np.uint8)
    joints = np.repeat(places[:, None], 16, axis=1)
    joints[:, :, 0] += error
    joints[:, HEAD, 1] -= 20
    return GaitSequence(
        subject,
        "nm-01",
        view,
        25.0,
        frames=np.repeat(image[..., None], 3, axis=3),
        joints=joints.astype(np.float32),
        skeleton=MPII_16,
        confidence=confidence,
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    unseen = np.ones((5, 16), np.float32)
    unseen[:, HEAD] = 0
    unseen[:, 0] = 0
    folder = tmp_path / "store"
    Store.create(folder).add(
        [
            dot_walk("a", "000", (96, 72), 40, error=2.0),
            dot_walk("b", "090", (50, 120), 7, error=12.0),
            dot_walk("c", "090", (64, 64), 5, error=0.0, confidence=unseen),
        ]
    )
    return Store(folder)


def test_joints_come_back_in_pixels_of_each_frame(store: Store) -> None:
    estimates = estimate_store(DotFinder().eval(), store, [2, 0, 1], batch_size=16)
    assert estimates.walks.tolist() == [2] * 5 + [0] * 40 + [1] * 7
    assert estimates.frames.tolist() == [*range(5), *range(40), *range(7)]
    for position, error in ((0, 2.0), (1, 12.0), (2, 0.0)):
        true, _ = store.read_joints(position)
        found = estimates.joints[estimates.walks == position]
        expected = true[:, 0] - [error, 0]
        np.testing.assert_allclose(found[:, 0], expected, atol=0.15)
    assert (estimates.probabilities == 0.75).all()


def test_batches_and_steps_change_nothing(store: Store) -> None:
    network = DotFinder().eval()
    whole = estimate_store(network, store, [0, 1, 2])
    small = estimate_store(network, store, [0, 1, 2], batch_size=1)
    np.testing.assert_allclose(small.joints, whole.joints, atol=1e-4)
    every_third = estimate_store(network, store, [0, 1, 2], frame_step=3)
    kept = whole.frames % 3 == 0
    assert every_third.frames.tolist() == whole.frames[kept].tolist()
    np.testing.assert_allclose(every_third.joints, whole.joints[kept], atol=1e-4)
    assert len(estimate_store(network, store, []).frames) == 0
    with pytest.raises(UsageError, match="frame_step is 0"):
        estimate_store(network, store, [0], frame_step=0)


def test_figures_by_hand(store: Store) -> None:
    evaluation = evaluate_pose(DotFinder().eval(), store, [0, 1, 2])
    everything, front, side = evaluation.groups
    assert [group.name for group in evaluation.groups] == ["all", "000", "090"]
    assert (evaluation.subjects, evaluation.walks, everything.frames) == (3, 3, 52)
    # Heads are 20 pixels long: of walk a all but the head are within 10 of it, of walk b nothing.
    assert front.pckh.mean == pytest.approx(15 / 16)
    assert side.pckh.mean == 0
    assert (side.pckh.frames, side.pckh.left_out) == (7, 5)
    assert everything.pckh.per_joint[HEAD] == 0
    assert everything.pckh.per_joint[NECK] == pytest.approx(40 / 47)
    assert front.distance_px.per_joint[0] == pytest.approx(2, abs=0.15)
    # The right ankle of walk c is not annotated.
    assert side.distance_px.per_joint[0] == pytest.approx(12, abs=0.15)
    assert side.distance_px.per_joint[1] == pytest.approx((7 * 12 + 5 * 0) / 12, abs=0.15)
    # Hips and shoulders in one place have no distance: no torso in any frame.
    assert (everything.pck.frames, everything.pck.left_out) == (0, 52)
    values = evaluation.to_json()
    assert values["pck"] is None
    assert values["pckh"] == pytest.approx((40 * 15) / (47 * 16))
    assert values["by_joint"][HEAD] == {
        "joint": "head_top",
        "joints": 47,
        "pckh": 0.0,
        "pck": None,
        "mean_distance_px": pytest.approx((40 * np.hypot(2, 20) + 7 * np.hypot(12, 20)) / 47, abs=0.2),
        "mean_distance_head": pytest.approx((40 * np.hypot(2, 20) + 7 * np.hypot(12, 20)) / 47 / 20, abs=0.01),
    }
    assert [view["view"] for view in values["by_view"]] == ["000", "090"]


def test_a_view_called_all_is_not_taken_for_all_views(tmp_path: Path) -> None:
    walks = [dot_walk("a", "000", (64, 64), 4, error=2.0), dot_walk("b", "all", (64, 64), 6, error=2.0)]
    Store.create(tmp_path / "s").add(walks)
    evaluation = evaluate_pose(DotFinder().eval(), Store(tmp_path / "s"), [0, 1])
    assert [(group.name, group.frames) for group in evaluation.groups] == [("all", 10), ("000", 4), ("all", 6)]


def test_examples_are_of_different_walks_and_in_order(store: Store) -> None:
    evaluation = evaluate_pose(DotFinder().eval(), store, [0, 1, 2])
    examples = evaluation.examples(3)
    walks = {name: evaluation.estimates.walks[indices].tolist() for name, indices in examples.items()}
    # Walk c has no head to measure by.
    assert walks == {"best": [0, 1], "median": [0, 1], "worst": [1, 0]}
    assert evaluation.errors[examples["best"][0]] == np.nanmin(evaluation.errors)
    assert evaluation.errors[examples["worst"][0]] == np.nanmax(evaluation.errors)


def test_joints_outside_of_the_picture_do_not_count(tmp_path: Path) -> None:
    walk = dot_walk("a", "000", (64, 64), 30, error=32.0)
    Store.create(tmp_path / "s").add([walk])
    assert walk.joints is not None
    inside = (walk.joints[..., 0] <= 64) & (walk.joints[..., 1] >= 0)
    evaluation = evaluate_pose(DotFinder().eval(), Store(tmp_path / "s"), [0])
    assert 0 < inside.mean() < 1
    np.testing.assert_array_equal(evaluation.present, inside)


def test_other_skeletons_are_converted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    joints = rng.uniform(20, 40, (2, 17, 2)).astype(np.float32)
    frames = np.full((2, 64, 64, 3), 255, np.uint8)
    Store.create(tmp_path / "s").add(
        [GaitSequence("a", "photo", "free", 25.0, frames=frames, joints=joints, skeleton=COCO_17)]
    )
    evaluation = evaluate_pose(DotFinder().eval(), Store(tmp_path / "s"), [0])
    expected, confidence = convert_joints(joints, COCO_17, MPII_16)
    np.testing.assert_allclose(evaluation.true, expected)
    np.testing.assert_array_equal(evaluation.present, confidence > 0)


def test_what_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    frames = np.zeros((2, 8, 8, 3), np.uint8)
    joints = np.ones((2, 16, 3), np.float32)
    none = np.zeros((2, 16), np.float32)
    Store.create(tmp_path / "s").add(
        [
            GaitSequence("a", "nm", "000", 25.0, silhouettes=frames[..., 0]),
            GaitSequence("b", "nm", "000", 25.0, frames=frames),
            GaitSequence("c", "nm", "000", 25.0, frames=frames, joints=joints, skeleton=MPII_16),
            GaitSequence(
                "d", "nm", "000", 25.0, frames=frames, joints=joints[..., :2], skeleton=MPII_16, confidence=none
            ),
        ]
    )
    store, network = Store(tmp_path / "s"), DotFinder().eval()
    with pytest.raises(IncompatibleError, match="no walk to find joints in"):
        evaluate_pose(network, store, [])
    with pytest.raises(IncompatibleError, match="a/nm/000: a pose network needs frames; this walk has silhouettes"):
        estimate_store(network, store, [0])
    for position, message in (
        (0, "a/nm/000: measuring poses needs frames and joints; this walk has only silhouettes"),
        (1, "b/nm/000: measuring poses needs frames and joints; this walk has only frames"),
        (2, "c/nm/000: measuring poses needs joints in pixels"),
        (3, "no joint is annotated in any of 2 frames"),
    ):
        with pytest.raises(IncompatibleError, match=message):
            evaluate_pose(network, store, [position])

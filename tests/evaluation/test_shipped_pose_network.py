"""The light pose network that comes with the package."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gaitprint.data.frames import SquareGeometry, square_frames, to_model
from gaitprint.evaluation.pose_metrics import head_size, pckh
from gaitprint.models.pose.base import PoseNetwork
from gaitprint.models.pose.weights import SHIPPED_POSE_WEIGHTS, PoseCard, load_pose_network
from gaitprint.synth.walkers import WalkSpec, render_walk


@pytest.fixture(scope="module")
def loaded() -> tuple[PoseNetwork, PoseCard]:
    (name,) = SHIPPED_POSE_WEIGHTS
    return load_pose_network(name)


def find(network: PoseNetwork, frames: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Joints in pixels of the frames, and their probabilities."""
    with torch.inference_mode():
        found = network.joint_positions(to_model(torch.from_numpy(square_frames(frames, network.resolution))))
    back = SquareGeometry(*frames.shape[1:3], network.resolution).from_square(found.positions.numpy())
    return back, found.probabilities.numpy()


def test_finds_the_joints_of_walkers_it_never_saw(loaded: tuple[PoseNetwork, PoseCard]) -> None:
    network, _ = loaded
    found, true = [], []
    for subject, condition, view in (("001", "nm-01", "062"), ("002", "bg-01", "118"), ("003", "cl-01", "197")):
        # People of another seed than those of the training.
        spec = WalkSpec(subject, condition, seed=77, views=(view,))
        walk = render_walk(spec, view, silhouettes=False, joints="mpii-16", joint_axes=2, frames=True)
        assert walk.frames is not None
        assert walk.joints is not None
        found.append(find(network, walk.frames[::6])[0])
        true.append(walk.joints[::6])
    joints = np.concatenate(true)
    present = np.ones(joints.shape[:2], np.bool_)
    assert pckh(np.concatenate(found), joints, present, head_size(joints, present)).mean > 0.9


def test_is_less_sure_where_nobody_is(loaded: tuple[PoseNetwork, PoseCard]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 160, 120, 3), dtype=np.uint8)
    assert find(loaded[0], noise)[1].mean() < 0.3


def test_its_card_says_where_it_comes_from(loaded: tuple[PoseNetwork, PoseCard]) -> None:
    network, card = loaded
    assert card.recipe == card.network["name"] == "light-pose-nn"
    assert len(card.train_subjects) == 171
    assert len(card.validation_subjects) == 8
    assert card.metrics["validation_pckh"] > 0.9
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_804_776

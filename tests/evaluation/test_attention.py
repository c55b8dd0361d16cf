import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import KINECT_V1_20, get_skeleton
from gaitprint.data.inputs import build_input
from gaitprint.data.poses.gait_cycles import gait_cycles
from gaitprint.data.store import Store
from gaitprint.evaluation.attention import attend_walk, attend_walks, first_attention, mean_attention
from gaitprint.evaluation.attention_ratios import frame_ratios, joint_ratios, pair_ratios
from gaitprint.evaluation.embed import Embedder
from gaitprint.models.weights import build_model
from gaitprint.synth.body import average_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import GaitStyle

TINY = {
    "name": "skeleton-transformer",
    "graph_channels": [8, 8],
    "frame_width": 8,
    "width": 8,
    "layers": 1,
    "feed_forward": 8,
    "heads": 2,
    "hidden": 8,
    "embedding": 4,
    "pyramid": [1, 2],
}


def make_embedder(skeleton: str = "kinect-v1-20", axes: int = 3, **options: object) -> Embedder:
    """A network of random weights whose attention is far from uniform."""
    torch.manual_seed(0)
    model = build_model({**TINY, "skeleton": skeleton, "axes": axes}, None)
    with torch.no_grad():
        for stage in (model.joint_attention, model.frame_attention):
            stage.attention.project.weight.mul_(4)
    joints = {"representation": "joints", "skeleton": skeleton, "axes": axes, "preprocessing": {}}
    options = {"frames": 30, "sampling": "clip"} | options
    return Embedder(model, build_input({**joints, **options}), name="skeleton-transformer")


def make_walk(frames: int, subject: str = "001", rate: float = 30.0) -> GaitSequence:
    points = walk(average_body(1.7), GaitStyle(), frames, frame_rate_hz=rate).landmarks
    joints = points[:, [LANDMARKS.index(name) for name in KINECT_V1_20.joints]] + np.float32([0.4, 0, 2])
    confidence = np.ones(joints.shape[:2], np.float32)
    confidence[:, KINECT_V1_20.index("left_hand")] = 0
    joint = (subject, f"walk-{frames}", "free", rate)
    return GaitSequence(*joint, joints=joints, skeleton=KINECT_V1_20, confidence=confidence)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Three walks, and one in which nothing was ever seen (002/walk-50)."""
    path = tmp_path_factory.mktemp("walks") / "store"
    unseen = np.zeros((50, 20), np.float32)
    empty = GaitSequence(
        *("002", "walk-50", "free", 30.0),
        joints=np.zeros((50, 20, 3), np.float32),
        skeleton=KINECT_V1_20,
        confidence=unseen,
    )
    Store.create(path).add([make_walk(150), make_walk(20), make_walk(400, "003", 120.0), empty])
    return Store(path)


def test_one_clip_is_what_the_model_says_of_it(store: Store) -> None:
    embedder = make_embedder()
    seen = attend_walk(embedder, store, store.position("001/walk-150/free"))
    clip = embedder.input.encode(store.read("001/walk-150/free"))
    _, maps = embedder.model.attend(torch.from_numpy(clip)[None])
    mask = clip[..., 3] > 0
    np.testing.assert_allclose(seen.joints.received, joint_ratios(maps.joints[0].detach().numpy(), mask), rtol=1e-5)
    np.testing.assert_allclose(seen.joints.pairs, pair_ratios(maps.joints[0].detach().numpy(), mask), rtol=1e-5)
    np.testing.assert_allclose(seen.frames, frame_ratios(maps.frames[0].detach().numpy(), mask.any(1)), rtol=1e-5)
    assert seen.moments.tolist() == list(range(60, 90))
    assert seen.clips.tolist() == [[60, 89]]
    hand = KINECT_V1_20.index("left_hand")
    assert np.isnan(seen.joints.received[hand])
    assert not np.isnan(np.delete(seen.joints.received, hand)).any()
    assert hand not in seen.joints.most_looked_at(20)


def test_clips_are_those_of_an_evaluation(store: Store) -> None:
    embedder = make_embedder(evaluation_clips=3)
    position = store.position("001/walk-150/free")
    together = attend_walk(embedder, store, position)
    whole = embedder.input.read(store, position, None)
    assert together.clips.tolist() == [[0, 29], [60, 89], [120, 149]]
    alone = []
    for first, last in together.clips:
        clip = whole[first : last + 1]
        maps = embedder.model.attend(torch.from_numpy(clip)[None])[1]
        values = frame_ratios(maps.frames[0].detach().numpy(), (clip[..., 3] > 0).any(axis=1))
        inside = (together.moments >= first) & (together.moments <= last)
        np.testing.assert_allclose(together.frames[inside], values, rtol=1e-4)
        alone.append(joint_ratios(maps.joints[0].detach().numpy(), clip[..., 3] > 0))
    np.testing.assert_allclose(together.joints.received, np.mean(alone, axis=0), rtol=1e-4)
    assert len(together.moments) == 90


def test_a_walk_shorter_than_a_clip_has_no_padding(store: Store) -> None:
    seen = attend_walk(make_embedder(evaluation_clips=2), store, store.position("001/walk-20/free"))
    assert seen.moments.tolist() == list(range(20))
    assert not np.isnan(seen.frames).any()
    assert seen.frames.mean() == pytest.approx(1.0, rel=1e-5)


def test_time_is_that_of_the_walk(store: Store) -> None:
    position = store.position("003/walk-400/free")
    resampled = attend_walk(make_embedder(frames=None, sampling="uniform"), store, position)
    assert (resampled.frame_rate_hz, len(resampled.poses), len(resampled.moments)) == (30.0, 100, 100)
    recorded = attend_walk(make_embedder(preprocessing=None, frames=None, sampling="uniform"), store, position)
    assert (recorded.frame_rate_hz, len(recorded.poses), len(recorded.moments)) == (120.0, 400, 400)
    (quick,), (slow,) = (
        gait_cycles(np.asarray(each.separation), each.frame_rate_hz)[:1] / each.frame_rate_hz
        for each in (resampled, recorded)
    )
    np.testing.assert_allclose(quick, slow, atol=0.04)


@pytest.mark.parametrize("preprocessing", [None, {}, {"size": "reference-bones"}])
def test_the_pose_walks_ahead_with_the_left_foot_before(store: Store, preprocessing) -> None:
    """Whatever the model is fed: x to the walker's right, y up, z ahead, in metres."""
    embedder = make_embedder(preprocessing=preprocessing)
    seen = attend_walk(embedder, store, store.position("001/walk-150/free"))
    pose = dict(zip(KINECT_V1_20.joints, seen.joints.pose, strict=True))
    assert pose["right_shoulder"][0] > 0 > pose["left_shoulder"][0]
    assert pose["left_ankle"][2] - pose["right_ankle"][2] > 0.3
    assert pose["left_foot"][2] > pose["left_ankle"][2]
    assert 1.2 < pose["head"][1] - pose["left_foot"][1] < 1.8
    assert np.isnan(pose["left_hand"]).all()


def test_uniform_attention_is_one_everywhere(store: Store) -> None:
    embedder = make_embedder()
    with torch.no_grad():
        for stage in (embedder.model.joint_attention, embedder.model.frame_attention):
            stage.attention.project.weight.zero_()
            stage.attention.project.bias.zero_()
    seen = attend_walk(embedder, store, store.position("001/walk-150/free"))
    for values in (seen.joints.received, seen.joints.pairs, seen.frames):
        np.testing.assert_allclose(values[~np.isnan(values)], 1.0, rtol=1e-5)


def test_mean_over_walks(store: Store) -> None:
    every, left_out = attend_walks(make_embedder(), store, range(len(store)))
    assert [walk for walk, _ in left_out] == ["002/walk-50/free"]
    assert "no joint was seen" in left_out[0][1]
    mean = mean_attention(every)
    received = np.stack([each.received for each in every])
    assert (mean.walks, len(every)) == (3, 3)
    np.testing.assert_allclose(mean.received, received.mean(axis=0))
    np.testing.assert_allclose(mean.deviation, received.std(axis=0))
    np.testing.assert_allclose(mean.pairs, np.mean([each.pairs for each in every], axis=0))
    values = json.loads(json.dumps(mean.to_json(), allow_nan=False))
    assert values["joints"]["left_hand"] is None
    assert values["joints"]["head"] == pytest.approx(mean.received[KINECT_V1_20.index("head")], abs=1e-4)
    assert values["from_to"]["head"]["pelvis"] == pytest.approx(
        mean.pairs[KINECT_V1_20.index("head"), KINECT_V1_20.index("pelvis")], abs=1e-4
    )
    assert mean_attention(every[:1]).deviation is None
    with pytest.raises(IncompatibleError, match="none of the walks"):
        mean_attention([])


def test_joints_in_the_image(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    joints = rng.normal(200, 50, size=(40, 17, 2)).astype(np.float32)
    Store.create(tmp_path / "s").add(
        [GaitSequence("1", "a", "b", 25.0, joints=joints, skeleton=get_skeleton("coco-17"))]
    )
    seen = attend_walk(make_embedder("coco-17", 2), Store(tmp_path / "s"), 0)
    assert seen.joints.pose.shape == (17, 2)
    assert seen.separation is not None


def test_a_report_does_without_where_there_is_nothing_to_show(store: Store) -> None:
    embedder = make_embedder()
    empty = store.position("002/walk-50/free")
    assert first_attention(embedder, store, [empty]) is None
    found = first_attention(embedder, store, [empty, 0])
    assert found is not None
    assert found.walk == store.infos[0].id
    other = build_model({"name": "anthropometry"}, None)
    declared = build_input(other.default_input(other.Config()))
    assert first_attention(Embedder(other, declared, name="anthropometry"), store, [0]) is None


def test_refuses_in_one_line(store: Store) -> None:
    other = build_model({"name": "anthropometry"}, None)
    declared = build_input(other.default_input(other.Config()))
    with pytest.raises(UsageError, match="anthropometry has no attention to show; these have: skeleton-transformer"):
        attend_walk(Embedder(other, declared, name="anthropometry"), store, 0)
    with pytest.raises(IncompatibleError, match="002/walk-50/free: no joint was seen"):
        attend_walk(make_embedder(), store, store.position("002/walk-50/free"))

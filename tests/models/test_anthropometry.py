import numpy as np
import torch

from gaitprint.core.skeletons import get_skeleton
from gaitprint.models.weights import build_model


def test_agrees_with_a_loop_over_bones_and_frames() -> None:
    rng = np.random.default_rng(0)
    skeleton = get_skeleton("coco-17")
    model = build_model({"name": "anthropometry", "skeleton": "coco-17"}, None)
    for frames in (1, 6, 7):
        joints = rng.normal(size=(3, frames, 17, 3)).astype(np.float32)
        seen = rng.random((3, frames, 17)) > 0.3
        seen[:, 0] = True
        inputs = torch.from_numpy(np.concatenate([joints, seen[..., None] * 0.5], -1).astype(np.float32))
        got = model(inputs).embedding[:, 0].numpy()
        for walk in range(3):
            for bone, (a, b) in enumerate(skeleton.bones):
                i, j = skeleton.index(a), skeleton.index(b)
                both = [t for t in range(frames) if seen[walk, t, i] and seen[walk, t, j]]
                expected = np.median([np.linalg.norm(joints[walk, t, i] - joints[walk, t, j]) for t in both])
                assert abs(got[walk, bone] - expected) < 1e-5


def test_frames_added_as_padding_change_nothing() -> None:
    torch.manual_seed(0)
    model = build_model({"name": "anthropometry"}, None)
    inputs = model.example_inputs(2)
    padded = torch.cat([inputs, torch.zeros(2, 5, *inputs.shape[2:])], dim=1)
    assert torch.equal(model(inputs).embedding, model(padded).embedding)


def test_a_bone_never_seen_is_nan() -> None:
    torch.manual_seed(0)
    model = build_model({"name": "anthropometry"}, None)
    inputs = model.example_inputs(1)
    skeleton = get_skeleton("kinect-v1-20")
    inputs[:, :, skeleton.index("head"), 3] = 0
    lengths = model(inputs).embedding[0, 0]
    assert [bool(value.isnan()) for value in lengths] == ["head" in bone for bone in skeleton.bones]

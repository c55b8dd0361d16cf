import numpy as np
import torch

from gaitprint.data.augmentation.joint_time import frames_at


def test_agrees_with_interpolation_joint_by_joint() -> None:
    rng = np.random.default_rng(0)
    walks = rng.normal(size=(3, 12, 4, 4)).astype(np.float32)
    walks[..., 3] = rng.uniform(0.1, 1, size=(3, 12, 4)) * (rng.random((3, 12, 4)) > 0.3)
    lengths = [12, 7, 1]
    moments = rng.uniform(-2, 14, size=(3, 40)).astype(np.float32)
    moments[:, :14] = np.arange(-1, 13)
    moments[:, 14] = 3.0004  # near enough to be frame 3
    found = frames_at(torch.from_numpy(walks), torch.from_numpy(moments), torch.tensor(lengths)[:, None].float())
    for walk, at, joint in np.ndindex(3, 40, 4):
        moment = float(moments[walk, at])
        moment = round(moment) if abs(moment - round(moment)) < 0.001 else moment
        expected = np.zeros(4)
        neighbours = sorted({int(np.floor(moment)), int(np.ceil(moment))})
        inside = neighbours[0] >= 0 and neighbours[-1] <= lengths[walk] - 1
        if inside and all(walks[walk, neighbour, joint, 3] > 0 for neighbour in neighbours):
            expected = [np.interp(moment, np.arange(12), walks[walk, :, joint, channel]) for channel in range(4)]
        np.testing.assert_allclose(found[walk, at, joint].numpy(), expected, atol=1e-5)

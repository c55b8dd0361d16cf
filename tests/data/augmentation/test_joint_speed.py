import torch

from gaitprint.data.augmentation.joint_speed import JointSpeed, JointSpeedConfig


def test_plays_faster_and_slower() -> None:
    torch.manual_seed(0)
    time = torch.arange(50).float()
    walks = torch.stack([time, 0 * time, -time, torch.ones_like(time)], dim=-1)[None, :, None].repeat(400, 1, 3, 1)
    walks[200:, 30:] = 0
    changed = JointSpeed(JointSpeedConfig(probability=1.0))(walks)
    for number, walk in enumerate(changed):
        length = 50 if number < 200 else 30
        seen = walk[:, 0, 3] > 0
        count = int(seen.sum())
        assert seen[:count].all()
        assert count <= length
        places = walk[:count, 0, 0]
        factor = float(places.diff().mean())
        assert 0.79 < factor < 1.21
        torch.testing.assert_close(places, places[0] + factor * time[:count], rtol=0, atol=3e-3)
        assert 0 <= places[0] <= places[-1] <= length - 1 + 1e-3
        if factor < 0.99:
            assert count == length
        else:
            assert places[0] < 0.6
            assert places[-1] + factor > length - 1 - 1e-2  # no frame that would still fit in is missing
    starts = changed[:200, 0, 0, 0]
    assert starts.max() > 5

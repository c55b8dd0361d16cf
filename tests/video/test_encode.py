import numpy as np
import pytest

from gaitprint.core.errors import UnreadableFileError
from gaitprint.video.decode import open_pictures
from gaitprint.video.encode import write_video


@pytest.mark.parametrize(("height", "width"), [(48, 64), (49, 65)])
def test_a_video_plays_as_it_was_written(height, width, tmp_path) -> None:
    frames = np.zeros((12, height, width, 3), np.uint8)
    frames[:, 10:30, 10:40, 0] = 220
    frames[..., 2] = (np.arange(12) * 15)[:, None, None]
    with write_video(tmp_path / "new" / "a.mp4", 12.5) as write:
        for frame in frames:
            write(frame)
        assert not (tmp_path / "new" / "a.mp4").exists()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.mp4"]
    video = open_pictures(tmp_path / "new" / "a.mp4")
    decoded = np.stack([picture.frame for picture in video]).astype(int)
    assert decoded.shape == (12, 48, 64, 3)
    assert video.frame_rate_hz == pytest.approx(12.5)
    assert np.abs(decoded[:, 15:25, 15:35] - frames[:, 15:25, 15:35]).mean() < 6


def test_an_interrupted_video_leaves_nothing(tmp_path) -> None:
    with pytest.raises(KeyboardInterrupt), write_video(tmp_path / "a.mp4", 25.0) as write:
        write(np.zeros((16, 16, 3), np.uint8))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_video_without_frames_is_none(tmp_path) -> None:
    with pytest.raises(UnreadableFileError, match="without a frame"), write_video(tmp_path / "a.mp4", 25.0):
        pass
    assert list(tmp_path.iterdir()) == []

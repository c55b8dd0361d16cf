"""Gait energy images: by hand, and against OpenCV's resize."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from gaitprint.core.errors import InvalidSequenceError, UnreadableFileError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.gei import gait_energy_image, gei_of_frames, write_gei_tree, write_store_geis
from gaitprint.data.store import Store


def test_mean_of_aligned_silhouettes() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (7, 64, 44), dtype=np.uint8)
    energy = gait_energy_image(frames)
    assert energy.dtype == np.float32
    np.testing.assert_allclose(energy, (frames / 255).mean(axis=0), atol=1e-6)
    with pytest.raises(InvalidSequenceError):
        gait_energy_image(frames[:0])


@pytest.mark.parametrize("size", [(240, 320), (128, 88), (64, 64), (1, 1), (357, 211)])
def test_frames_are_resized_as_opencv_does(size: tuple[int, int]) -> None:
    frames = np.random.default_rng(1).integers(0, 5, (6, *size), dtype=np.uint8)
    resized = [cv2.resize(frame, (88, 128), interpolation=cv2.INTER_NEAREST) > 1 for frame in frames]
    np.testing.assert_allclose(gei_of_frames(frames), np.mean(resized, axis=0), atol=1e-6)


def test_trees_and_stores(tmp_path: Path) -> None:
    folder = tmp_path / "tree" / "001" / "nm-01" / "090"
    folder.mkdir(parents=True)
    frame = np.zeros((128, 88), np.uint8)
    for number in range(4):
        frame[number, 0] = 2
        cv2.imwrite(str(folder / f"{number}.png"), frame)
    (folder / "notes.png").write_text("not a picture")
    (tmp_path / "tree" / "002" / "nm-01" / "090").mkdir(parents=True)
    summary = write_gei_tree(tmp_path / "tree", tmp_path / "out")
    assert summary.written == 1
    assert sorted(reason for _, reason in summary.rejects) == ["empty folder", "not a PNG"]
    image = cv2.imread(str(tmp_path / "out" / "001" / "nm-01" / "090.png"), cv2.IMREAD_UNCHANGED)
    assert image.shape == (128, 88)
    assert image[:5, 0].tolist() == [255, 191, 128, 64, 0]

    store = Store.create(tmp_path / "store")
    store.add([GaitSequence("1", "a", "b", 25.0, silhouettes=np.full((3, 64, 44), 255, np.uint8))])
    assert write_store_geis(store, tmp_path / "out2").written == 1
    assert (cv2.imread(str(tmp_path / "out2" / "1" / "a" / "b.png"), cv2.IMREAD_UNCHANGED) == 255).all()


def test_nothing_to_average(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="holds no walk of PNGs"):
        write_gei_tree(tmp_path, tmp_path / "out")
    store = Store.create(tmp_path / "store")
    store.add([GaitSequence("1", "a", "b", 25.0, joints=np.zeros((1, 17, 2), np.float32), skeleton="coco-17")])
    with pytest.raises(UsageError, match="no walk has silhouettes, only \\['joints'\\]"):
        write_store_geis(store, tmp_path / "out")

import cv2
import numpy as np
import torch

from gaitprint.data.augmentation.part_erosion import PartErosion, PartErosionConfig


def test_erodes_the_box_as_opencv_does_and_nothing_else(clips: torch.Tensor) -> None:
    config = PartErosionConfig(part_height=(0.5, 0.5), part_width=(0.5, 0.5), radius=(1 / 64, 1 / 64))
    drawn = torch.tensor([0.0, 0.0, 0.0, 0.999, 0.3]).expand(len(clips), 5)  # the upper right quarter
    changed = PartErosion(config).change(clips, drawn)
    assert not torch.equal(changed, clips)
    element = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    for before, after in zip(clips.flatten(0, 2).numpy(), changed.flatten(0, 2).numpy(), strict=True):
        expected = before.copy()
        expected[:32, 22:] = cv2.erode(before, element)[:32, 22:]
        np.testing.assert_array_equal(after, expected)


def test_the_edge_of_the_frame_erodes_nothing() -> None:
    person = torch.ones(2, 3, 1, 16, 12)
    eroded = PartErosion(PartErosionConfig(probability=1.0, radius=(0.2, 0.2)))(person)
    assert torch.equal(eroded, person)

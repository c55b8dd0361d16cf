import numpy as np

from gaitprint.core.registry import Registry
from gaitprint.data.augmentation import AUGMENTATIONS
from gaitprint.reports.augmentation import augmentation_sheet


def test_draws_the_original_and_every_augmentation_twice() -> None:
    clip = np.zeros((3, 8, 6), np.uint8)
    clip[:, 1:7, 1:3] = [[[255]], [[128]], [[77]]]
    axes = augmentation_sheet(clip).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    of_silhouettes = [name for name in AUGMENTATIONS if AUGMENTATIONS[name].modality == "silhouettes"]
    assert names == ["original", *of_silhouettes]
    sheet = np.asarray(axes.images[0].get_array())
    assert sheet.shape == (8 * len(names), 6 * 2 * 3)
    strip = np.concatenate([*clip, *clip], axis=1)
    rows = dict(zip(names, np.split(sheet, len(names)), strict=True))
    np.testing.assert_array_equal(rows["original"], strip)
    np.testing.assert_array_equal(rows["flip"], np.concatenate([*clip[:, :, ::-1], *clip[:, :, ::-1]], axis=1))
    for name in ("affine", "perspective", "rotation"):
        assert (rows[name][:, :18] != rows[name][:, 18:]).any(), name


def test_the_seed_decides() -> None:
    clip = np.pad(np.full((2, 6, 3), 255, np.uint8), ((0, 0), (1, 1), (1, 1)))
    rotation = Registry("augmentation", {"rotation": "gaitprint.data.augmentation.rotation:Rotation"})
    sheets = [
        np.asarray(augmentation_sheet(clip, seed=seed, augmentations=rotation).axes[0].images[0].get_array())
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(sheets[0], sheets[1])
    assert (sheets[0] != sheets[2]).any()

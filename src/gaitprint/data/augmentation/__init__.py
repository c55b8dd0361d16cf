"""Augmentation: changes of a training batch that leave the person the same; one file each, and this table of names."""

from gaitprint.core.registry import Registry

AUGMENTATIONS = Registry(
    "augmentation",
    {
        "affine": "gaitprint.data.augmentation.affine:Affine",
        "flip": "gaitprint.data.augmentation.flip:Flip",
        "frame-dropout": "gaitprint.data.augmentation.frame_dropout:FrameDropout",
        "part-blur": "gaitprint.data.augmentation.part_blur:PartBlur",
        "part-dilation": "gaitprint.data.augmentation.part_dilation:PartDilation",
        "part-erosion": "gaitprint.data.augmentation.part_erosion:PartErosion",
        "perspective": "gaitprint.data.augmentation.perspective:Perspective",
        "random-erasing": "gaitprint.data.augmentation.random_erasing:RandomErasing",
        "rotation": "gaitprint.data.augmentation.rotation:Rotation",
    },
)

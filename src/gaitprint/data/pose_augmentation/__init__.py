"""Augmentation of pictures with joints in them; one file each, and this table of names."""

from gaitprint.core.registry import Registry

POSE_AUGMENTATIONS = Registry(
    "augmentation of pictures",
    {
        "picture-flip": "gaitprint.data.pose_augmentation.flip:PictureFlip",
    },
)

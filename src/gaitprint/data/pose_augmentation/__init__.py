"""Augmentation of pictures with joints in them; one file each, and this table of names."""

from gaitprint.core.registry import Registry

POSE_AUGMENTATIONS = Registry(
    "augmentation of pictures",
    {
        "picture-affine": "gaitprint.data.pose_augmentation.affine:PictureAffine",
        "picture-colour": "gaitprint.data.pose_augmentation.colour:PictureColour",
        "picture-flip": "gaitprint.data.pose_augmentation.flip:PictureFlip",
        "picture-noise": "gaitprint.data.pose_augmentation.noise:PictureNoise",
        "picture-occlusion": "gaitprint.data.pose_augmentation.occlusion:PictureOcclusion",
        "picture-resolution": "gaitprint.data.pose_augmentation.resolution:PictureResolution",
    },
)

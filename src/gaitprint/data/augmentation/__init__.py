"""Augmentation: changes of a training batch that leave the person the same; one file each, and this table of names."""

from gaitprint.core.registry import Registry

AUGMENTATIONS = Registry(
    "augmentation",
    {
        "affine": "gaitprint.data.augmentation.affine:Affine",
        "flip": "gaitprint.data.augmentation.flip:Flip",
        "frame-dropout": "gaitprint.data.augmentation.frame_dropout:FrameDropout",
        "joint-crop": "gaitprint.data.augmentation.joint_crop:JointCrop",
        "joint-dropout": "gaitprint.data.augmentation.joint_dropout:JointDropout",
        "joint-flip": "gaitprint.data.augmentation.joint_flip:JointFlip",
        "joint-jitter": "gaitprint.data.augmentation.joint_jitter:JointJitter",
        "joint-shift": "gaitprint.data.augmentation.joint_shift:JointShift",
        "joint-speed": "gaitprint.data.augmentation.joint_speed:JointSpeed",
        "joint-yaw": "gaitprint.data.augmentation.joint_yaw:JointYaw",
        "part-blur": "gaitprint.data.augmentation.part_blur:PartBlur",
        "part-dilation": "gaitprint.data.augmentation.part_dilation:PartDilation",
        "part-erosion": "gaitprint.data.augmentation.part_erosion:PartErosion",
        "perspective": "gaitprint.data.augmentation.perspective:Perspective",
        "random-erasing": "gaitprint.data.augmentation.random_erasing:RandomErasing",
        "rotation": "gaitprint.data.augmentation.rotation:Rotation",
    },
)

"""Augmentation: changes of a training batch that leave the person the same; one file each, and this table of names."""

from gaitprint.core.registry import Registry

AUGMENTATIONS = Registry("augmentation", {})

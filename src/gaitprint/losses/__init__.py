"""Losses: one file each, and this table of their names."""

from gaitprint.core.registry import Registry

LOSSES = Registry(
    "loss",
    {
        "arcface": "gaitprint.losses.arcface:ArcFace",
        "center": "gaitprint.losses.center:Center",
        "contrastive": "gaitprint.losses.contrastive:Contrastive",
        "cosface": "gaitprint.losses.cosface:CosFace",
        "cross-entropy": "gaitprint.losses.cross_entropy:CrossEntropy",
        "masked-reconstruction": "gaitprint.losses.masked_reconstruction:MaskedReconstruction",
        "supervised-contrastive": "gaitprint.losses.supervised_contrastive:SupervisedContrastive",
        "triplet": "gaitprint.losses.triplet:Triplet",
    },
)

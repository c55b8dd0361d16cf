"""Losses: one file each, and this table of their names."""

from gaitprint.core.registry import Registry

LOSSES = Registry(
    "loss",
    {
        "cross-entropy": "gaitprint.losses.cross_entropy:CrossEntropy",
        "masked-reconstruction": "gaitprint.losses.masked_reconstruction:MaskedReconstruction",
        "triplet": "gaitprint.losses.triplet:Triplet",
    },
)

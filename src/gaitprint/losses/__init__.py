"""Losses: one file each, and this table of their names."""

from gaitprint.core.registry import Registry

LOSSES = Registry(
    "loss",
    {
        "cross-entropy": "gaitprint.losses.cross_entropy:CrossEntropy",
        "triplet": "gaitprint.losses.triplet:Triplet",
    },
)

"""Losses of pose networks: one file each, and this table of their names."""

from gaitprint.core.registry import Registry

POSE_LOSSES = Registry(
    "pose loss",
    {
        "heat-map-cross-entropy": "gaitprint.losses.pose.heat_map_cross_entropy:HeatMapCrossEntropy",
        "heat-map-squared-error": "gaitprint.losses.pose.heat_map_squared_error:HeatMapSquaredError",
    },
)

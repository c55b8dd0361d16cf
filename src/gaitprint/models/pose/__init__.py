"""Networks that find the 16 joints of a person in a picture: one file each, and this table of their names."""

from gaitprint.core.registry import Registry

POSE_NETWORKS = Registry(
    "pose network",
    {
        "human-pose-nn": "gaitprint.models.pose.human_pose_nn:HumanPoseNN",
        "light-pose-nn": "gaitprint.models.pose.light_pose_nn:LightPoseNN",
    },
)

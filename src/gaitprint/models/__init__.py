"""Networks: one file each, and this table of their names."""

from gaitprint.core.registry import Registry

MODELS = Registry(
    "model",
    {
        "anthropometry": "gaitprint.models.anthropometry:Anthropometry",
        "cnn-gei": "gaitprint.models.cnn_gei:CnnGei",
        "cnn-gru": "gaitprint.models.cnn_gru:CnnGru",
        "gait-base": "gaitprint.models.gait_base:GaitBase",
        "gait-nn": "gaitprint.models.gait_nn:GaitNN",
        "gaitbert": "gaitprint.models.gaitbert:GaitBert",
        "gait-statistics": "gaitprint.models.gait_statistics:GaitStatistics",
        "pose-gait-nn": "gaitprint.models.pose_gait_nn:PoseGaitNN",
        "resgcn": "gaitprint.models.resgcn:ResGcn",
        "skeleton-transformer": "gaitprint.models.skeleton_transformer:SkeletonTransformer",
    },
)

"""Networks: one file each, and this table of their names."""

from gaitprint.core.registry import Registry

MODELS = Registry(
    "model",
    {
        "anthropometry": "gaitprint.models.anthropometry:Anthropometry",
        "cnn-gei": "gaitprint.models.cnn_gei:CnnGei",
        "cnn-gru": "gaitprint.models.cnn_gru:CnnGru",
        "gaitbert": "gaitprint.models.gaitbert:GaitBert",
        "gait-statistics": "gaitprint.models.gait_statistics:GaitStatistics",
        "resgcn": "gaitprint.models.resgcn:ResGcn",
        "skeleton-transformer": "gaitprint.models.skeleton_transformer:SkeletonTransformer",
    },
)

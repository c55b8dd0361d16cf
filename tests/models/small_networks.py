"""Small networks on skeletons that have learnt something, and joints for them."""

from typing import Any

import torch
from torch import Tensor

from gaitprint.models.base import GaitModel
from gaitprint.models.weights import build_model

# Small ones, without what is random in training.
SMALL: dict[str, dict[str, Any]] = {
    "resgcn": {"branch_channels": 8, "channels": (16, 24), "kernel": 5, "joint_channels": 4, "embedding": 8},
    "skeleton-transformer": {
        "graph_channels": (8, 16),
        "frame_width": 16,
        "heads": 4,
        "width": 16,
        "layers": 2,
        "feed_forward": 32,
        "hidden": 16,
        "embedding": 8,
        "graph_dropout": 0.0,
        "dropout": 0.0,
    },
}


def random_walks(batch: int, frames: int, unseen: float = 0.0, joints: int = 20, axes: int = 3) -> Tensor:
    """Joints [B, T, J, axes + 1] with a share unseen, none of it a whole frame."""
    confidence = (torch.rand(batch, frames, joints, 1) >= unseen).float()
    confidence[:, :, 0] = 1
    return torch.cat([torch.randn(batch, frames, joints, axes), confidence], dim=-1)


def small_model(name: str, **options: object) -> GaitModel:
    """A small model in evaluation mode whose normalisations have learnt something."""
    torch.manual_seed(3)
    model = build_model({"name": name, "skeleton": "kinect-v1-20", **SMALL[name], **options}, 5).train()
    with torch.no_grad():
        for _ in range(3):
            model(random_walks(6, 9, joints=model.num_joints, axes=model.axes) * 2)
    return model.eval()

"""Pose networks through ONNX Runtime: the fastest way on a CPU that finds the same joints (`benchmarks/pose_speed.py`).

The graph is recorded once for each set of weights, compared with PyTorch, and kept in the user's cache folder. Without
ONNX Runtime (the extra ``export``) a pose network computes in PyTorch.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from gaitprint.core.config import to_mapping
from gaitprint.core.errors import IncompatibleError
from gaitprint.core.memory_format import channels_last
from gaitprint.data.feature_cache import cache_folder
from gaitprint.interop.onnx import export_onnx, pose_graph
from gaitprint.models.pose.base import JointPositions, PoseNetwork
from gaitprint.models.pose.weights import PoseCard

# Images [B, 3, R, R] in -1..1 -> where their joints are.
LocateJoints = Callable[[Tensor], JointPositions]


def fastest_locator(network: PoseNetwork, card: PoseCard, device: torch.device) -> LocateJoints:
    """Return what finds joints fastest: ONNX Runtime on a CPU where it is installed, else PyTorch.

    Args:
        network: with its weights; put on `device`.
        card: of the weights, which name the file that is kept.
        device: where to compute.
    """
    installed = all(importlib.util.find_spec(package) for package in ("onnxruntime", "onnxscript"))
    if device.type == "cpu" and installed:
        # Where the file cannot be kept, or does not agree, PyTorch finds the same joints, only slower.
        with contextlib.suppress(IncompatibleError, OSError):
            return _OnnxLocator(_recorded(network, card))
    return channels_last(network.to(device)).eval().joint_positions


def _recorded(network: PoseNetwork, card: PoseCard) -> Path:
    path = cache_folder() / "onnx" / f"{card.weights_hash}.onnx"
    if not path.is_file():
        export_onnx(pose_graph(network.eval(), str(card.network["name"]), to_mapping(card)), path)
    return path


class _OnnxLocator:
    """Joints from a file that `export_onnx` wrote, with as many threads as PyTorch has."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, images: Tensor) -> JointPositions:
        found = self._session.run(["positions", "probabilities"], {"images": images.contiguous().numpy()})
        return JointPositions(*(torch.from_numpy(values) for values in found))

"""Pose networks through ONNX Runtime: the fastest way on a CPU that finds the same joints (`benchmarks/pose_speed.py`).

The graph is recorded once for each network, compared with PyTorch, and kept in the user's cache folder. Without ONNX
Runtime (the extra ``export``) a pose network computes in PyTorch.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from gaitprint import __version__
from gaitprint.core.config import to_mapping
from gaitprint.core.errors import one_line
from gaitprint.core.memory_format import channels_last
from gaitprint.core.progress import console
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
        card: of the weights.
        device: where to compute.
    """
    installed = all(importlib.util.find_spec(package) for package in ("onnxruntime", "onnxscript"))
    if device.type == "cpu" and installed:
        try:
            return _OnnxLocator(_recorded(network, card))
        except Exception as error:
            # Whatever it is (a folder that cannot be written, a damaged file, packages that do not go together),
            # PyTorch finds the same joints.
            console.print(
                f"joints are found by PyTorch, slower than by ONNX Runtime ({one_line(error)[:300]})", markup=False
            )
    return channels_last(network.to(device)).eval().joint_positions


def _recorded(network: PoseNetwork, card: PoseCard) -> Path:
    # All that the file depends on: a release may decode joints in another way, and packages record another graph.
    contents = [to_mapping(card), __version__, *(version(package) for package in ("torch", "onnxscript"))]
    key = hashlib.sha256(json.dumps(contents).encode()).hexdigest()
    path = cache_folder() / "onnx" / f"{key}.onnx"
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

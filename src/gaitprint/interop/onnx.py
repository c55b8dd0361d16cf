"""Networks as ONNX files, each compared with PyTorch before it is kept.

The graph has any number of walks (or pictures), and of frames where the network takes a walk's frames. The card
travels in the file's metadata, under `CARD_KEY`. What a file computes is the network alone: input representation,
averaging over clips and normalised scores stay with whoever runs it, as the card says.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gaitprint import __version__
from gaitprint.core.config import to_mapping
from gaitprint.core.errors import IncompatibleError, UnreadableFileError, UsageError
from gaitprint.core.extras import needs_extra
from gaitprint.core.files import atomic_path
from gaitprint.core.progress import progress_bar
from gaitprint.core.registry import unknown_name_message
from gaitprint.data.inputs import ModelInput
from gaitprint.data.silhouette_inputs import GeiInput, SilhouettesInput
from gaitprint.evaluation.embed import SHIPPED, load_network, weights_folder
from gaitprint.interop.onnx_recurrent import recurrent_layers_as_nodes
from gaitprint.models import MODELS
from gaitprint.models.base import GaitModel
from gaitprint.models.pose import POSE_NETWORKS
from gaitprint.models.pose.base import PoseNetwork
from gaitprint.models.pose.weights import SHIPPED_POSE_WEIGHTS, PoseCard, load_pose_network
from gaitprint.models.weight_files import read_card_of

CARD_KEY = "gaitprint_card"

# Largest difference of an output from PyTorch's, as a share of its largest value, with which a file is kept.
TOLERANCE = 1e-4

Arrays = Sequence[NDArray[Any]]
NetworkT = TypeVar("NetworkT", bound=nn.Module)


@dataclass(frozen=True)
class OnnxGraph:
    """A network with one input and named outputs.

    Args:
        name: what it is called in messages.
        module: tensor in, one tensor or a tuple of them out; in evaluation mode, on the CPU.
        input_name: of the input.
        dynamic_axes: names of the input's first axes, which may have any length: ``batch``, then perhaps ``frames``.
        output_names: of the outputs.
        example: (batch, more frames) -> random inputs.
        differences: (PyTorch's outputs, ONNX Runtime's) -> how far each is off, as a share of its largest value.
        card: of the weights.
    """

    name: str
    module: nn.Module
    input_name: str
    dynamic_axes: tuple[str, ...]
    output_names: tuple[str, ...]
    example: Callable[[int, int], Tensor]
    differences: Callable[[Arrays, Arrays], list[float]]
    card: Mapping[str, Any]


@dataclass(frozen=True)
class OnnxFile:
    """What `export_onnx` wrote.

    Args:
        path: the file.
        size: in bytes.
        shapes: of inputs and outputs by name; text for axes of any length.
        differences: of the outputs from PyTorch's, by name, as a share of the largest value.
    """

    path: Path
    size: int
    shapes: dict[str, list[int | str]]
    differences: dict[str, float]


def model_graph(model: GaitModel, model_input: ModelInput, name: str, card: Mapping[str, Any]) -> OnnxGraph:
    """Return the graph of a model that embeds walks: ``inputs`` [batch, (frames,) ...] -> ``embedding`` [batch, P, D].

    Args:
        model: the model.
        model_input: what it is fed; says the size of pictures, and whether there are frames.
        name: of the model.
        card: of its weights.
    """

    def example(batch: int, more_frames: int) -> Tensor:
        inputs = model.example_inputs(batch)
        if isinstance(model_input, GeiInput):
            return torch.rand(batch, 1, *model_input.size) * 2 - 1
        if isinstance(model_input, SilhouettesInput):
            inputs = torch.rand(*inputs.shape[:-2], *model_input.size) * 2 - 1
        if more_frames:
            inputs = torch.cat([inputs, inputs.flip(1)[:, :more_frames]], dim=1)
        return inputs

    axes = ("batch",) if isinstance(model_input, GeiInput) else ("batch", "frames")
    return OnnxGraph(name, _Embedding(model), "inputs", axes, ("embedding",), example, relative_differences, card)


def pose_graph(network: PoseNetwork, name: str, card: Mapping[str, Any]) -> OnnxGraph:
    """Return the graph of a pose network; its outputs are the fields of `PoseOutput` and of `JointPositions`.

    Args:
        network: the network; ``images`` [batch, 3, R, R] in.
        name: of the network.
        card: of its weights.
    """

    def example(batch: int, more_frames: int) -> Tensor:
        return network.example_inputs(batch)

    def differences(expected: Arrays, found: Arrays) -> list[float]:
        features, logits, _, probabilities = relative_differences(expected, found)
        return [features, logits, _below_maximum(network, torch.from_numpy(expected[1]), found[2]), probabilities]

    outputs = ("features", "logits", "positions", "probabilities")
    return OnnxGraph(name, _Pose(network), "images", ("batch",), outputs, example, differences, card)


def load_graph(model: str | os.PathLike[str]) -> OnnxGraph:
    """Return the graph of what MODEL stands for.

    Args:
        model: a run folder (its best weights), a weights folder or file, or a shipped model's or pose network's name.

    Raises:
        UsageError: no such model, or a fusion of several.
        UnreadableFileError: damaged weights or card.
        IncompatibleError: weights and card do not fit together.
    """
    name, path = os.fspath(model), Path(model)
    if not path.exists() and name not in {*MODELS, *SHIPPED, *POSE_NETWORKS}:
        message = unknown_name_message("shipped model", name, (*SHIPPED, *SHIPPED_POSE_WEIGHTS))
        raise UsageError(f"{message}; and there is no such folder or file")
    if _holds_pose_network(path) if path.exists() else name in POSE_NETWORKS:
        network, card = load_pose_network(model)
        return pose_graph(network, str(card.network["name"]), to_mapping(card))
    embedder = load_network(model, "cpu")
    return model_graph(embedder.model, embedder.input, embedder.name, embedder.card)


def export_onnx(graph: OnnxGraph, path: str | os.PathLike[str]) -> OnnxFile:
    """Write an ONNX file, and keep it only if ONNX Runtime computes from it what PyTorch does.

    It is compared on random inputs of other numbers of walks and frames than the graph was recorded with.

    Args:
        graph: what to write.
        path: the file; a model of the same name is replaced.

    Raises:
        MissingExtraError: the packages of the extra ``export`` are missing.
        IncompatibleError: an output differs by more than `TOLERANCE`; the file is not kept.
    """
    _require_packages()
    path = Path(path)
    with progress_bar() as progress, atomic_path(path) as temporary:
        task = progress.add_task(f"exporting {graph.name}", total=2, note="recording the graph")
        _write(graph, temporary)
        progress.update(task, advance=1, note="comparing with PyTorch")
        differences, shapes = _compare(graph, temporary)
        progress.advance(task)
        for name, difference in differences.items():
            if not difference <= TOLERANCE:
                raise IncompatibleError(
                    f"{path}: not kept: '{name}' of {graph.name} differs from PyTorch's by {difference:.1e} of its "
                    f"largest value, more than {TOLERANCE:.0e}"
                )
    return OnnxFile(path, path.stat().st_size, shapes, differences)


def relative_differences(expected: Arrays, found: Arrays) -> list[float]:
    """Largest difference of each array, as a share of the largest expected value; infinite where NaN is elsewhere."""
    return [_relative_difference(*pair) for pair in zip(expected, found, strict=True)]


def _relative_difference(expected: NDArray[Any], found: NDArray[Any]) -> float:
    if expected.shape != found.shape or not np.array_equal(np.isnan(expected), np.isnan(found)):
        return float("inf")
    known = ~np.isnan(expected)
    largest = float(np.abs(expected, where=known, out=np.zeros_like(expected)).max(initial=0))
    difference = float(np.abs(expected - found, where=known, out=np.zeros_like(expected)).max(initial=0))
    return difference / largest if largest else difference


def _below_maximum(network: PoseNetwork, logits: Tensor, positions: NDArray[Any]) -> float:
    """How far the heat maps [B, J, M, M] are below their maximum at joints [B, J, 2], as a share of it.

    A joint is where its map is highest: of two places that are equally high but for rounding, either is right.
    """
    smooth = network.blur(logits.sigmoid())
    maxima = torch.stack([smooth.amax(dim=2), smooth.amax(dim=3)], dim=2)  # [B, J, 2, M]: over rows, over columns
    scale = network.map_resolution / network.resolution
    places = torch.from_numpy(positions * scale).round().long()  # [B, J, 2]
    if places.shape != maxima.shape[:3] or not bool(((places >= 0) & (places < maxima.shape[3])).all()):
        return float("inf")
    highest = maxima.amax(dim=3)
    return float(((highest - maxima.gather(3, places[..., None]).squeeze(3)) / highest).max())


class _Embedding(nn.Module):
    """A gait model's embedding alone."""

    def __init__(self, model: GaitModel) -> None:
        super().__init__()
        self.model = _recordable(model)

    def forward(self, inputs: Tensor) -> Tensor:
        embedding: Tensor = self.model(inputs).embedding
        return embedding


class _Pose(nn.Module):
    """A pose network with its joints decoded."""

    def __init__(self, network: PoseNetwork) -> None:
        super().__init__()
        self.network = _recordable(network)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        output = self.network(images)
        joints = self.network.decode(output.logits)
        return output.features, output.logits, joints.positions, joints.probabilities


def _recordable(network: NetworkT) -> NetworkT:
    """Put a network into evaluation mode, its weights into rows: channels last, they tie the graph to sizes."""
    for parameter in network.parameters():
        # Not contiguous(): to it, the weights of a single input channel lie either way, and it leaves them.
        parameter.data = parameter.data.clone(memory_format=torch.contiguous_format)
    return network.eval()


def _holds_pose_network(path: Path) -> bool:
    try:
        read_card_of(weights_folder(path), PoseCard)
    except UnreadableFileError:
        return False
    return True


def _write(graph: OnnxGraph, path: Path) -> None:
    from onnx_ir.passes.common import ClearMetadataAndDocStringPass

    from gaitprint.interop.onnx_operators import onnx_translations

    with torch.no_grad(), recurrent_layers_as_nodes(graph.module), _silent_exporter():
        program = torch.onnx.export(
            graph.module,
            # A batch of one would be taken for an axis that is always 1, and other strides for part of the graph.
            (graph.example(2, 0).contiguous(),),
            dynamo=True,
            input_names=[graph.input_name],
            output_names=list(graph.output_names),
            dynamic_shapes=(dict(enumerate(graph.dynamic_axes)),),
            custom_translation_table=onnx_translations(),
            verbose=False,
        )
    assert program is not None
    # Every node remembers lines of code, with paths of this machine.
    model = ClearMetadataAndDocStringPass()(program.model).model
    model.producer_name, model.producer_version = "gaitprint", __version__
    model.metadata_props[CARD_KEY] = json.dumps(dict(graph.card))
    program.save(path, external_data=False)


def _compare(graph: OnnxGraph, path: Path) -> tuple[dict[str, float], dict[str, list[int | str]]]:
    """Run the file on inputs of several sizes; return the largest differences, and the shapes that it declares."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
    has_frames = "frames" in graph.dynamic_axes
    largest = np.zeros(len(graph.output_names))
    for batch, more_frames in ((3, 2), (1, 1)):
        inputs = graph.example(batch, more_frames if has_frames else 0)
        with torch.inference_mode():
            outputs = graph.module(inputs)
        expected = [output.numpy() for output in (outputs if isinstance(outputs, tuple) else (outputs,))]
        found = session.run(list(graph.output_names), {graph.input_name: inputs.numpy()})
        largest = np.maximum(largest, graph.differences(expected, found))
    shapes = {value.name: list(value.shape) for value in (*session.get_inputs(), *session.get_outputs())}
    return dict(zip(graph.output_names, largest.tolist(), strict=True)), shapes


def _require_packages() -> None:
    with needs_extra("export", "the export to ONNX"):
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401


@contextmanager
def _silent_exporter() -> Iterator[None]:
    """Keep back what the exporter says about itself: packages that it would also know, its own deprecated calls."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)

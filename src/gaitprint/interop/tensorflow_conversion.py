"""A TensorFlow checkpoint of HumanPoseNN, GaitNN or both as one weights file of ours."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray
from torch import Tensor, nn

from gaitprint.core.config import from_mapping, to_mapping
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.data.pose_feature_inputs import PoseFeaturesConfig, PoseFeaturesInput
from gaitprint.interop.tensorflow_checkpoint import find_checkpoint, read_checkpoint
from gaitprint.interop.tensorflow_gait_nn import gait_nn_tensors
from gaitprint.interop.tensorflow_human_pose import (
    HUMAN_POSE_VARIABLES,
    human_pose_tensors,
    ignored_human_pose_variables,
)
from gaitprint.models.pose.weights import PoseCard, build_pose_network
from gaitprint.models.weight_files import AnyCard, load_tensors, write_weights_file
from gaitprint.models.weights import Card, build_model

_POSE_SCOPE, _GAIT_SCOPE = "InceptionResnetV2/", "GaitNN/"

Kind = Literal["human-pose-nn", "gait-nn", "pose-gait-nn"]


class Count(NamedTuple):
    """How many.

    Args:
        tensors: arrays, or variables.
        values: numbers in them.
    """

    tensors: int
    values: int


@dataclass(frozen=True)
class Conversion:
    """What became of a checkpoint.

    Args:
        kind: what was found in it.
        path: the file that was written.
        card: what the file says of itself.
        parts: part of the network -> what the file holds of it, in the network's order.
        used: variables that the network has.
        left_out: variable -> why the network does not have it.
        left_out_values: variable -> number of its values.
        one_cell: a GaitNN of which the checkpoint has one recurrent cell, be it for one layer or for two.
        shared_cell: both recurrent layers have the values of that one cell.
    """

    kind: Kind
    path: Path
    card: AnyCard
    parts: dict[str, Count]
    used: Count
    left_out: dict[str, str]
    left_out_values: dict[str, int]
    one_cell: bool
    shared_cell: bool


def convert_checkpoint(
    checkpoint: str | os.PathLike[str], out: Path, pose: str | None = None, rnn_layers: int | None = None
) -> Conversion:
    """Read a checkpoint, find out what it holds, and write one weights file with its card inside.

    Args:
        checkpoint: see `tensorflow_checkpoint.read_checkpoint`.
        out: the ``.safetensors`` file to write.
        pose: of a GaitNN alone: the pose network whose features it takes: a shipped network's name, a run folder, or a
            weights file.
        rnn_layers: of a GaitNN: see `tensorflow_gait_nn.gait_nn_tensors`.

    Raises:
        UsageError: no checkpoint there; `pose` missing, or given where it has no place; another ending of `out`.
        UnreadableFileError: a damaged checkpoint.
        IncompatibleError: variables that are neither of both networks, or not all of one.
        MissingExtraError: TensorFlow is not installed.
    """
    if out.suffix != ".safetensors":
        raise UsageError(f"{out}: weights are written to a .safetensors file")
    name = find_checkpoint(Path(checkpoint))
    variables = read_checkpoint(name)
    try:
        kind = _kind(variables)
        _check_options(kind, pose, rnn_layers)
        mapped = _map(kind, variables, rnn_layers)
    except (IncompatibleError, UsageError) as error:
        raise type(error)(f"{name}: {error}") from error
    network, card = _describe(kind, mapped.options, pose, f"TensorFlow checkpoint {name.name}")
    load_tensors(network, mapped.tensors, name)
    card = write_weights_file(out, network.eval(), card)
    return Conversion(
        kind=kind,
        path=out,
        card=card,
        parts=_parts(mapped.tensors),
        used=_values(variables, variables.keys() - mapped.left_out.keys()),
        left_out=dict(sorted(mapped.left_out.items())),
        left_out_values={variable: variables[variable].size for variable in sorted(mapped.left_out)},
        one_cell=mapped.one_cell,
        shared_cell=mapped.shared_cell,
    )


@dataclass(frozen=True)
class _Mapped:
    """Variables as tensors of a network, whose options these are, and those that it does not have."""

    options: dict[str, Any]
    tensors: dict[str, Tensor]
    left_out: dict[str, str]
    one_cell: bool = False
    shared_cell: bool = False


def _kind(variables: Mapping[str, NDArray[Any]]) -> Kind:
    has_pose, has_gait = (any(name.startswith(scope) for name in variables) for scope in (_POSE_SCOPE, _GAIT_SCOPE))
    if has_pose:
        return "pose-gait-nn" if has_gait else "human-pose-nn"
    if has_gait:
        return "gait-nn"
    some = ", ".join(f"'{name}'" for name in sorted(variables)[:3]) or "none at all"
    raise IncompatibleError(f"holds neither HumanPoseNN ({_POSE_SCOPE}...) nor GaitNN ({_GAIT_SCOPE}...), but {some}")


def _check_options(kind: Kind, pose: str | None, rnn_layers: int | None) -> None:
    if kind == "gait-nn" and pose is None:
        raise UsageError(
            "is a GaitNN; say with --pose whose features it takes: the pose network's name, run folder or weights file"
        )
    if kind != "gait-nn" and pose is not None:
        raise UsageError(f"holds a pose network itself; --pose {pose} has no place in it")
    if kind == "human-pose-nn" and rnn_layers is not None:
        raise UsageError("is a pose network, without recurrent layers; --rnn-layers has no place in it")


def _map(kind: Kind, variables: Mapping[str, NDArray[Any]], rnn_layers: int | None) -> _Mapped:
    if kind == "human-pose-nn":
        ignored = ignored_human_pose_variables(variables)
        return _Mapped({"name": kind}, human_pose_tensors(variables), ignored)
    if kind == "gait-nn":
        gait = gait_nn_tensors(variables, rnn_layers)
        return _Mapped({"name": kind, **gait.options}, gait.tensors, gait.left_out, gait.one_cell, gait.shared_cell)
    gait = gait_nn_tensors(
        {name: values for name, values in variables.items() if name.startswith(_GAIT_SCOPE)}, rnn_layers
    )
    of_pose = {name: values for name, values in variables.items() if not name.startswith(_GAIT_SCOPE)}
    pose = human_pose_tensors(of_pose)
    heads = {name: place for name, place in HUMAN_POSE_VARIABLES.items() if place.startswith("to_maps.")}
    return _Mapped(
        options={"name": kind, "pose": {"name": "human-pose-nn"}, "gait": gait.options},
        tensors={f"pose.{place}": tensor for place, tensor in pose.items() if place not in heads.values()}
        | {f"gait.{place}": tensor for place, tensor in gait.tensors.items()},
        left_out=gait.left_out
        | ignored_human_pose_variables(of_pose)
        | dict.fromkeys(heads, "paints heat maps, which recognition does not need"),
        one_cell=gait.one_cell,
        shared_cell=gait.shared_cell,
    )


def _describe(kind: Kind, options: Mapping[str, Any], pose: str | None, origin: str) -> tuple[nn.Module, AnyCard]:
    """Build the network that the tensors are for, and the card that goes with them."""
    if kind == "human-pose-nn":
        pose_network = build_pose_network(options)
        config = to_mapping(pose_network.Config())
        return pose_network, PoseCard(network={"name": kind, **config}, data=origin, metrics={})
    model = build_model(options, None)
    config = from_mapping(model.Config, {key: value for key, value in options.items() if key != "name"})
    model_input = dict(model.default_input(config))
    if kind == "gait-nn":
        features = from_mapping(
            PoseFeaturesConfig,
            {key: value for key, value in model_input.items() if key != "representation"} | {"network": pose},
            "input",
        )
        model_input = {"representation": "pose-features", **to_mapping(PoseFeaturesInput.pinned(features))}
    return model, Card(
        model={"name": kind, **to_mapping(config)},
        input=model_input,
        distance=model.distance,
        num_subjects=None,
        train_subjects=(),
        data=origin,
        metrics={},
        recipe="",
        step=0,
    )


def _parts(tensors: Mapping[str, Tensor]) -> dict[str, Count]:
    """Count tensors and their values by part of the network: the first word of a name, the second of two networks."""
    parts: dict[str, Count] = {}
    for name, tensor in tensors.items():
        words = name.split(".")
        part = ".".join(words[:2] if words[0] in ("pose", "gait") else words[:1])
        before = parts.get(part, Count(0, 0))
        parts[part] = Count(before.tensors + 1, before.values + tensor.numel())
    return parts


def _values(variables: Mapping[str, NDArray[Any]], names: Iterable[str]) -> Count:
    sizes = [variables[name].size for name in names]
    return Count(len(sizes), sum(sizes))

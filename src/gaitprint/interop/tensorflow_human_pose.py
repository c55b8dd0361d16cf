"""Variables of TensorFlow's HumanPoseNN as tensors of ours: which is which, and in what layout.

Names are those of slim, in the variable scopes of https://github.com/marian-margeta/gait-recognition. Nothing here
imports TensorFlow: whoever reads a checkpoint hands its arrays over by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.errors import IncompatibleError
from gaitprint.interop.tensorflow_variables import some_names, tensor_of, training_variables
from gaitprint.models.pose.human_pose_nn import HumanPoseNN, HumanPoseNNConfig

_TRUNK = "InceptionResnetV2"
_HEAD = "NewInceptionResnetV2/AuxiliaryScoring"

# One after the other, as the scopes of slim name them; None is a pooling layer, which has a place but no variables.
_Chain = tuple[str | None, ...]
_STEM: _Chain = (
    *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", None),
    *("Conv2d_3b_1x1", "Conv2d_4a_3x3", None),
)
_AUXILIARY: _Chain = (None, "Conv2d_1b_1x1", "Conv2d_2a_5x5")
# Side by side: Branch_0, Branch_1, ...
_MIXED_5B: tuple[_Chain, ...] = (
    ("Conv2d_1x1",),
    ("Conv2d_0a_1x1", "Conv2d_0b_5x5"),
    ("Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_0c_3x3"),
    (None, "Conv2d_0b_1x1"),
)
_BLOCK_35: tuple[_Chain, ...] = (
    ("Conv2d_1x1",),
    ("Conv2d_0a_1x1", "Conv2d_0b_3x3"),
    ("Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_0c_3x3"),
)
_MIXED_6A: tuple[_Chain, ...] = (
    ("Conv2d_1a_3x3",),
    ("Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_1a_3x3"),
)
_BLOCK_17: tuple[_Chain, ...] = (
    ("Conv2d_1x1",),
    ("Conv2d_0a_1x1", "Conv2d_0b_1x7", "Conv2d_0c_7x1"),
)

# What a checkpoint may hold of the network that HumanPoseNN's trunk was taken from.
_BEHIND = re.compile(rf"{_TRUNK}/(Mixed_7a|Repeat_2|Block8|Conv2d_7b_1x1|Logits|AuxLogits/Logits)/.*")


def human_pose_tensors(variables: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
    """Turn the variables of a checkpoint of HumanPoseNN into the `state_dict` of our `HumanPoseNN`.

    Args:
        variables: name -> array as TensorFlow keeps it: kernels [height, width, in, out], that of the transposed
            convolution [height, width, out, in].

    Returns:
        name -> float32 tensor, exactly the 696 of `HumanPoseNN`. What `ignored_human_pose_variables` lists is left out.

    Raises:
        IncompatibleError: a variable is missing, unknown, of a wrong shape, or has values that are not finite.
    """
    missing = [name for name in HUMAN_POSE_VARIABLES if name not in variables]
    ignored = ignored_human_pose_variables(variables)
    unknown = [name for name in variables if name not in HUMAN_POSE_VARIABLES and name not in ignored]
    if missing:
        hint = "; without them this is Inception-ResNet-v2 alone" if all(map(_is_of_head, missing)) else ""
        raise IncompatibleError(
            f"lacks {some_names(missing)} of HumanPoseNN's {len(HUMAN_POSE_VARIABLES)} variables{hint}"
        )
    if unknown:
        raise IncompatibleError(f"HumanPoseNN has no place for {some_names(unknown)}")
    with torch.device("meta"):  # shapes without values
        wanted = HumanPoseNN(HumanPoseNNConfig()).state_dict()
    return {place: _tensor(name, variables[name], wanted[place]) for name, place in HUMAN_POSE_VARIABLES.items()}


def ignored_human_pose_variables(names: Iterable[str]) -> dict[str, str]:
    """Return which of these variables belong to a checkpoint but not to the network, each with the reason.

    Counters and optimiser state serve training only. A checkpoint of the whole Inception-ResNet-v2 also has what
    follows the layer that HumanPoseNN ends at.

    >>> ignored_human_pose_variables(["global_step", "InceptionResnetV2/Conv2d_1a_3x3/weights"])
    {'global_step': 'counts training steps'}
    """
    names = list(names)
    reason = "part of Inception-ResNet-v2 behind the layer where HumanPoseNN ends"
    return dict.fromkeys(filter(_BEHIND.fullmatch, names), reason) | training_variables(names)


def _tensor(name: str, values: NDArray[Any], wanted: Tensor) -> Tensor:
    if wanted.ndim < 4:
        return tensor_of(name, values, tuple(wanted.shape), "HumanPoseNN")
    # [height, width, in, out] -> [out, in, height, width], and for the transposed convolution, which TensorFlow and
    # torch both keep the other way round, [height, width, out, in] -> [in, out, height, width].
    shape = tuple(wanted.permute(2, 3, 1, 0).shape)
    return tensor_of(name, values, shape, "HumanPoseNN").permute(3, 2, 0, 1).contiguous()


def _is_of_head(name: str) -> bool:
    return name.startswith(f"{_HEAD}/")


def _places() -> Iterator[tuple[str, str]]:
    """Yield every variable of the network, and the tensor that it becomes."""
    yield from _chain(_TRUNK, "trunk.stem", _STEM)
    yield from _branches(f"{_TRUNK}/Mixed_5b", "trunk.mixed_5b", _MIXED_5B)
    for index in range(10):
        yield from _block(f"{_TRUNK}/Repeat/block35_{index + 1}", f"trunk.blocks_35.{index}", _BLOCK_35)
    yield from _branches(f"{_TRUNK}/Mixed_6a", "trunk.mixed_6a", _MIXED_6A)
    for index in range(20):
        yield from _block(f"{_TRUNK}/Repeat_1/block17_{index + 1}", f"trunk.blocks_17.{index}", _BLOCK_17)
    yield from _chain(f"{_TRUNK}/AuxLogits", "trunk.auxiliary", _AUXILIARY)
    yield from _biased(f"{_HEAD}/Scoring_layer", "to_features")
    yield from _biased(f"{_HEAD}/Upsampling_layer", "to_maps")


def _block(scope: str, place: str, branches: tuple[_Chain, ...]) -> Iterator[tuple[str, str]]:
    yield from _branches(scope, f"{place}.branches", branches)
    yield from _biased(f"{scope}/Conv2d_1x1", f"{place}.projection")


def _branches(scope: str, place: str, branches: tuple[_Chain, ...]) -> Iterator[tuple[str, str]]:
    for index, chain in enumerate(branches):
        yield from _chain(f"{scope}/Branch_{index}", f"{place}.branches.{index}", chain)


def _chain(scope: str, place: str, layers: _Chain) -> Iterator[tuple[str, str]]:
    for index, layer in enumerate(layers):
        if layer is None:
            continue
        yield f"{scope}/{layer}/weights", f"{place}.{index}.convolution.weight"
        yield f"{scope}/{layer}/BatchNorm/beta", f"{place}.{index}.norm.bias"
        yield f"{scope}/{layer}/BatchNorm/moving_mean", f"{place}.{index}.norm.running_mean"
        yield f"{scope}/{layer}/BatchNorm/moving_variance", f"{place}.{index}.norm.running_var"


def _biased(scope: str, place: str) -> Iterator[tuple[str, str]]:
    yield f"{scope}/weights", f"{place}.weight"
    yield f"{scope}/biases", f"{place}.bias"


HUMAN_POSE_VARIABLES: dict[str, str] = dict(_places())
"""TensorFlow's name of each of the 696 variables -> its name in our `state_dict`."""

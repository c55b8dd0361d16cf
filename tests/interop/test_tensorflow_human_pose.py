"""Variables of TensorFlow's HumanPoseNN find their places, and what does not fit is named."""

import hashlib

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.errors import IncompatibleError
from gaitprint.interop.tensorflow_human_pose import (
    HUMAN_POSE_VARIABLES,
    human_pose_tensors,
    ignored_human_pose_variables,
)
from gaitprint.models.pose.human_pose_nn import HumanPoseNN, HumanPoseNNConfig
from gaitprint.models.pose.inception_resnet_v2 import NormalisedConvolution

# SHA-256 of the lines "name [axes]", sorted, of the variables that the original code makes under TensorFlow 2.21.
NAMES_AND_SHAPES = "56cff9f5ccebddb8451833189503f713b45a792f49835f44fd1f2834c66fb600"


@pytest.fixture(scope="module")
def variables() -> dict[str, NDArray[np.float32]]:
    """Each variable filled with its number in the table: [height, width, in, out] where it is a kernel."""
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in HumanPoseNN(HumanPoseNNConfig()).state_dict().items()}
    made = {}
    for number, (name, place) in enumerate(HUMAN_POSE_VARIABLES.items()):
        shape = shapes[place]
        axes = (shape[2], shape[3], shape[1], shape[0]) if len(shape) == 4 else tuple(shape)
        made[name] = np.full(axes, number, np.float32)
    return made


@pytest.fixture(scope="module")
def tensors(variables: dict[str, NDArray[np.float32]]) -> dict[str, Tensor]:
    return human_pose_tensors(variables)


def test_names_and_shapes_are_those_of_the_original(variables: dict[str, NDArray[np.float32]]) -> None:
    lines = sorted(f"{name} {list(values.shape)}" for name, values in variables.items())
    assert len(lines) == 696
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == NAMES_AND_SHAPES


def test_every_variable_fills_one_tensor(tensors: dict[str, Tensor]) -> None:
    with torch.device("meta"):
        network = HumanPoseNN(HumanPoseNNConfig())
    network.load_state_dict(tensors, strict=True, assign=True)
    numbers = [int(tensors[place].flatten()[0]) for place in HUMAN_POSE_VARIABLES.values()]
    assert numbers == list(range(696))
    assert all(tensor.is_contiguous() and tensor.dtype == torch.float32 for tensor in tensors.values())


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("InceptionResnetV2/Conv2d_4a_3x3/weights", "trunk.stem.5.convolution.weight"),
        ("InceptionResnetV2/Mixed_5b/Branch_3/Conv2d_0b_1x1/BatchNorm/beta", "trunk.mixed_5b.branches.3.1.norm.bias"),
        (
            "InceptionResnetV2/Repeat/block35_10/Branch_2/Conv2d_0b_3x3/BatchNorm/moving_mean",
            "trunk.blocks_35.9.branches.branches.2.1.norm.running_mean",
        ),
        (
            "InceptionResnetV2/Mixed_6a/Branch_1/Conv2d_1a_3x3/BatchNorm/moving_variance",
            "trunk.mixed_6a.branches.1.2.norm.running_var",
        ),
        ("InceptionResnetV2/Repeat_1/block17_1/Conv2d_1x1/biases", "trunk.blocks_17.0.projection.bias"),
        ("InceptionResnetV2/AuxLogits/Conv2d_1b_1x1/weights", "trunk.auxiliary.1.convolution.weight"),
        ("NewInceptionResnetV2/AuxiliaryScoring/Scoring_layer/biases", "to_features.bias"),
        ("NewInceptionResnetV2/AuxiliaryScoring/Upsampling_layer/weights", "to_maps.weight"),
    ],
)
def test_places(name: str, place: str) -> None:
    assert HUMAN_POSE_VARIABLES[name] == place


def test_kernels_mean_the_same_in_our_layout(variables: dict[str, NDArray[np.float32]]) -> None:
    generator = np.random.default_rng(0)
    wide = "InceptionResnetV2/Repeat_1/block17_7/Branch_1/Conv2d_0b_1x7/weights"
    up = "NewInceptionResnetV2/AuxiliaryScoring/Upsampling_layer/weights"
    random = {name: generator.normal(size=variables[name].shape).astype(np.float32) for name in (wide, up)}
    assert random[wide].shape == (1, 7, 128, 160)
    assert random[up].shape == (17, 17, 16, 32)
    converted = human_pose_tensors(variables | random)

    layer = NormalisedConvolution(128, 160, (1, 7), norm_momentum=0.001).convolution
    maps = generator.normal(size=(2, 9, 128)).astype(np.float32)  # height, width, channels
    padded = np.pad(maps, ((0, 0), (3, 3), (0, 0)))
    expected = sum(padded[:, tap : tap + 9] @ random[wide][0, tap] for tap in range(7))
    layer.weight.data = converted[HUMAN_POSE_VARIABLES[wide]]
    answer = layer(torch.from_numpy(maps).permute(2, 0, 1)[None])[0].detach().permute(1, 2, 0)
    np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-4)

    cells = generator.normal(size=(2, 3, 32)).astype(np.float32)
    painted = np.einsum("ijc,hwoc->ihjwo", cells, random[up]).reshape(2 * 17, 3 * 17, 16)
    up_weight = converted[HUMAN_POSE_VARIABLES[up]]
    answer = torch.nn.functional.conv_transpose2d(torch.from_numpy(cells).permute(2, 0, 1)[None], up_weight, stride=17)
    np.testing.assert_allclose(answer[0].permute(1, 2, 0), painted, rtol=1e-4, atol=1e-4)


def test_what_serves_training_or_follows_the_cut_is_left_out(variables: dict[str, NDArray[np.float32]]) -> None:
    extra = {
        "global_step": "counts",
        "OptimizeLoss/InceptionResnetV2/Conv2d_1a_3x3/weights/RMSProp": "optimiser",
        "InceptionResnetV2/Conv2d_1a_3x3/weights/RMSProp_1": "optimiser",
        "InceptionResnetV2/Conv2d_1a_3x3/BatchNorm/beta/Momentum": "optimiser",
        "beta1_power": "optimiser",
        "InceptionResnetV2/Mixed_7a/Branch_0/Conv2d_0a_1x1/weights": "behind",
        "InceptionResnetV2/Repeat_2/block8_9/Conv2d_1x1/biases": "behind",
        "InceptionResnetV2/Block8/Conv2d_1x1/biases": "behind",
        "InceptionResnetV2/Conv2d_7b_1x1/weights": "behind",
        "InceptionResnetV2/Logits/Logits/weights": "behind",
        "InceptionResnetV2/AuxLogits/Logits/biases": "behind",
    }
    assert human_pose_tensors(variables | dict.fromkeys(extra, np.zeros(3))).keys() == set(
        HUMAN_POSE_VARIABLES.values()
    )
    reasons = ignored_human_pose_variables([*variables, *extra, "GaitNN/DownSampling/17x17/Conv/weights"])
    assert reasons.keys() == extra.keys()
    for name, word in extra.items():
        assert word in reasons[name]


def test_missing_variables_are_named(variables: dict[str, NDArray[np.float32]]) -> None:
    name = "InceptionResnetV2/Mixed_6a/Branch_0/Conv2d_1a_3x3/BatchNorm/beta"
    with pytest.raises(IncompatibleError, match=f"lacks '{name}' of HumanPoseNN's 696 variables$"):
        human_pose_tensors({key: values for key, values in variables.items() if key != name})
    with pytest.raises(IncompatibleError, match=r"^lacks 'Inception[^ ]*, 'I[^ ]*, 'I[^ ]*, 'I[^ ]* and 692 more of"):
        human_pose_tensors({})
    trunk = {key: values for key, values in variables.items() if key.startswith("InceptionResnetV2/")}
    with pytest.raises(IncompatibleError, match=r"Scoring_layer/biases.*this is Inception-ResNet-v2 alone"):
        human_pose_tensors(trunk)


def test_unknown_variables_are_named(variables: dict[str, NDArray[np.float32]]) -> None:
    gamma = "InceptionResnetV2/Conv2d_1a_3x3/BatchNorm/gamma"
    with pytest.raises(IncompatibleError, match=f"has no place for '{gamma}'$"):
        human_pose_tensors(variables | {gamma: np.ones(32)})


def test_wrong_shapes_and_values_are_named(variables: dict[str, NDArray[np.float32]]) -> None:
    name = "InceptionResnetV2/Conv2d_2b_3x3/weights"
    with pytest.raises(
        IncompatibleError, match=r"Conv2d_2b_3x3/weights' is \[3, 3, 64, 32\], HumanPoseNN's is \[3, 3, 32, 64\]"
    ):
        human_pose_tensors(variables | {name: variables[name].transpose(0, 1, 3, 2)})
    damaged = variables[name].copy()
    damaged[1, 1, 3, 5] = np.nan
    with pytest.raises(IncompatibleError, match="Conv2d_2b_3x3/weights' has values that are not finite"):
        human_pose_tensors(variables | {name: damaged})

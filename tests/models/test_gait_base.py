import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.models.base import GaitModel
from gaitprint.models.weights import build_model

LIGHT = {"name": "gait-base", "channels": [4, 6, 8], "parts": 4, "embedding": 5}


def _model(subjects: int | None = 3, **options: object) -> GaitModel:
    """A model in evaluation mode whose normalisations are not the identity."""
    torch.manual_seed(1)
    model = build_model({**LIGHT, **options}, subjects).eval()
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            layer.weight.data.uniform_(0.5, 2)
            for values in (layer.bias.data, layer.running_mean):
                values.normal_()
            layer.running_var.uniform_(0.5, 2)
    return model


def _normalised(x: Tensor, norm: torch.nn.Module) -> Tensor:
    shape = (-1, 1, 1)
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return (x - norm.running_mean.view(shape)) * scale.view(shape) + norm.bias.view(shape)


def _convolved(x: Tensor, layer: torch.nn.Module, stride: int = 1) -> Tensor:
    convolution, norm = layer
    padding = convolution.weight.shape[-1] // 2
    return _normalised(functional.conv2d(x, convolution.weight, stride=stride, padding=padding), norm)


def _by_hand(model: GaitModel, walk: Tensor, pooling: str) -> Tensor:
    """One walk [T, 1, H, W], frame by frame and stripe by stripe, as the paper has it -> [P, D]."""
    maps = []
    for image in walk:
        x = _convolved(image[None], model.stem).relu()
        for block, stride in zip(model.levels, (1, 2, 1), strict=True):
            straight = _convolved(_convolved(x, block.first, stride).relu(), block.second)
            past = x if isinstance(block.past, torch.nn.Identity) else _convolved(x, block.past, stride)
            x = (straight + past).relu()
        maps.append(x[0])
    features = torch.stack(maps).amax(dim=0)
    if pooling == "max-mean":
        features = features + torch.stack(maps).mean(dim=0)
    rows = []
    for stripe, weight in zip(features.split(features.shape[1] // 4, dim=1), model.embed_parts.weight, strict=True):
        rows.append((stripe.mean(dim=(1, 2)) + stripe.amax(dim=(1, 2))) @ weight)
    return torch.stack(rows)


@pytest.mark.parametrize("pooling", ["max", "max-mean"])
def test_it_is_the_network_of_the_paper(pooling: str) -> None:
    model = _model(temporal_pooling=pooling)
    walks = torch.rand(2, 3, 1, 16, 12) * 2 - 1
    output = model(walks)
    for walk, embedding, logits in zip(walks, output.embedding, output.logits, strict=True):
        expected = _by_hand(model, walk, pooling)
        assert torch.allclose(embedding, expected, atol=1e-5)
        norm = model.normalise_parts
        flat = (expected.flatten() - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
        cosines = [
            functional.cosine_similarity(part, person, dim=0)
            for part, weight in zip(flat.view(4, 5), model.classify_parts.weight, strict=True)
            for person in weight.T
        ]
        assert torch.allclose(logits.flatten(), 16 * torch.stack(cosines), atol=1e-4)


def test_the_size_of_the_paper() -> None:
    model = build_model({"name": "gait-base"}, 74)
    # Stem, four blocks, three of them with a way past that is not the identity.
    stem = 9 * 64 + 2 * 64
    blocks = sum(
        9 * c_in * c_out + 9 * c_out * c_out + 4 * c_out + ((c_in * c_out + 2 * c_out) if c_in != c_out else 0)
        for c_in, c_out in ((64, 64), (64, 128), (128, 256), (256, 512))
    )
    heads = 16 * 512 * 256 + 2 * 16 * 256 + 16 * 256 * 74
    assert sum(parameter.numel() for parameter in model.parameters()) == stem + blocks + heads
    assert model.describe(torch.zeros(1, 1, 64, 44)).shape == (1, 512, 16, 11)


def test_frames_are_a_set() -> None:
    model = _model()
    walks = torch.rand(2, 5, 1, 16, 12) * 2 - 1
    shuffled = walks[:, [3, 0, 4, 1, 2]]
    assert torch.allclose(model(walks).embedding, model(shuffled).embedding, atol=1e-6)


@pytest.mark.parametrize("options", [{"channels": [8]}, {"channels": [8, 0]}, {"parts": 0}, {"embedding": 0}])
def test_options_out_of_range(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="model"):
        build_model({**LIGHT, **options}, 3)


def test_rows_that_do_not_fall_into_stripes() -> None:
    with pytest.raises(IncompatibleError, match=r"10 rows of features.* 4 equal stripes"):
        _model()(torch.zeros(1, 1, 1, 20, 12))

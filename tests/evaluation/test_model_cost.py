import numpy as np
import pytest
import torch
from torch import nn

from gaitprint.core.sequence import GaitSequence
from gaitprint.data.inputs import build_input
from gaitprint.evaluation.embed import Embedder, load_embedder
from gaitprint.evaluation.fusion import FusedEmbedder
from gaitprint.evaluation.model_cost import count_multiply_adds, count_parameters, measure_cost
from gaitprint.models.skeleton.attention import SelfAttention
from gaitprint.models.weights import build_model


def embedder(model: dict, **options) -> Embedder:
    torch.manual_seed(0)
    built = build_model(model, 5)
    return Embedder(built, build_input(dict(built.default_input(built.Config())) | options), name=model["name"])


@pytest.fixture(scope="module")
def walk() -> GaitSequence:
    silhouettes = np.zeros((12, 64, 64), np.uint8)
    silhouettes[:, 8:60, 24:40] = 255
    return GaitSequence("001", "nm-01", "090", 25.0, silhouettes=silhouettes)


def multiply_adds_by_layer(model: nn.Module, run) -> int:
    """Convolutions and linear layers by their shapes alone."""
    total = 0

    def count(layer, inputs, output) -> None:
        nonlocal total
        each = layer.weight[0].numel()  # products that one value of the output takes
        total += output.numel() * each

    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    run()
    for hook in hooks:
        hook.remove()
    return total


def test_multiply_adds_are_those_of_the_layers(walk: GaitSequence) -> None:
    network = embedder({"name": "cnn-gei"}, size=[64, 44])
    network.model.classifier = None  # it is computed, but has no part in an embedding
    assert count_multiply_adds(network, walk) == multiply_adds_by_layer(network.model, lambda: network.embed([walk]))


class OneLayer(FusedEmbedder):
    """What a layer makes of zeros of some shape, whatever the walk."""

    def __init__(self, layer, *shape: int) -> None:
        self.compute = lambda: layer(torch.zeros(shape))[0].numpy()

    def embed(self, sequences) -> np.ndarray:
        with torch.inference_mode():
            return self.compute()


@pytest.mark.parametrize(("unit", "gates"), [(nn.GRU, 3), (nn.LSTM, 4)])
def test_recurrent_units_are_counted(walk: GaitSequence, unit: type[nn.Module], gates: int) -> None:
    layer = OneLayer(unit(10, 20, batch_first=True), 1, 7, 10)
    assert count_multiply_adds(layer, walk) == 7 * gates * 20 * (10 + 20)


@pytest.mark.parametrize("unseen", [False, True])
def test_attention_is_counted(walk: GaitSequence, unseen: bool) -> None:
    elements, width, heads = 7, 12, 3
    attention = SelfAttention(width, heads)
    seen = torch.arange(elements)[None] > 0 if unseen else None
    layer = OneLayer(lambda inputs: attention(inputs, seen, with_map=False), 1, elements, width)
    products = 2 * elements * elements * width  # of queries with keys, and of weights with values
    assert count_multiply_adds(layer, walk) == products + elements * width * 4 * width


def test_parameters_are_those_that_an_embedding_needs() -> None:
    with_classifier = embedder({"name": "cnn-gei"})
    bare = build_model({"name": "cnn-gei"}, None)
    assert count_parameters(with_classifier) == sum(values.numel() for values in bare.parameters())
    tiny = {"name": "gaitbert", "channels": [8, 8, 8, 8], "patch": 2}
    assert count_parameters(embedder(tiny)) == count_parameters(embedder({**tiny, "decoder": False}))


def test_bone_lengths_learn_nothing() -> None:
    assert count_parameters(load_embedder("anthropometry", "cpu")) == 0


def test_the_cost_of_a_walk(walk: GaitSequence) -> None:
    threads = torch.get_num_threads()
    cost = measure_cost(embedder({"name": "cnn-gei"}, size=[32, 22]), [walk, walk, walk], threads=2)
    assert cost.milliseconds > 0
    assert cost.threads == 2
    assert torch.get_num_threads() == threads
    assert (cost + cost).parameters == 2 * cost.parameters

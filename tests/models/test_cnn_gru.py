from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gaitprint.core.errors import UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.inputs import build_input
from gaitprint.models.base import GaitModel
from gaitprint.models.cnn_gru import CnnGru, CnnGruConfig
from gaitprint.models.weights import build_model


def _model(subjects: int | None = 5, **options: object) -> GaitModel:
    """A model in evaluation mode whose normalisations are not the identity."""
    torch.manual_seed(3)
    model = build_model({"name": "cnn-gru", **options}, subjects).eval()
    for norm in model.normalisations:
        for values in (norm.weight.data, norm.bias.data, norm.running_mean):
            values.normal_()  # negative scales too
        norm.running_var.uniform_(0.5, 2)
    return model


def _described(model: GaitModel, image: Tensor) -> Tensor:
    """One image [1, H, W] through the layers of the specification, in their order -> [128]."""
    x = image[None]
    for stage, (convolution, norm) in enumerate(zip(model.convolutions, model.normalisations, strict=True)):
        x = functional.conv2d(x, convolution.weight, padding=1)
        x = (x - norm.running_mean[:, None, None]) / (norm.running_var[:, None, None] + 1e-5).sqrt()
        x = (x * norm.weight[:, None, None] + norm.bias[:, None, None]).clamp(min=0)
        if stage < 2:
            x = functional.max_pool2d(x, 2)
    return x[0].mean(dim=(1, 2))


def _gru_step(model: GaitModel, suffix: str, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Cho et al. 2014, with the reset gate after the matrix product."""
    (hidden,) = state
    w, u, b, c = (
        getattr(model.recurrent, f"{name}_{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    (wr, wz, wn), (ur, uz, un), (br, bz, bn), (cr, cz, cn) = (m.split(128) for m in (w, u, b, c))
    reset = torch.sigmoid(wr @ x + br + ur @ hidden + cr)
    update = torch.sigmoid(wz @ x + bz + uz @ hidden + cz)
    candidate = torch.tanh(wn @ x + bn + reset * (un @ hidden + cn))
    return ((1 - update) * candidate + update * hidden,)


def _lstm_step(model: GaitModel, suffix: str, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Hochreiter and Schmidhuber 1997, with forget gates."""
    hidden, cell = state
    w, u, b, c = (
        getattr(model.recurrent, f"{name}_{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    into, forget, fresh, out = (w @ x + b + u @ hidden + c).split(128)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(into) * torch.tanh(fresh)
    return torch.sigmoid(out) * torch.tanh(cell), cell


def _looped_states(model: GaitModel, walk: Tensor, unit: str, layers: int, directions: int) -> tuple[Tensor, Tensor]:
    """Frame by frame: walk [T, 1, H, W] -> states [T, directions * 128] and the last ones [directions * 128]."""
    step, parts = (_gru_step, 1) if unit == "gru" else (_lstm_step, 2)
    values = [_described(model, image) for image in walk]
    for layer in range(layers):
        both = []
        for suffix in (f"l{layer}", f"l{layer}_reverse")[:directions]:
            state = (torch.zeros(128),) * parts
            run = []
            for x in reversed(values) if suffix.endswith("reverse") else values:
                state = step(model, suffix, x, state)
                run.append(state[0])
            both.append((run[::-1] if suffix.endswith("reverse") else run, run[-1]))
        values = [torch.cat(at_once) for at_once in zip(*(run for run, _ in both), strict=True)]
    return torch.stack(values), torch.cat([last for _, last in both])


def _pooled(model: GaitModel, states: Tensor, last: Tensor, pooling: str) -> Tensor:
    if pooling == "last":
        return last
    if pooling == "mean":
        return sum(states) / len(states)
    into, _, out = model.attention.score
    scores = torch.stack([out.weight[0] @ torch.tanh(into.weight @ state + into.bias) for state in states])
    return sum(score * state for score, state in zip(scores.exp() / scores.exp().sum(), states, strict=True))


@torch.no_grad()
def _assert_equals_the_loop(frames: int, **options: object) -> None:
    model = _model(**options)
    walks = torch.rand(2, frames, 1, 16, 12) * 2 - 1
    output = model(walks)
    unit, layers, pooling = (options.get(*k) for k in (("unit", "gru"), ("layers", 1), ("pooling", "last")))
    for walk, embedding, logits in zip(walks, output.embedding, output.logits, strict=True):
        states, last = _looped_states(model, walk, unit, layers, 2 if options.get("bidirectional") else 1)
        expected = model.embedding.weight @ _pooled(model, states, last, pooling) + model.embedding.bias
        torch.testing.assert_close(embedding[0], expected, rtol=1e-5, atol=1e-5)
        scores = model.classifier.weight @ expected + model.classifier.bias
        torch.testing.assert_close(logits[0], scores, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("frames", [1, 20, 37])
@pytest.mark.parametrize("unit", ["gru", "lstm"])
def test_equals_the_loop_over_frames_with_the_equations_written_out(unit: str, frames: int) -> None:
    _assert_equals_the_loop(frames, unit=unit)


@pytest.mark.parametrize(
    ("pooling", "bidirectional", "unit", "layers"),
    [
        *product(("mean", "attention"), (False, True), ("gru",), (1,)),
        ("last", True, "gru", 1),
        ("last", True, "lstm", 2),
        ("last", False, "gru", 2),
        ("attention", True, "lstm", 3),
    ],
)
def test_every_option_equals_the_loop(pooling: str, bidirectional: bool, unit: str, layers: int) -> None:
    _assert_equals_the_loop(7, pooling=pooling, bidirectional=bidirectional, unit=unit, layers=layers)


def test_attention_prefers_the_frames_it_scores_higher() -> None:
    model = _model(pooling="attention")
    states = torch.randn(2, 9, 128)
    weights = model.attention.weights(states)
    assert weights.shape == (2, 9, 1)
    assert (weights > 0).all()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2, 1))
    assert torch.equal(weights[..., 0].argmax(dim=1), model.attention.score(states)[..., 0].argmax(dim=1))


def test_has_the_specified_layers() -> None:
    model = build_model({"name": "cnn-gru"}, 74)
    convolutions = 9 * (1 * 32 + 32 * 64 + 64 * 128) + 2 * (32 + 64 + 128)
    gru = 3 * (128 * 128 + 128 * 128 + 128 + 128)
    assert sum(p.numel() for p in model.parameters()) == convolutions + gru + 129 * 128 + 129 * 74
    assert model.dropout.p == 0.1
    assert model.distance == "cosine"
    shared = {key: value.shape for key, value in build_model({"name": "cnn-gei"}, 74).state_dict().items()}
    own = {key: value.shape for key, value in model.state_dict().items()}
    assert {key: own[key] for key in shared} == shared


@pytest.mark.parametrize(
    "options",
    [
        {"unit": "lstm", "layers": 2},
        {"bidirectional": True, "layers": 2},
        {"pooling": "mean", "normalisation": "group"},
        {"pooling": "attention", "bidirectional": True},
        {"normalisation": "none", "dropout": 0.0},
    ],
)
def test_gradients_reach_every_parameter_of_every_option(options: dict[str, object]) -> None:
    torch.manual_seed(0)
    model = build_model({"name": "cnn-gru", **options}, 5).train()
    model(model.example_inputs(4)).logits.logsumexp(-1).sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


@pytest.mark.parametrize("normalisation", ["group", "none"])
def test_walks_do_not_influence_each_other_without_batch_normalisation(normalisation: str) -> None:
    torch.manual_seed(0)
    model = build_model({"name": "cnn-gru", "normalisation": normalisation, "dropout": 0.0}, 3).train()
    walks = model.example_inputs(4)
    torch.testing.assert_close(model(walks).embedding[:2], model(walks[:2]).embedding, rtol=1e-5, atol=1e-6)


def test_batch_normalisation_takes_its_statistics_over_all_frames() -> None:
    torch.manual_seed(0)
    model = build_model({"name": "cnn-gru"}, 3).train()
    walks = model.example_inputs(40)  # 240 frames: more than are seen at once in evaluation
    model(walks)
    responses = functional.conv2d(walks.flatten(0, 1), model.convolutions[0].weight, padding=1)
    torch.testing.assert_close(model.normalisations[0].running_mean, 0.1 * responses.mean(dim=(0, 2, 3)))


def test_frames_seen_in_turns_give_the_same_embeddings() -> None:
    model = _model()
    walks = torch.rand(9, 37, 1, 16, 12) * 2 - 1
    with torch.no_grad():
        in_turns = model(walks).embedding
    torch.testing.assert_close(in_turns, model(walks).embedding.detach(), rtol=1e-5, atol=1e-6)


def test_dropout_is_for_training_alone() -> None:
    model = _model()
    walks = model.example_inputs(3)
    assert torch.equal(model(walks).embedding, model(walks).embedding)
    for norm in model.train().normalisations:
        norm.eval()
    assert not torch.equal(model(walks).embedding, model(walks).embedding)


def test_order_matters_to_the_last_state() -> None:
    model = _model()
    walks = torch.rand(1, 8, 1, 16, 12) * 2 - 1
    assert not torch.allclose(model(walks).embedding, model(walks.flip(1)).embedding, atol=1e-4)


def _walk(frames: int) -> GaitSequence:
    rng = np.random.default_rng(frames)
    silhouettes = ((rng.random((frames, 64, 44)) > 0.5) * 255).astype(np.uint8)
    return GaitSequence("001", "nm-01", "090", 25.0, silhouettes=silhouettes)


@torch.no_grad()
def test_its_input_pads_a_short_walk_with_its_last_frame_and_spreads_over_a_long_one() -> None:
    model_input = build_input({**CnnGru.default_input(CnnGruConfig()), "size": [64, 44]})
    model = _model()
    for frames, chosen in (
        (1, [0] * 20),
        (6, [0, 1, 2, 3, 4] + [5] * 15),
        (20, list(range(20))),
        (39, list(range(0, 39, 2))),
    ):
        walk = _walk(frames)
        embedding = model(model_input.finish(model_input.collate([model_input.encode(walk)]))).embedding
        images = torch.from_numpy(walk.silhouettes[chosen]).float() / 127.5 - 1
        torch.testing.assert_close(embedding, model(images[None, :, None]).embedding, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "rnn"}, r"model\.unit"),
        ({"pooling": "max"}, r"model\.pooling"),
        ({"layers": 0}, "model.layers is 0, must be at least 1"),
        ({"dropout": 1.0}, "below 1"),
        ({"hidden": 64}, "hidden"),
    ],
)
def test_refuses_options_it_does_not_have(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_model({"name": "cnn-gru", **options}, 3)

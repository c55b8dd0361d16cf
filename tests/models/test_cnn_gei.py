import pytest
import torch
from torch import nn
from torch.nn import functional

from gaitprint.models.weights import build_model


def test_has_the_specified_layers() -> None:
    model = build_model({"name": "cnn-gei"}, 74)
    # convolutions 3x3 without bias, batch normalisation (weight and bias), linear 128 -> 74
    expected = 9 * (1 * 32 + 32 * 64 + 64 * 128) + 2 * (32 + 64 + 128) + 129 * 74
    assert sum(p.numel() for p in model.parameters()) == expected
    output = model(torch.rand(2, 1, 128, 88) * 2 - 1)
    assert output.embedding.shape == (2, 1, 128)
    assert output.logits.shape == (2, 1, 74)


@pytest.mark.parametrize("training", [True, False])
def test_agrees_with_the_specification_written_as_a_plain_sequence(training: bool) -> None:
    torch.manual_seed(1)
    model = build_model({"name": "cnn-gei"}, 10).train(training)
    for norm in model.normalisations:
        nn.init.normal_(norm.weight)  # negative scales too
        nn.init.normal_(norm.bias)
    images = torch.rand(4, 1, 128, 88) * 2 - 1
    x = images
    for stage, (convolution, norm) in enumerate(zip(model.convolutions, model.normalisations, strict=True)):
        x = functional.conv2d(x, convolution.weight, padding=1)
        x = functional.batch_norm(
            x, norm.running_mean.clone(), norm.running_var.clone(), norm.weight, norm.bias, training, 0.1, 1e-5
        ).clamp(min=0)
        if stage < 2:
            x = functional.max_pool2d(x, 2)
    embedding = x.mean((2, 3))
    output = model(images)
    torch.testing.assert_close(output.embedding[:, 0], embedding)
    torch.testing.assert_close(output.logits[:, 0], model.classifier(embedding))


@pytest.mark.parametrize("normalisation", ["group", "none"])
def test_walks_do_not_influence_each_other_without_batch_normalisation(normalisation: str) -> None:
    torch.manual_seed(0)
    model = build_model({"name": "cnn-gei", "normalisation": normalisation}, 3).train()
    images = model.example_inputs(4)
    torch.testing.assert_close(model(images).embedding[:2], model(images[:2]).embedding)

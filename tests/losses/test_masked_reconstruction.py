import math

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.core.reconstruction import Reconstruction
from gaitprint.losses.masked_reconstruction import MaskedReconstruction, MaskedReconstructionConfig


def _random(seed: int) -> Reconstruction:
    rng = torch.Generator().manual_seed(seed)
    shape = (3, 4, 1, 5, 2)
    hidden = torch.rand(shape, generator=rng) < 0.4
    hidden[1] = False  # one clip hides nothing
    logits = torch.randn(shape, generator=rng, dtype=torch.float64)
    return Reconstruction(logits, torch.rand(shape, generator=rng, dtype=torch.float64), hidden)


def _brute_force(values: Reconstruction, error: str, hidden_weight: float, all_weight: float) -> float:
    total = 0.0
    for logits, truth, hidden in zip(*(tensor.flatten(1).tolist() for tensor in values), strict=True):
        errors = []
        for logit, true in zip(logits, truth, strict=True):
            probability = 1 / (1 + math.exp(-logit))
            squared = (probability - true) ** 2
            entropy = -true * math.log(probability) - (1 - true) * math.log(1 - probability)
            errors.append(squared if error == "squared" else entropy)
        of_hidden = [e for e, h in zip(errors, hidden, strict=True) if h]
        total += hidden_weight * (sum(of_hidden) / len(of_hidden) if of_hidden else 0.0)
        total += all_weight * sum(errors) / len(errors)
    return total / len(values.logits)


@pytest.mark.parametrize("error", ["squared", "cross-entropy"])
@pytest.mark.parametrize(("hidden_weight", "all_weight"), [(1.0, 0.1), (0.0, 1.0), (2.0, 0.0)])
def test_agrees_with_its_definition(error: str, hidden_weight: float, all_weight: float) -> None:
    config = MaskedReconstructionConfig(error=error, hidden_weight=hidden_weight, all_weight=all_weight)
    loss = MaskedReconstruction.from_config(config, 2, (1, 4))
    for seed in range(3):
        values = _random(seed)
        result = loss(values, torch.zeros(3, dtype=torch.int64))
        assert float(result) == pytest.approx(_brute_force(values, error, hidden_weight, all_weight), rel=1e-12)


def test_half_precision_is_computed_in_single() -> None:
    values = _random(0)
    loss = MaskedReconstruction.from_config(MaskedReconstructionConfig(error="cross-entropy"), 2, (1, 4))
    exact = loss(Reconstruction(values.logits.bfloat16().double(), values.truth, values.hidden), torch.zeros(3))
    half = loss(Reconstruction(values.logits.bfloat16(), values.truth.float(), values.hidden), torch.zeros(3))
    assert half.dtype == torch.float32
    assert float(half) == pytest.approx(float(exact), rel=1e-5)


def test_weights_must_weigh() -> None:
    with pytest.raises(UsageError, match="hidden_weight"):
        MaskedReconstructionConfig(hidden_weight=0, all_weight=0)

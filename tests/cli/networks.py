"""Networks that learnt nothing, as folders of weights, to test commands with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from gaitprint.models.weights import Card, build_model, save_weights

GEI = {"representation": "gei", "size": [128, 88]}


def save_untrained_network(
    folder: Path,
    seed: int = 0,
    model: Mapping[str, Any] = {"name": "cnn-gei"},
    input: Mapping[str, Any] = GEI,
    train_subjects: tuple[str, ...] = (),
) -> Path:
    """Write a network compared by cosine, without a calibration; its card may say that it learnt from somebody."""
    torch.manual_seed(seed)
    card = Card(
        model=dict(model),
        input=dict(input),
        distance="cosine",
        num_subjects=None,
        train_subjects=train_subjects,
        data="",
        metrics={},
        recipe="",
        step=0,
    )
    folder.mkdir(exist_ok=True)
    save_weights(folder, build_model(dict(model), None), card)
    return folder

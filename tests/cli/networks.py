"""A network on silhouettes that learnt nothing, as a folder of weights, to test commands that compare walks with."""

from pathlib import Path

import torch

from gaitprint.core.config import to_mapping
from gaitprint.models.weights import Card, build_model, save_weights


def save_untrained_network(
    folder: Path, seed: int = 0, size: tuple[int, int] = (128, 88), train_subjects: tuple[str, ...] = ()
) -> Path:
    """Write a network compared by cosine, without a calibration; its card may say that it learnt from somebody."""
    torch.manual_seed(seed)
    model = build_model({"name": "cnn-gei"}, None)
    folder.mkdir()
    card = Card(
        model={"name": "cnn-gei", **to_mapping(model.Config())},
        input={"representation": "gei", "size": list(size)},
        distance="cosine",
        num_subjects=None,
        train_subjects=train_subjects,
        data="",
        metrics={},
        recipe="",
        step=0,
    )
    save_weights(folder, model, card)
    return folder

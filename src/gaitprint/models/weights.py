"""Weights of models that embed walks, and the card that says what they are; `weight_files` has the layout on disk.

A model whose scores are normalised has ``strangers.safetensors`` beside its weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.numpy

from gaitprint import __version__
from gaitprint.core.choices import read_choice
from gaitprint.core.config import config_dataclass, from_mapping, to_mapping
from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.files import write_json
from gaitprint.core.score_normalisation import Strangers
from gaitprint.models import MODELS
from gaitprint.models.base import GaitModel
from gaitprint.models.weight_files import (
    CARD_FILE,
    WEIGHTS_FILE,
    load_tensors,
    read_card_of,
    read_weights,
    readable_card,
    transfer_tensors,
    write_weights,
)

STRANGERS_FILE = "strangers.safetensors"


@config_dataclass
class Card:
    """What one needs to know to use weights, and to trust them.

    Args:
        model: the model's ``name`` in the table of models and its options.
        input: the input representation and its options, as `data.inputs.build_input` reads it.
        distance: how embeddings are to be compared.
        num_subjects: outputs of the classifier; None without one.
        train_subjects: whom the weights were trained on, in the classifier's order.
        validation_subjects: who was held out of them to choose the weights by.
        pretraining_subjects: whom the weights that the training started from had seen.
        initial_weights_hash: of those weights; empty for a training that started afresh.
        data: hash of the store's content.
        metrics: figures of the training and of its validation; what they mean is their key.
        recipe: name of the recipe.
        step: optimiser steps done.
        version: of gaitprint, when written.
        weights_hash: SHA-256 of the weights file, hexadecimal.
        strangers_hash: of the description of strangers, with which cosines are normalised; empty without one.
    """

    model: dict[str, Any]
    input: dict[str, Any]
    distance: str
    num_subjects: int | None
    train_subjects: tuple[str, ...]
    validation_subjects: tuple[str, ...] = ()
    pretraining_subjects: tuple[str, ...] = ()
    initial_weights_hash: str = ""
    data: str
    metrics: dict[str, int | float]
    recipe: str
    step: int
    version: str = __version__
    weights_hash: str = ""
    strangers_hash: str = ""


def build_model(choice: Mapping[str, Any], num_subjects: int | None) -> GaitModel:
    """Build a model from ``{"name": ..., option: value, ...}`` with fresh weights.

    Raises:
        UsageError: unknown name or option.
    """
    model_type: type[GaitModel]
    model_type, config = read_choice(MODELS, choice, "model")
    return model_type.from_config(config, num_subjects)


def save_weights(folder: Path, model: GaitModel, card: Card) -> Card:
    """Write weights and card into an existing folder; returns the card as `weight_files.write_weights`."""
    return write_weights(folder, model, card)


def read_card(weights: Path) -> Card:
    """Read the card of a weights folder or a single file; errors as `weight_files.read_card_of`."""
    return read_card_of(weights, Card)


def load_weights(weights: Path) -> tuple[GaitModel, Card]:
    """Build the model that a weights folder or a single file describes and fill it, on the CPU, ready for inference.

    Raises:
        UnreadableFileError: a file is missing, truncated, or not the one that the card was written for.
        IncompatibleError: the weights are not those of the model that the card names.
    """
    tensors, card = read_weights(weights, Card)
    with readable_card(weights):
        model = build_model(card.model, card.num_subjects)
    load_tensors(model, tensors, weights if weights.is_file() else weights / WEIGHTS_FILE)
    return model.eval(), card


def save_strangers(folder: Path, strangers: Strangers, card: Card) -> Card:
    """Write the description of strangers beside weights, and the card with its hash and the metric that uses it."""
    data = safetensors.numpy.save({"mean": strangers.mean, "covariance": strangers.covariance})
    (folder / STRANGERS_FILE).write_bytes(data)
    changes = {"distance": "normalised-cosine", "strangers_hash": hashlib.sha256(data).hexdigest()}
    card = from_mapping(Card, to_mapping(card) | changes)
    write_json(folder / CARD_FILE, to_mapping(card))
    return card


def load_strangers(folder: Path, card: Card) -> Strangers | None:
    """Read what `save_strangers` wrote; None for a model whose scores are not normalised.

    Raises:
        UnreadableFileError: the file is missing, damaged, or not the one that the card was written for.
    """
    if not card.strangers_hash:
        return None
    path = folder / STRANGERS_FILE
    try:
        data = path.read_bytes()
        tensors = safetensors.numpy.load(data)
        strangers = Strangers(tensors["mean"], tensors["covariance"])
    except (OSError, KeyError, safetensors.SafetensorError) as error:
        raise UnreadableFileError(f"{path}: not readable as a description of strangers ({error})") from error
    if hashlib.sha256(data).hexdigest() != card.strangers_hash:
        raise UnreadableFileError(f"{path}: its SHA-256 is not the one in {CARD_FILE}; one of the two was changed")
    return strangers


def transfer_weights(model: GaitModel, folder: Path) -> tuple[Card, str]:
    """Fill a model with what fits of another model's weights; the rest keeps its fresh values.

    A tensor fits where name and shape are the same: the encoder of a pre-trained model fits one that has another
    number of subjects, or no decoder.

    Returns:
        the card of the weights, and one line that says what was taken and what was not.

    Raises:
        UnreadableFileError: as `load_weights`.
        IncompatibleError: nothing fits.
    """
    source, card = load_weights(folder)
    return card, transfer_tensors(model, source.state_dict(), folder, card.model["name"])

"""Weights of pose networks and the card that says what they are; `models.weight_files` has the layout on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from gaitprint import __version__
from gaitprint.core.choices import read_choice
from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import GaitprintError, UsageError
from gaitprint.core.registry import unknown_name_message
from gaitprint.models.pose import POSE_NETWORKS
from gaitprint.models.pose.base import PoseNetwork
from gaitprint.models.weight_files import (
    WEIGHTS_FILE,
    find_weights,
    load_tensors,
    read_card_of,
    read_weights,
    readable_card,
)

# Pose networks whose weights come with the package.
SHIPPED_POSE_WEIGHTS = ("light-pose-nn",)


@config_dataclass
class PoseCard:
    """What one needs to know to use the weights of a pose network, and to trust them.

    Args:
        network: ``name`` in `POSE_NETWORKS` and its options.
        train_subjects: who is in the pictures that the weights were trained on.
        validation_subjects: who was held out of them to choose the weights by.
        data: hash of the store's content, or what the weights were converted from.
        metrics: figures of the training and of its validation; what they mean is their key.
        recipe: name of the recipe; empty for converted weights.
        step: optimiser steps done.
        version: of gaitprint, when written.
        weights_hash: SHA-256 of the weights, hexadecimal.
    """

    network: dict[str, Any]
    train_subjects: tuple[str, ...] = ()
    validation_subjects: tuple[str, ...] = ()
    data: str = ""
    metrics: dict[str, int | float]
    recipe: str = ""
    step: int = 0
    version: str = __version__
    weights_hash: str = ""


def build_pose_network(choice: Mapping[str, Any]) -> PoseNetwork:
    """Build a pose network from ``{"name": ..., option: value, ...}`` with fresh weights.

    Raises:
        UsageError: unknown name or option.
    """
    network_type: type[PoseNetwork]
    network_type, config = read_choice(POSE_NETWORKS, choice, "model")
    return network_type.from_config(config)


def find_pose_weights(network: str | os.PathLike[str]) -> Path:
    """Find the weights that the name of a pose network, or a path, stands for; arguments as `load_pose_network`.

    Returns:
        a weights folder, or a single file.

    Raises:
        UsageError: no such network.
    """
    name, path = os.fspath(network), Path(network)
    if not path.exists():
        if name in POSE_NETWORKS and name not in SHIPPED_POSE_WEIGHTS:
            raise UsageError(f"'{name}' comes without weights: train it (gaitprint train) and give the run folder")
        if name not in SHIPPED_POSE_WEIGHTS:
            message = unknown_name_message("shipped pose network", name, SHIPPED_POSE_WEIGHTS)
            raise UsageError(f"{message}; and there is no such folder or file")
        path = Path(str(files("gaitprint") / "weights" / name))
    return find_weights(path)


def is_pose_network(network: str | os.PathLike[str]) -> bool:
    """Whether a name or path stands for weights with the card of a pose network; arguments as `load_pose_network`."""
    try:
        read_card_of(find_pose_weights(network), PoseCard)
    except GaitprintError:
        return False
    return True


def load_pose_network(network: str | os.PathLike[str]) -> tuple[PoseNetwork, PoseCard]:
    """Return a pose network with its weights, on the CPU, ready for inference.

    Args:
        network: a run folder (its best weights), a weights folder or file, or a shipped network's name.

    Raises:
        UsageError: no such network.
        UnreadableFileError: damaged weights or card.
        IncompatibleError: the weights are not those of the network that the card names.
    """
    weights = find_pose_weights(network)
    tensors, card = read_weights(weights, PoseCard)
    with readable_card(weights):
        built = build_pose_network(card.network)
    load_tensors(built, tensors, weights if weights.is_file() else weights / WEIGHTS_FILE)
    return built.eval(), card

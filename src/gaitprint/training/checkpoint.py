"""Checkpoints: weights folders, and beside the last weights everything that the training needs to go on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from gaitprint.core.errors import IncompatibleError, UnreadableFileError
from gaitprint.core.files import write_json
from gaitprint.core.folders import atomic_folder
from gaitprint.models.weight_files import WEIGHTS_FILE, CardT, load_tensors, read_card_of, write_weights
from gaitprint.training.objective import Objective

_TENSORS, _STATE = "trainer.safetensors", "trainer.json"


@dataclass
class TrainerState:
    """Where a training stands, besides weights and optimiser; what is drawn at random follows from `step`.

    Args:
        step: optimiser steps done.
        sums: figure -> its sum over the steps of the epoch under way.
        history: one row for each epoch done: figure -> value.
        scaler: state of the gradient scaler of 16-bit training; empty otherwise.
    """

    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    scaler: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(
    folder: Path,
    objective: Objective,
    card: CardT,
    optimizer: torch.optim.Optimizer | None = None,
    state: TrainerState | None = None,
) -> CardT:
    """Write a checkpoint so that a kill at any moment leaves this one or the one before it.

    Args:
        folder: replaced as a whole.
        objective: whose model's weights are kept.
        card: goes with the weights.
        optimizer: with `state`, makes the checkpoint one that a training can be resumed from.
        state: see `optimizer`.

    Returns:
        the card with the hash of the weights.
    """
    with atomic_folder(folder) as temporary:
        card = write_weights(temporary, objective.model, card)
        if optimizer is not None and state is not None:
            tensors = {f"losses.{name}": tensor for name, tensor in objective.losses.state_dict().items()}
            for index, parameter in enumerate(_parameters(optimizer)):
                for name, value in optimizer.state[parameter].items():
                    if isinstance(value, Tensor):
                        tensors[f"optimizer.{index}.{name}"] = value
            plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
            (temporary / _TENSORS).write_bytes(safetensors.torch.save(plain))
            write_json(temporary / _STATE, asdict(state))
    return card


def load_checkpoint(
    folder: Path, objective: Objective, optimizer: torch.optim.Optimizer, card_type: type[CardT]
) -> tuple[CardT, TrainerState]:
    """Fill model, losses and optimiser with what `save_checkpoint` wrote.

    Raises:
        UnreadableFileError: a file is missing or damaged.
        IncompatibleError: it belongs to another model or loss.
    """
    card = read_card_of(folder, card_type)
    weights = _read_tensors(folder / WEIGHTS_FILE)
    load_tensors(objective.model, weights, folder / WEIGHTS_FILE)
    path = folder / _TENSORS
    tensors = _read_tensors(path)
    own = {name.removeprefix("losses."): tensor for name, tensor in tensors.items() if name.startswith("losses.")}
    load_tensors(objective.losses, own, path)
    parameters = _parameters(optimizer)
    for name, tensor in tensors.items():
        kind, _, rest = name.partition(".")
        if kind == "optimizer":
            index, _, key = rest.partition(".")
            if int(index) >= len(parameters):
                raise IncompatibleError(f"{path}: state of parameter {index}, but there are {len(parameters)}")
            optimizer.state[parameters[int(index)]][key] = _like(parameters[int(index)], tensor)
    try:
        state = TrainerState(**json.loads((folder / _STATE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise UnreadableFileError(f"{folder / _STATE}: not a trainer's state ({error})") from error
    return card, state


def _like(parameter: Tensor, saved: Tensor) -> Tensor:
    """Lay a saved tensor out in memory as its parameter is: other strides could round differently."""
    if saved.shape != parameter.shape:
        return saved
    return torch.empty_like(parameter, dtype=saved.dtype, requires_grad=False).copy_(saved)


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load(path.read_bytes())
    except (OSError, safetensors.SafetensorError) as error:
        raise UnreadableFileError(f"{path}: not readable as safetensors ({error})") from error

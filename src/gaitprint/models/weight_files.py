"""Tensors and their card on disk: a folder of two files, or one file that holds both.

A folder has ``model.safetensors`` and ``card.json``; a single ``NAME.safetensors`` keeps its card in its header. Cards
of every kind carry the SHA-256 of the weights, so that one cannot be taken for another's.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from gaitprint.core.config import from_mapping, to_mapping
from gaitprint.core.errors import IncompatibleError, UnreadableFileError, UsageError
from gaitprint.core.files import atomic_path, write_json
from gaitprint.core.folders import surviving_folder

WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "card.json"
_CARD_KEY = "gaitprint_card"


class AnyCard(Protocol):
    """What every card says."""

    @property
    def weights_hash(self) -> str:
        """SHA-256 of the weights as a file of tensors alone, hexadecimal."""
        ...


CardT = TypeVar("CardT", bound=AnyCard)


def write_weights(folder: Path, module: torch.nn.Module, card: CardT) -> CardT:
    """Write both files into an existing folder and return the card with the weights' hash filled in.

    The weights file is the same to the byte for the same weights.
    """
    data = _tensor_bytes(module)
    (folder / WEIGHTS_FILE).write_bytes(data)
    card = _with_hash(card, data)
    write_json(folder / CARD_FILE, to_mapping(card))
    return card


def write_weights_file(path: Path, module: torch.nn.Module, card: CardT) -> CardT:
    """Write one file that holds weights and card, and return the card with the weights' hash filled in."""
    data = _tensor_bytes(module)
    card = _with_hash(card, data)
    with atomic_path(path) as temporary:
        header = {_CARD_KEY: json.dumps(to_mapping(card))}
        safetensors.torch.save_file(safetensors.torch.load(data), temporary, metadata=header)
    return card


def find_weights(path: Path, marks: Sequence[str] = (CARD_FILE,)) -> Path:
    """Find the weights that a path stands for.

    Args:
        path: a run folder (its best weights), a weights folder, its weights file, or a single file with a card in it.
        marks: files by which a weights folder is known.

    Returns:
        a folder with one of `marks`, or a single file.

    Raises:
        UsageError: none of these.
    """
    if path.is_file():
        if path.suffix != ".safetensors":
            raise UsageError(f"{path}: is no .safetensors file of gaitprint")
        return path.parent if path.name == WEIGHTS_FILE and (path.parent / CARD_FILE).is_file() else path
    if any((path / mark).is_file() for mark in marks):
        return path
    best = surviving_folder(path / "best")
    if best is None:
        raise UsageError(f"{path}: is neither a run folder (no best/ in it) nor a weights folder (no {CARD_FILE})")
    return best


def read_card_of(weights: Path, card_type: type[CardT]) -> CardT:
    """Read the card of a weights folder or of a single file.

    Raises:
        UnreadableFileError: missing, or not such a card.
    """
    path = weights if weights.is_file() else weights / CARD_FILE
    try:
        if weights.is_file():
            with safetensors.safe_open(weights, framework="pt") as file:
                values = json.loads((file.metadata() or {})[_CARD_KEY])
        else:
            values = json.loads(path.read_text(encoding="utf-8"))
        return from_mapping(card_type, values)
    except KeyError as error:
        raise UnreadableFileError(f"{path}: weights without a card of gaitprint") from error
    except (OSError, ValueError, TypeError, UsageError, safetensors.SafetensorError) as error:
        raise UnreadableFileError(f"{path}: not a model card ({' '.join(str(error).split())})") from error


@contextmanager
def readable_card(weights: Path) -> Iterator[None]:
    """Report what a card asks for and this gaitprint does not know as a fault of the card, `UnreadableFileError`."""
    try:
        yield
    except UsageError as error:
        path = weights if weights.is_file() else weights / CARD_FILE
        raise UnreadableFileError(f"{path}: a card that this gaitprint cannot read ({error})") from error


def read_weights(weights: Path, card_type: type[CardT]) -> tuple[dict[str, Tensor], CardT]:
    """Read tensors and card of a weights folder or a single file, on the CPU.

    Raises:
        UnreadableFileError: a file is missing, truncated, or not the one that the card was written for.
    """
    card = read_card_of(weights, card_type)
    path = weights if weights.is_file() else weights / WEIGHTS_FILE
    try:
        data = path.read_bytes()
        tensors = safetensors.torch.load(data)
    except (OSError, safetensors.SafetensorError) as error:
        raise UnreadableFileError(f"{path}: not readable as safetensors ({error})") from error
    if weights.is_file():
        data = safetensors.torch.save(tensors)
    if hashlib.sha256(data).hexdigest() != card.weights_hash:
        raise UnreadableFileError(f"{path}: its SHA-256 is not the one in {CARD_FILE}; one of the two was changed")
    return tensors, card


def load_tensors(module: torch.nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Fill a module with exactly the tensors it has.

    Raises:
        IncompatibleError: a tensor is missing, too many, or of another shape.
    """
    wanted = module.state_dict()
    for name in sorted(wanted.keys() ^ tensors.keys()):
        raise IncompatibleError(f"{path}: {'lacks' if name in wanted else 'has no place for'} tensor '{name}'")
    for name, tensor in wanted.items():
        if tensor.shape != tensors[name].shape:
            raise IncompatibleError(
                f"{path}: tensor '{name}' is {list(tensors[name].shape)}, the model's {list(tensor.shape)}"
            )
    module.load_state_dict(tensors)


def transfer_tensors(module: torch.nn.Module, tensors: Mapping[str, Tensor], path: Path, name: str) -> str:
    """Fill a module with the tensors that fit it by name and shape; the rest keeps its values.

    Args:
        module: what is filled.
        tensors: of another module.
        path: where they come from.
        name: of the other module, for the error.

    Returns:
        one line that says what was taken and what was not.

    Raises:
        IncompatibleError: no parameter fits.
    """
    wanted = module.state_dict()
    fits = {key for key in wanted if key in tensors and tensors[key].shape == wanted[key].shape}
    if not any(key in fits for key, _ in module.named_parameters()):
        raise IncompatibleError(f"{path}: no weight of this {name} fits the model to be trained")
    module.load_state_dict({key: tensors[key] for key in fits}, strict=False)
    fresh, left = (_parts(keys - fits) for keys in (wanted.keys(), tensors.keys()))
    return f"{len(fits)} tensors of {path}; fresh: {fresh}; not taken: {left}"


def _parts(names: Set[str]) -> str:
    """Name the parts of a model that some tensors belong to: ``classifier (8), decoder (12)``."""
    parts = Counter(name.partition(".")[0] for name in names)
    return ", ".join(f"{part} ({count})" for part, count in sorted(parts.items())) or "none"


def _tensor_bytes(module: torch.nn.Module) -> bytes:
    # Contiguous copies: the memory format of the training does not belong to the file.
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    return safetensors.torch.save(tensors)


def _with_hash(card: CardT, data: bytes) -> CardT:
    values: dict[str, Any] = to_mapping(card) | {"weights_hash": hashlib.sha256(data).hexdigest()}
    return from_mapping(type(card), values)

"""`Embedder`: walks in, embeddings out, with a model that a run folder, a weights file or a name stands for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gaitprint import __version__
from gaitprint.core.allocator import keep_freed_memory
from gaitprint.core.config import to_mapping
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.memory_format import channels_last
from gaitprint.core.progress import track
from gaitprint.core.registry import unknown_name_message
from gaitprint.core.score_normalisation import Strangers
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.inputs import ModelInput, build_input
from gaitprint.data.store import Store
from gaitprint.evaluation.calibration import Calibration
from gaitprint.evaluation.evaluate import EvaluationMetric
from gaitprint.evaluation.fusion import FUSION_FILE, FusedEmbedder, read_fusion
from gaitprint.evaluation.walk_embedder import WalkEmbedder
from gaitprint.models import MODELS
from gaitprint.models.base import GaitModel
from gaitprint.models.weight_files import CARD_FILE, find_weights
from gaitprint.models.weights import Card, build_model, load_strangers, load_weights

# What can be given instead of a path: models without weights, and weights that come with the package.
SHIPPED_WEIGHTS = ("skeleton", "silhouettes")
SHIPPED = ("anthropometry", *SHIPPED_WEIGHTS)


class Embedder(WalkEmbedder):
    """A network ready to embed walks.

    Args:
        model: the model; put on `device` and into evaluation mode.
        model_input: how walks become its input.
        device: where to compute, as torch names it.
        name: what the model is called in tables.
        card: of the weights; None for a model without any.
        strangers: with which cosines are normalised; None leaves them as they are.
        calibration: of the distances; None for a model that was not calibrated.
        batch_size: walks that are computed together.
    """

    def __init__(
        self,
        model: GaitModel,
        model_input: ModelInput,
        device: str | torch.device = "cpu",
        *,
        name: str,
        card: Card | None = None,
        strangers: Strangers | None = None,
        calibration: Calibration | None = None,
        batch_size: int = 64,
    ) -> None:
        self.device = torch.device(device)
        if self.device.type == "cpu":
            keep_freed_memory()
        self.model = channels_last(model.to(self.device)).eval()
        self.input = model_input
        self.name = name
        self.batch_size = batch_size
        self.calibration = calibration
        self._card = card
        self._strangers = strangers

    @property
    def distance(self) -> EvaluationMetric:
        """See `WalkEmbedder.distance`."""
        return "normalised-cosine" if self._strangers is not None else cast(EvaluationMetric, self.model.distance)

    @property
    def train_subjects(self) -> tuple[str, ...]:
        """See `WalkEmbedder.train_subjects`."""
        if self._card is None:
            return ()
        seen = self._card.train_subjects, self._card.validation_subjects, self._card.pretraining_subjects
        return tuple(sorted(set().union(*seen)))

    @property
    def card(self) -> dict[str, Any]:
        """See `WalkEmbedder.card`."""
        if self._card is None:
            return {"model": {"name": self.name}, "version": __version__}
        return to_mapping(self._card)

    @property
    def facts(self) -> dict[str, str | int]:
        """See `WalkEmbedder.facts`."""
        facts: dict[str, str | int] = {"model": self.name, "version": __version__}
        if self._card is not None:
            facts |= {
                "recipe": self._card.recipe,
                "train_subjects": len(self._card.train_subjects),
                "training_data": self._card.data,
                "weights_hash": self._card.weights_hash,
                "version": self._card.version,
            }
        return facts

    def embed(self, sequences: Iterable[GaitSequence]) -> NDArray[np.float32]:
        """See `WalkEmbedder.embed`; the walks are consumed a batch at a time."""
        walks = ((sequence.id, self.input.encode(sequence)) for sequence in sequences)
        return self._embed_arrays(walks)

    def embed_store(self, store: Store, positions: Sequence[int] | NDArray[np.int64] | None = None) -> EmbeddingSet:
        """See `WalkEmbedder.embed_store`."""
        chosen = range(len(store)) if positions is None else [int(position) for position in positions]
        infos = [store.infos[position] for position in chosen]
        self.input.check(infos)
        frames = self.input.choose_frames(self.input.num_frames(infos), None)
        walks = (
            (info.id, self.input.read(store, position, None if frames is None else frames[row]))
            for row, (position, info) in enumerate(zip(chosen, infos, strict=True))
        )
        return EmbeddingSet(
            self._embed_arrays(track(walks, "embedding walks", total=len(infos))),
            np.array([info.subject for info in infos], np.str_),
            np.array([info.condition for info in infos], np.str_),
            np.array([info.view for info in infos], np.str_),
        )

    def _embed_arrays(self, walks: Iterable[tuple[str, NDArray[Any]]]) -> NDArray[np.float32]:
        embedded: list[NDArray[np.float32]] = []
        for batch in _batches(walks, self.batch_size):
            names, arrays = zip(*batch, strict=True)
            values = self._compute(self.input.collate(arrays))
            if not np.isfinite(values).all():
                walk = names[int(np.argwhere(~np.isfinite(values))[0, 0])]
                raise IncompatibleError(f"{walk}: {self.name} gives no finite embedding, the walk shows too little")
            embedded.append(values if self._strangers is None else self._strangers.annotate(values))
        return np.concatenate(embedded) if embedded else np.zeros((0, 1, 1), np.float32)

    def _compute(self, batch: Tensor) -> NDArray[np.float32]:
        clips = self.input.evaluation_clips
        with torch.inference_mode():
            inputs = self.input.finish(batch.to(self.device))
            if clips == 1:
                embedding = self.model(inputs).embedding
            else:
                each = self.model(inputs.reshape(len(inputs) * clips, -1, *inputs.shape[2:])).embedding  # [B * N, P, D]
                if self.model.distance == "cosine":
                    each = functional.normalize(each, dim=-1)  # every clip has the same say, however long its vector
                embedding = each.view(len(inputs), clips, *each.shape[1:]).nanmean(dim=1)
            values: NDArray[np.float32] = embedding.float().cpu().numpy()
        return values


def load_embedder(model: str | os.PathLike[str], device: str = "auto") -> WalkEmbedder:
    """Return what MODEL stands for: one network, or a fusion of several.

    Args:
        model: a run folder (its best weights), a weights folder or file, or a shipped model's name.
        device: ``auto`` (a GPU where there is one), ``cpu`` or ``cuda``.

    Raises:
        UsageError: no such model, or no such device.
        UnreadableFileError: damaged weights or card.
        IncompatibleError: weights and card do not fit together.
    """
    path = _shipped_folder(os.fspath(model)) or Path(model)
    if path.exists():
        folder = weights_folder(path)
        if not (folder / FUSION_FILE).is_file():
            return load_network(path, device)
        name, members = read_fusion(folder)
        networks = {member.name: load_network(member, device) for member in members}
        return FusedEmbedder(networks, name=name, calibration=Calibration.load(folder))
    return load_network(model, device)


def load_network(model: str | os.PathLike[str], device: str = "auto") -> Embedder:
    """Return the one network that MODEL stands for; arguments and errors as `load_embedder`.

    Raises:
        UsageError: also for a fusion of several.
    """
    chosen_device = choose_device(device)
    path = _shipped_folder(os.fspath(model)) or Path(model)
    if path.exists():
        folder = weights_folder(path)
        if (folder / FUSION_FILE).is_file():
            members = ", ".join(str(member) for member in read_fusion(folder)[1])
            raise UsageError(f"{path}: is a fusion of several models; give one of them: {members}")
        loaded, card = load_weights(folder)
        return Embedder(
            loaded,
            build_input(card.input),
            chosen_device,
            name=str(card.model["name"]),
            card=card,
            strangers=load_strangers(folder, card),
            calibration=Calibration.load(folder),
        )
    name = os.fspath(model)
    if name in SHIPPED:
        loaded = build_model({"name": name}, None)
        model_input = build_input(loaded.default_input(loaded.Config()))
        return Embedder(loaded, model_input, chosen_device, name=name)
    if name in MODELS:
        raise UsageError(f"'{name}' comes without weights: train it (gaitprint train) and give the run folder")
    raise UsageError(f"{unknown_name_message('shipped model', name, SHIPPED)}; and there is no such folder or file")


def _shipped_folder(name: str) -> Path | None:
    """Weights that come with the package; a file or folder of that name in the working directory goes before them."""
    if name not in SHIPPED_WEIGHTS or Path(name).exists():
        return None
    return Path(str(files("gaitprint") / "weights" / name))


def choose_device(device: str) -> torch.device:
    """Return the device that ``auto``, ``cpu`` or ``cuda`` means here; `UsageError` where there is none such."""
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(unknown_name_message("device", device, ("auto", "cpu", "cuda")))
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("no CUDA device here; use --device cpu or auto")
    return torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")


def weights_folder(path: Path) -> Path:
    """Find the weights, or the fusion, that a path stands for; see `weight_files.find_weights`."""
    return find_weights(path, (CARD_FILE, FUSION_FILE))


def _batches(items: Iterable[tuple[str, NDArray[Any]]], size: int) -> Iterator[list[tuple[str, NDArray[Any]]]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch

"""Training of models that recognise people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.data.augmentation.base import build_augmentations
from gaitprint.data.inputs import build_input
from gaitprint.data.loader import BatchStream
from gaitprint.data.sampling import build_sampler
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import Embedder, weights_folder
from gaitprint.losses.weighted_sum import WeightedSum, needed_fields
from gaitprint.models.base import GaitModel
from gaitprint.models.weights import Card, build_model, transfer_weights
from gaitprint.training.objective import IdentificationObjective, Objective
from gaitprint.training.people import choose_people
from gaitprint.training.recipe import Recipe
from gaitprint.training.tasks.base import AnyTrainingCard, Start, Task
from gaitprint.training.validation import validation_rank1


class IdentificationTask(Task):
    """Tell people apart by their walks; see `Task`.

    Raises:
        UsageError: the store lacks the subjects, conditions or views.
        IncompatibleError: the walks are not what the model takes, or too few.
    """

    validation_figure: ClassVar[str] = "validation_rank1"
    unit: ClassVar[str] = "walks"
    card_type: ClassVar[type[AnyTrainingCard]] = Card

    def __init__(self, recipe: Recipe, store: Store, process: int = 0, processes: int = 1) -> None:
        super().__init__(recipe, store, process, processes)
        seed = recipe.training.seed
        self.people = choose_people(store, recipe.data, seed)
        self._input = build_input(recipe.input)
        self._input.check(store.infos[position] for position in [*self.people.positions, *self.people.validation])
        self.sampler = build_sampler(recipe.sampler, self.people.labels, seed)
        self._check_shares()
        positions, labels = self.people.positions, self.people.labels
        self._stream = BatchStream(store, positions, labels, self._input, self.sampler, seed, process, processes)
        self._augment = build_augmentations(recipe.augment)
        classified = "logits" in needed_fields(recipe.loss)
        self._num_subjects = len(self.people.subjects) if classified else None

    @classmethod
    def leaves_weights_alone(cls, recipe: Recipe) -> bool:
        """A pre-training does not touch the weights of embedding and classifier."""
        return not needed_fields(recipe.loss) & {"embedding", "logits"}

    def build(self, *, resumed: bool) -> tuple[Objective, Start]:
        """See `Task.build`; a model may name weights of its own to start from, too."""
        model, start = build_model(self.recipe.model, self._num_subjects), Start()
        if not resumed:
            start = self._start(model)
        losses = WeightedSum(self.recipe.loss, len(self.people.subjects), model.embedding_shape)
        return IdentificationObjective(model, losses, self.processes), start

    def _start(self, model: GaitModel) -> Start:
        """Fill a fresh model with the weights that the training starts from."""
        seen = set(model.start_training())
        initial_weights = self.recipe.training.initial_weights
        if initial_weights is None:
            return Start(subjects=tuple(sorted(seen)))
        card, taken = transfer_weights(model, weights_folder(Path(initial_weights)))
        seen |= {*card.train_subjects, *card.validation_subjects, *card.pretraining_subjects}
        return Start(card.weights_hash, tuple(sorted(seen)), taken)

    def start_of(self, card: AnyTrainingCard) -> Start:
        """See `Task.start_of`."""
        assert isinstance(card, Card)
        return Start(card.initial_weights_hash, card.pretraining_subjects)

    def batches(self, first: int, last: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield compact arrays [b, ...] of the input, and labels int64 [b]."""
        return self._stream.batches(first, last, self.recipe.data.workers)

    def prepare(self, batch: tuple[Tensor, Tensor], device: torch.device) -> tuple[Tensor, Tensor]:
        """See `Task.prepare`."""
        arrays, labels = batch
        inputs = self._augment(self._input.finish(arrays.to(device, non_blocking=True)))
        return inputs, labels.to(device, non_blocking=True)

    def validate(self, objective: Objective, device: torch.device) -> float:
        """Return rank-1 across views; see `validation_rank1`."""
        model = objective.model
        assert isinstance(model, GaitModel)
        embedder = Embedder(model, self._input, device, name=self.recipe.model["name"])
        return validation_rank1(embedder, embedder.embed_store(self.store, self.people.validation))

    def card(self, objective: Objective, start: Start, metrics: Mapping[str, float], step: int) -> Card:
        """See `Task.card`."""
        model = objective.model
        assert isinstance(model, GaitModel)
        return Card(
            model=self.recipe.model,
            input=self.recipe.input,
            distance=model.distance,
            num_subjects=self._num_subjects,
            train_subjects=self.people.subjects,
            validation_subjects=self.people.validation_subjects,
            pretraining_subjects=start.subjects,
            initial_weights_hash=start.weights_hash,
            data=self.store.content_hash(),
            metrics=dict(metrics),
            recipe=self.recipe.name,
            step=step,
        )

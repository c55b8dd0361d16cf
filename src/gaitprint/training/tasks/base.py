"""What the loop asks of whatever it trains: something to train, batches, a figure to judge it by, and a card."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.errors import IncompatibleError
from gaitprint.data.sampling import Sampler
from gaitprint.data.store import Store
from gaitprint.models.pose.weights import PoseCard
from gaitprint.models.weights import Card
from gaitprint.training.objective import Objective
from gaitprint.training.people import People
from gaitprint.training.recipe import Recipe

AnyTrainingCard = Card | PoseCard


@dataclass(frozen=True)
class Start:
    """The weights that a training started from, other than fresh ones.

    Args:
        weights_hash: of them; empty for fresh ones.
        subjects: whom they had seen.
        taken: one line that says what was taken of them.
    """

    weights_hash: str = ""
    subjects: tuple[str, ...] = ()
    taken: str = ""


class Task(ABC):
    """One kind of training, set up for one recipe and one store; the loop (`training.fit`) knows nothing else of it.

    Args:
        recipe: what to train.
        store: the data.
        process: the number of this process, 0..processes-1.
        processes: how many share each batch.

    Attributes:
        validation_figure: name of the figure, higher is better, that people held out choose the best weights by.
        unit: what a batch consists of, in the plural.
        card_type: of the cards that go with the weights.
        people: whom the training learns from and whom it holds out.
        sampler: what each batch consists of.
    """

    validation_figure: ClassVar[str]
    unit: ClassVar[str]
    card_type: ClassVar[type[AnyTrainingCard]]
    people: People
    sampler: Sampler

    def __init__(self, recipe: Recipe, store: Store, process: int = 0, processes: int = 1) -> None:
        self.recipe, self.store, self.process, self.processes = recipe, store, process, processes

    @classmethod
    def leaves_weights_alone(cls, recipe: Recipe) -> bool:
        """Whether some weights get no gradient in such a training."""
        return False

    @abstractmethod
    def build(self, *, resumed: bool) -> tuple[Objective, Start]:
        """Build what is trained, with fresh weights from torch's random generator.

        Unless the training is resumed from a checkpoint, weights that the recipe names (``training.initial_weights``)
        replace the fresh ones where they fit.

        Raises:
            UnreadableFileError: damaged weights.
            IncompatibleError: none of the weights fits.
        """

    @abstractmethod
    def start_of(self, card: AnyTrainingCard) -> Start:
        """Return what the card of a checkpoint says about the weights that its training started from."""

    @abstractmethod
    def batches(self, first: int, last: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield this process's share of the batches of steps first..last-1: compact inputs [b, ...] and truths."""

    @abstractmethod
    def prepare(self, batch: tuple[Tensor, Tensor], device: torch.device) -> tuple[Tensor, Tensor]:
        """Turn a batch into what the objective takes, augmented, on a device; random draws are torch's."""

    @abstractmethod
    def validate(self, objective: Objective, device: torch.device) -> float:
        """Return `validation_figure` of the people held out; may leave the model in evaluation mode."""

    @abstractmethod
    def card(self, objective: Objective, start: Start, metrics: Mapping[str, float], step: int) -> AnyTrainingCard:
        """Say what the weights are."""

    def _check_shares(self) -> None:
        """Raise `IncompatibleError` unless the processes can share a batch evenly."""
        if self.sampler.batch_size % self.processes:
            raise IncompatibleError(
                f"a batch of {self.sampler.batch_size} cannot be shared by {self.processes} processes"
            )

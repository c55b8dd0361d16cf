"""What every model is: inputs in, `ModelOutput` out, built from its own configuration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

from torch import Tensor, nn

from gaitprint.core.reconstruction import Reconstruction


class ModelOutput(NamedTuple):
    """What a forward pass returns.

    Args:
        embedding: float32 [B, P, D]; what is compared between walks.
        logits: float32 [B, P, S] over S training subjects; None from a model built without a classifier.
        reconstruction: from a model that hides parts of its input in training and fills them in; None in evaluation.
    """

    embedding: Tensor
    logits: Tensor | None
    reconstruction: Reconstruction | None = None


class GaitModel(nn.Module, ABC):
    """Base of all models.

    A model only computes: it builds no loader, optimiser or logger and moves nothing between devices. A concrete
    model sets the class variables below, and its constructor is `from_config`'s business alone.

    Attributes:
        Config: the `config_dataclass` with the model's options.
        distance: how its embeddings are compared: ``euclidean``, ``cosine`` or ``standardised-euclidean``.
        trainable: whether it has weights to train; a model without is ready under its name alone.
    """

    Config: ClassVar[type]
    distance: ClassVar[str]
    trainable: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def from_config(cls, config: Any, num_subjects: int | None) -> Self:
        """Build the model with fresh weights from torch's random generator.

        Args:
            config: an instance of `cls.Config`.
            num_subjects: S, how many people the classifier tells apart; None builds the model without a classifier.
        """

    @classmethod
    @abstractmethod
    def default_input(cls, config: Any) -> Mapping[str, Any]:
        """Return the input it takes, as `data.inputs.build_input` reads it; a recipe may override parts of it."""

    @property
    @abstractmethod
    def embedding_shape(self) -> tuple[int, int]:
        """(P, D): parts, and values a part."""

    def start_training(self) -> tuple[str, ...]:
        """Fill in the weights that the configuration names for a training to start from; called once, before its start.

        Returns:
            whom those weights were trained on, or chosen by.
        """
        return ()

    @abstractmethod
    def forward(self, inputs: Tensor) -> ModelOutput:
        """Embed a batch; the concrete model states the shape of `inputs`, batch axis first."""

    @abstractmethod
    def example_inputs(self, batch: int) -> Tensor:
        """Random but valid inputs for `batch` walks, from torch's random generator: for tests, traces and exports."""


class ClosedFormModel(GaitModel):
    """A model whose weights follow from the training walks in one pass, without a loss and without steps."""

    @abstractmethod
    def describe(self, inputs: Tensor) -> Tensor:
        """Measure walks: inputs as those of `forward` -> [B, F], NaN for what a walk does not show."""

    @abstractmethod
    def fit(self, descriptions: Tensor, labels: Tensor) -> None:
        """Set the weights.

        Args:
            descriptions: [N, F], what `describe` gave for the training walks.
            labels: int64 [N], whose walks they are, 0..S - 1.

        Raises:
            IncompatibleError: too few people or walks.
        """

"""What evaluation and matching ask of a model that is ready: one network, or several that are fused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.store import Store
from gaitprint.evaluation.calibration import Calibration
from gaitprint.evaluation.evaluate import EvaluationMetric


class WalkEmbedder(ABC):
    """Walks in, embeddings out.

    Attributes:
        name: what the model is called in tables.
        calibration: from distances to probabilities; None for a model that was not calibrated.
    """

    name: str
    calibration: Calibration | None = None

    @property
    @abstractmethod
    def distance(self) -> EvaluationMetric:
        """How the embeddings are compared."""

    @property
    @abstractmethod
    def train_subjects(self) -> tuple[str, ...]:
        """Whom the training or pre-training saw, or the weights were chosen by; empty without weights."""

    @property
    @abstractmethod
    def card(self) -> dict[str, Any]:
        """Everything known about the model, as plain values for JSON."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, str | int]:
        """What a report states about the model: short values under `reports.summary`'s keys."""

    @abstractmethod
    def embed(self, sequences: Iterable[GaitSequence]) -> NDArray[np.float32]:
        """Embed walks in memory.

        Returns:
            float32 [N, P, D].

        Raises:
            IncompatibleError: a walk lacks what the model needs, or shows too little for an embedding.
        """

    @abstractmethod
    def embed_store(self, store: Store, positions: Sequence[int] | NDArray[np.int64] | None = None) -> EmbeddingSet:
        """Embed stored walks, all or those at some positions.

        Raises:
            IncompatibleError: as `embed`.
        """

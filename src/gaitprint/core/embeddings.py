"""`EmbeddingSet`: embeddings with the labels that protocols need, in memory and as one .npz file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaitprint.core.errors import InvalidSequenceError, UnreadableFileError
from gaitprint.core.files import atomic_path
from gaitprint.core.npz import read_npz


@dataclass(frozen=True, eq=False)
class EmbeddingSet:
    """N embedded walks.

    Args:
        embeddings: float32 [N, P, D]: P parts of D values for each walk (P = 1 for a plain vector); finite.
        subjects: str [N].
        conditions: str [N].
        views: str [N].

    Raises:
        InvalidSequenceError: other shapes, or values that are not finite.
    """

    embeddings: NDArray[np.float32]
    subjects: NDArray[np.str_]
    conditions: NDArray[np.str_]
    views: NDArray[np.str_]

    def __post_init__(self) -> None:
        embeddings = np.ascontiguousarray(self.embeddings, dtype=np.float32)
        if embeddings.ndim != 3:
            raise InvalidSequenceError(f"embeddings have shape {embeddings.shape}, need [N, P, D]")
        if not np.isfinite(embeddings).all():
            raise InvalidSequenceError("embeddings hold NaN or infinity")
        object.__setattr__(self, "embeddings", embeddings)
        for name in ("subjects", "conditions", "views"):
            labels = np.asarray(getattr(self, name), dtype=np.str_)
            if labels.shape != (len(embeddings),):
                raise InvalidSequenceError(f"{name} have shape {labels.shape} for {len(embeddings)} embeddings")
            object.__setattr__(self, name, labels)

    def __len__(self) -> int:
        return len(self.embeddings)

    @property
    def ids(self) -> list[str]:
        """The sequence ids ``subject/condition/view``, in order."""
        return [f"{s}/{c}/{v}" for s, c, v in zip(self.subjects, self.conditions, self.views, strict=True)]

    def select(self, indices: ArrayLike | Sequence[int]) -> EmbeddingSet:
        """Return the walks that an index array or a boolean mask [N] selects."""
        chosen = np.asarray(indices)
        return EmbeddingSet(self.embeddings[chosen], self.subjects[chosen], self.conditions[chosen], self.views[chosen])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one .npz with the arrays `embeddings`, `subjects`, `conditions`, `views`; atomic."""
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez(
                stream,
                embeddings=self.embeddings,
                subjects=self.subjects,
                conditions=self.conditions,
                views=self.views,
            )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> EmbeddingSet:
        """Read what `save` wrote; nothing is unpickled.

        Raises:
            UnreadableFileError: no such file, or not an embedding file.
        """
        try:
            with Path(path).open("rb") as stream:
                arrays = read_npz(stream)
            return cls(*(arrays[name] for name in ("embeddings", "subjects", "conditions", "views")))
        except KeyError as error:
            raise UnreadableFileError(f"{path}: not an embedding file, it holds no {error.args[0]}") from error
        except (OSError, ValueError, TypeError) as error:
            raise UnreadableFileError(f"{path}: not an embedding file ({error})") from error

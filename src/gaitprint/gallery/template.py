"""`Template`: one embedded walk of one known person, and `ModelKey`: what its vector can be compared with."""

from __future__ import annotations

import hashlib
import math
import unicodedata
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.distance import METRICS
from gaitprint.core.errors import IncompatibleError, InvalidSequenceError, UsageError

if TYPE_CHECKING:
    from gaitprint.evaluation.walk_embedder import WalkEmbedder

LONGEST_NAME = 200
_LONGEST_LABEL = 500
_MOST_VALUES = 1 << 22


@dataclass(frozen=True, order=True)
class ModelKey:
    """What two vectors must share to be comparable: the model, its very weights, metric and shape.

    Args:
        name: of the model, as tables show it.
        weights_hash: SHA-256, hexadecimal, of everything that embeddings depend on; empty for a model without weights.
        distance: metric of `core.distance`.
        parts: P of vectors [P, D].
        size: D.

    Raises:
        IncompatibleError: a metric that needs more than the two vectors, or a shape that is none.
    """

    name: str
    weights_hash: str
    distance: str
    parts: int
    size: int

    def __post_init__(self) -> None:
        check_metric(self.name, self.distance)
        least = 3 if self.distance == "normalised-cosine" else 1
        if not (self.parts >= 1 and self.size >= least and self.parts * self.size <= _MOST_VALUES):
            raise IncompatibleError(f"'{self.name}': vectors of {self.parts} x {self.size} values cannot be compared")

    @classmethod
    def of(cls, model: WalkEmbedder, vector: NDArray[np.float32]) -> ModelKey:
        """Return the key of a model that embeds walks as `vector` [P, D]."""
        return cls(model.name, weights_hash_of(model), model.distance, *vector.shape)

    @property
    def label(self) -> str:
        """Name and beginning of the hash, for people to read."""
        return model_label(self.name, self.weights_hash)

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that stand for the key, safe in file and table names."""
        words = (self.name, self.weights_hash, self.distance, str(self.parts), str(self.size))
        return hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]


def model_label(name: str, weights_hash: str) -> str:
    """A model's name and the beginning of its weights' hash, for people to read.

    >>> model_label("skeleton", "6e33718c563ae9a7")
    'skeleton (6e33718c563a)'
    """
    return f"{name} ({weights_hash[:12] or 'no weights'})"


def check_metric(model: str, distance: str) -> None:
    """Raise `IncompatibleError` unless a metric needs nothing but the two vectors that it compares."""
    if distance not in METRICS:
        raise IncompatibleError(
            f"'{model}' compares walks by {distance}, on the scale of all walks at hand, which changes with every "
            f"enrollment; a gallery needs one of {', '.join(METRICS)}"
        )


def weights_hash_of(model: WalkEmbedder) -> str:
    """Hash of everything that a model's embeddings depend on: its weights, and its strangers where it has them."""
    card = model.card
    weights, strangers = str(card.get("weights_hash", "")), str(card.get("strangers_hash", ""))
    return hashlib.sha256(f"{weights} {strangers}".encode()).hexdigest() if strangers else weights


@dataclass(frozen=True, eq=False)
class Template:
    """One embedded walk of one person.

    Args:
        person: the person's name: data, never part of a file name.
        model: what the vector is comparable with.
        modality: what was recorded: ``silhouettes``, ``joints`` or ``frames``.
        vector: float32 [P, D], finite; P and D those of `model`.
        walk: id of the walk that was embedded.
        condition: of that walk.
        view: of that walk.
        quality: in 0..1, how much of the walker was seen; None where that is not known.
        enrolled_at: when, ISO 8601 in UTC.
        picture: PNG of the walk, or None.
        walk_file: the whole walk as `data.walk_files` writes it, or None; from it another model can embed it again.
        person_id: opaque id of the person, given by the engine; empty before that.
        template_id: opaque id of the template, 32 hexadecimal digits; drawn where it is not given.

    Raises:
        UsageError: a name that cannot be one (`check_name`).
        InvalidSequenceError: other fields out of range.
    """

    person: str
    model: ModelKey
    modality: str
    vector: NDArray[np.float32]
    walk: str
    condition: str
    view: str
    quality: float | None = None
    enrolled_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="microseconds"))
    picture: bytes | None = None
    walk_file: bytes | None = None
    person_id: str = ""
    template_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        object.__setattr__(self, "person", check_name(self.person))
        vector = np.ascontiguousarray(self.vector, np.float32)
        if vector.shape != (self.model.parts, self.model.size):
            raise InvalidSequenceError(
                f"{self.walk}: vector {vector.shape} of a model with {self.model.parts} x {self.model.size} values"
            )
        # Half the largest float32: sums of squares must stay numbers.
        if not (np.isfinite(vector).all() and np.abs(vector).max(initial=0) < 1e18):
            raise InvalidSequenceError(f"{self.walk}: the vector holds NaN, infinity or values without measure")
        object.__setattr__(self, "vector", vector)
        for name in ("modality", "walk", "condition", "view", "enrolled_at"):
            value = getattr(self, name)
            if not isinstance(value, str) or len(value) > _LONGEST_LABEL or not value.isprintable():
                raise InvalidSequenceError(f"{name} {str(value)[:80]!r} of a template is no printable label")
        if self.quality is not None and not (math.isfinite(self.quality) and 0 <= self.quality <= 1):
            raise InvalidSequenceError(f"{self.walk}: quality is {self.quality!r}, must be in 0..1")
        if not is_id(self.template_id) or (self.person_id and not is_id(self.person_id)):
            raise InvalidSequenceError(f"{self.walk}: ids must be 32 hexadecimal digits")


def check_name(name: object) -> str:
    """Return a person's name in Unicode's composed form (NFC), so that what looks the same is the same.

    Any printable text is a name: it is data everywhere, never a file name or part of a command.

    Raises:
        UsageError: empty, not printable, with white space around it, or more than `LONGEST_NAME` characters.

    >>> check_name("Zoë O'Neil; DROP TABLE people")
    "Zoë O'Neil; DROP TABLE people"
    """
    if not isinstance(name, str) or not name:
        raise UsageError("a person's name must not be empty")
    composed = unicodedata.normalize("NFC", name)
    if len(composed) > LONGEST_NAME:
        raise UsageError(f"name {composed[:40] + '...'!r} has {len(composed)} characters, at most {LONGEST_NAME}")
    if not composed.isprintable():
        raise UsageError(f"name {composed!r} holds characters that cannot be printed")
    if composed != composed.strip():
        raise UsageError(f"name {composed!r} has white space at an end")
    return composed


def is_id(value: str) -> bool:
    """Say whether a text is an id of a person or a template: 32 hexadecimal digits."""
    return len(value) == 32 and set(value) <= set("0123456789abcdef")

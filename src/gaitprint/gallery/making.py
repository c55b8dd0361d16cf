"""Templates from walks: what a model makes of them, and what is kept beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gaitprint.core.errors import IncompatibleError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.inputs import INPUTS
from gaitprint.data.walk_files import walk_to_bytes
from gaitprint.evaluation.walk_embedder import WalkEmbedder
from gaitprint.gallery.picture import picture_of
from gaitprint.gallery.template import ModelKey, Template, check_metric


def modality_of(model: WalkEmbedder) -> str:
    """Return what a model looks at: ``silhouettes``, ``joints`` or ``frames``.

    Raises:
        IncompatibleError: its card does not say, or it looks at several; or it compares walks on the scale of a set.
    """
    check_metric(model.name, model.distance)
    card = model.card
    cards: list[Mapping[str, Any]] = list(card["members"].values()) if "members" in card else [card]
    found = {INPUTS[each["input"]["representation"]].modality for each in cards if "input" in each}
    if len(found) != 1:
        raise IncompatibleError(
            f"'{model.name}' has no card that says what of a walk it looks at; a gallery needs a model with weights"
            if not found
            else f"'{model.name}' looks at {' and '.join(sorted(found))}: a gallery needs one model for each"
        )
    return str(found.pop())


def templates_of(
    name: str,
    modality: str,
    model: WalkEmbedder,
    walks: Sequence[GaitSequence],
    keep_walks: bool,
    keep_pictures: bool,
) -> list[Template]:
    """Embed walks of one person, each with a modality that `model` looks at.

    Raises:
        IncompatibleError: the model cannot embed a walk, or compares walks on the scale of a set only.
    """
    vectors = model.embed(walks)
    return [
        Template(
            person=name,
            model=ModelKey.of(model, vector),
            modality=modality,
            vector=vector,
            walk=walk.id,
            condition=walk.condition,
            view=walk.view,
            quality=quality_of(walk, modality),
            picture=picture_of(walk) if keep_pictures else None,
            walk_file=walk_to_bytes(walk) if keep_walks else None,
        )
        for walk, vector in zip(walks, vectors, strict=True)
    ]


def quality_of(walk: GaitSequence, modality: str) -> float | None:
    """How much of the walker was seen, in 0..1.

    Joints: their mean confidence. Silhouettes: the share of frames that show anybody. Frames: not known, None.
    """
    if modality == "joints":
        return 1.0 if walk.confidence is None else float(np.clip(walk.confidence.mean(dtype=np.float64), 0, 1))
    if modality == "silhouettes" and walk.silhouettes is not None:
        return float((walk.silhouettes > 127).any(axis=(1, 2)).mean())
    return None

"""Templates from walks: what a model makes of them, and what is kept beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaitprint.core.sequence import GaitSequence
from gaitprint.data.walk_files import walk_to_bytes
from gaitprint.gallery.model_set import FittedModel
from gaitprint.gallery.picture import picture_of
from gaitprint.gallery.template import ModelKey, Template


def templates_of(
    name: str,
    model: FittedModel,
    walks: Sequence[GaitSequence],
    keep_walks: bool,
    keep_pictures: bool,
) -> list[Template]:
    """Embed walks of one person, each of which `model` takes.

    Raises:
        IncompatibleError: a walk shows too little.
    """
    vectors = model.embedder.embed(walks)
    return [
        Template(
            person=name,
            model=ModelKey.of(model.embedder, vector),
            modality=model.modality,
            vector=vector,
            walk=walk.id,
            condition=walk.condition,
            view=walk.view,
            quality=quality_of(walk, model.modality),
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

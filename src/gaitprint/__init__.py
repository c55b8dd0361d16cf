"""gaitprint recognises people by the way they walk.

The names below are the public Python interface; each is imported when it is first used, so that ``import gaitprint``
loads neither torch nor OpenCV.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "EmbeddingSet": "gaitprint.core.embeddings",
    "GaitSequence": "gaitprint.core.sequence",
    "Gallery": "gaitprint.gallery.gallery",
    "GaitprintError": "gaitprint.core.errors",
    "Matcher": "gaitprint.evaluation.matching",
    "Skeleton": "gaitprint.core.skeletons",
    "Store": "gaitprint.data.store",
    "align_silhouettes": "gaitprint.data.silhouettes",
    "evaluate": "gaitprint.cli.evaluate",
    "gait_energy_image": "gaitprint.data.gei",
    "load": "gaitprint.evaluation.embed:load_embedder",
    "prepare": "gaitprint.cli.prepare",
    "read_skeleton": "gaitprint.core.skeleton_definition",
    "train": "gaitprint.cli.train",
}

__all__ = [*_PUBLIC, "__version__"]

if TYPE_CHECKING:
    from gaitprint.cli.evaluate import evaluate as evaluate
    from gaitprint.cli.prepare import prepare as prepare
    from gaitprint.cli.train import train as train
    from gaitprint.core.embeddings import EmbeddingSet as EmbeddingSet
    from gaitprint.core.errors import GaitprintError as GaitprintError
    from gaitprint.core.sequence import GaitSequence as GaitSequence
    from gaitprint.core.skeleton_definition import read_skeleton as read_skeleton
    from gaitprint.core.skeletons import Skeleton as Skeleton
    from gaitprint.data.gei import gait_energy_image as gait_energy_image
    from gaitprint.data.silhouettes import align_silhouettes as align_silhouettes
    from gaitprint.data.store import Store as Store
    from gaitprint.evaluation.embed import load_embedder as load  # noqa: F401
    from gaitprint.evaluation.matching import Matcher as Matcher
    from gaitprint.gallery.gallery import Gallery as Gallery


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'gaitprint' has no attribute '{name}'")
    module, _, attribute = _PUBLIC[name].partition(":")
    return getattr(importlib.import_module(module), attribute or name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})

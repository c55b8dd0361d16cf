"""What the commands on galleries share: which gallery, and which models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import UseAppendAction, arg

from gaitprint.core.errors import UsageError

if TYPE_CHECKING:
    from gaitprint.core.sequence import GaitSequence
    from gaitprint.evaluation.walk_embedder import WalkEmbedder
    from gaitprint.gallery.gallery import Gallery
    from gaitprint.gallery.model_set import ModelSet

# --model MODEL, any number of times.
Models = UseAppendAction[Annotated[tuple[str, ...], arg(metavar="MODEL")]]


def is_store(location: str | None) -> bool:
    """Whether what was given as a gallery is a store of walks."""
    return location is not None and "://" not in location and (Path(location) / "data.mdb").is_file()


def only_model(models: tuple[str, ...], walk: GaitSequence, device: str) -> tuple[str, WalkEmbedder]:
    """Return name and model that a store is searched with: the one that is given, or the shipped one for a walk.

    Raises:
        UsageError: several are given; or as `load_embedder`.
        IncompatibleError: no shipped one can embed the walk.
    """
    from gaitprint.evaluation.embed import load_embedder
    from gaitprint.gallery.gallery import DEFAULT_MODELS
    from gaitprint.gallery.model_set import ModelSet

    if len(models) > 1:
        raise UsageError(f"a store is searched with one model, not with {len(models)}; enroll its people in a gallery")
    if models:
        return models[0], load_embedder(models[0], device)
    shipped = {load_embedder(name, device): name for name in DEFAULT_MODELS}
    fitting, _ = ModelSet(shipped).for_walks([walk])[0]
    return shipped[fitting.embedder], fitting.embedder


def load_models(models: tuple[str, ...], device: str) -> ModelSet:
    """Load the models of ``--model``, or all that are shipped; errors as `load_embedder` and `ModelSet`."""
    from gaitprint.evaluation.embed import load_embedder
    from gaitprint.gallery.gallery import DEFAULT_MODELS
    from gaitprint.gallery.model_set import ModelSet

    return ModelSet(load_embedder(model, device) for model in models or DEFAULT_MODELS)


def open_gallery(location: str | None, models: tuple[str, ...], device: str, *, create: bool = False) -> Gallery:
    """Open the gallery that ``--gallery`` names, or the default one, with the models of ``--model``, or all shipped."""
    from gaitprint.gallery.gallery import DEFAULT_MODELS, Gallery

    return Gallery(location, models or DEFAULT_MODELS, create=create, device=device)

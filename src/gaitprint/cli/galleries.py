"""What the commands on galleries share: which gallery, and which models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import UseAppendAction, arg

from gaitprint.core.errors import UsageError
from gaitprint.evaluation.matching import DEFAULT_MODEL

if TYPE_CHECKING:
    from gaitprint.gallery.gallery import Gallery

# --model MODEL, any number of times.
Models = UseAppendAction[Annotated[tuple[str, ...], arg(metavar="MODEL")]]


def is_store(location: str | None) -> bool:
    """Whether what was given as a gallery is a store of walks."""
    return location is not None and "://" not in location and (Path(location) / "data.mdb").is_file()


def only_model(models: tuple[str, ...]) -> str:
    """Return the one model, or the default; UsageError where several are given."""
    if len(models) > 1:
        raise UsageError(f"a store is searched with one model, not with {len(models)}; enroll its people in a gallery")
    return models[0] if models else DEFAULT_MODEL


def open_gallery(location: str | None, models: tuple[str, ...], device: str, *, create: bool = False) -> Gallery:
    """Open the gallery that ``--gallery`` names, or the default one, with the models of ``--model``."""
    from gaitprint.evaluation.embed import load_embedder
    from gaitprint.gallery.gallery import Gallery

    gallery = Gallery(location, (), create=create)
    gallery.use_models([load_embedder(model, device) for model in models or (DEFAULT_MODEL,)])
    return gallery

"""`gaitprint embed`: the embeddings of all walks of a store, as one .npz file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from gaitprint.cli.option_types import Device
from gaitprint.cli.terminal import output
from gaitprint.core.counted import counted


def embed(
    model: Positional[Annotated[str, arg(metavar="MODEL")]],
    /,
    *,
    data: Annotated[Path, arg(metavar="STORE")],
    out: Annotated[Path, arg(metavar="FILE.npz")],
    device: Device = "auto",
) -> dict[str, Any]:
    """Write the embeddings of all walks of a store.

    The file holds the arrays embeddings (float32 [N, P, D]), subjects, conditions and views.

    Args:
        model: A run folder, a weights file, or a shipped model's name.
        data: The store.
        out: The .npz file to write.
        device: Where to compute.

    Returns:
        model, walks, parts, dimensions and the path of the file.
    """
    from gaitprint.data.store import Store
    from gaitprint.evaluation.embed import load_embedder

    store = Store.open(data)
    embeddings = load_embedder(model, device).embed_store(store, range(len(store)))
    embeddings.save(out)
    count, parts, dimensions = embeddings.embeddings.shape
    output.print(f"{counted(count, 'walk')} embedded as {parts} x {dimensions} values each: {out}")
    return {"model": model, "walks": count, "parts": parts, "dimensions": dimensions, "path": str(out)}

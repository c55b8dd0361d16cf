"""`gaitprint prepare`: a raw data set in, a store out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, arg

from gaitprint.cli.option_types import Size, parse_size
from gaitprint.cli.rejects import print_rejects, rejects_to_json
from gaitprint.cli.terminal import output
from gaitprint.core.counted import counted


def prepare(
    reader: Positional[Annotated[str, arg(metavar="READER")]],
    source: Positional[Annotated[Path, arg(metavar="SOURCE")]],
    /,
    *,
    out: Annotated[Path, arg(metavar="STORE")],
    workers: Annotated[int | None, arg(metavar="N")] = None,
    encoding: Literal["bits", "grey"] = "bits",
    size: Size = "64x64",
    partition: Annotated[Path | None, arg(metavar="FILE.json")] = None,
) -> dict[str, Any]:
    """Turn a raw data set into a store of packed walks.

    A second run does only what is missing. Whatever cannot be read is listed by path and reason, and never stops the
    rest.

    Args:
        reader: casia-b, tree, opengait, kinect-gait, bvh, mpii, lsp or coco.
        source: The data set's folder.
        out: The store.
        workers: Processes to read with; by default one a core.
        encoding: Keep silhouettes as bits (thresholded at half) or as grey values (lossless).
        size: Height x width that silhouettes are aligned to.
        partition: A JSON file with TRAIN_SET and TEST_SET, as OpenGait publishes them.

    Returns:
        How many walks were stored now and before, and the rejects.
    """
    from gaitprint.data.prepare import prepare as run

    summary = run(reader, source, out, workers=workers, encoding=encoding, size=parse_size(size), partition=partition)
    print_rejects(summary.rejects)
    output.print(f"{counted(summary.stored, 'walk')} stored, {summary.present} already there")
    output.print(str(out))
    return {
        "stored": summary.stored,
        "present": summary.present,
        "rejects": rejects_to_json(summary.rejects),
        "empty_frames": summary.empty_frames,
        "store": str(out),
    }

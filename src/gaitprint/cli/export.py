"""`gaitprint export`: a model as a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from rich.filesize import decimal
from tyro.conf import Positional, arg

from gaitprint.cli.terminal import output


def export(
    model: Positional[Annotated[str, arg(metavar="MODEL")]],
    /,
    *,
    to: Literal["onnx"] = "onnx",
    out: Annotated[Path, arg(metavar="FILE.onnx")],
) -> dict[str, Any]:
    """Write a model as an ONNX file that takes any number of walks, of any number of frames.

    Before the file is kept, ONNX Runtime must compute from it what PyTorch does: on random inputs no output may differ
    by more than a ten thousandth of its largest value. The model's card is in the file's metadata (gaitprint_card).
    Needs the extra: pip install "gaitprint[export]".

    Args:
        model: A run folder, a weights file, or a shipped model's or pose network's name.
        to: The format.
        out: The file to write.

    Returns:
        model, format, path, bytes, shapes, and the difference from PyTorch of each output.
    """
    from gaitprint.interop.onnx import export_onnx, load_graph

    graph = load_graph(model)
    file = export_onnx(graph, out)
    for name, shape in file.shapes.items():
        way = "in " if name == graph.input_name else "out"
        difference = f"; differs from PyTorch by {file.differences[name]:.1e}" if name in file.differences else ""
        output.print(f"{way} {name} [{', '.join(map(str, shape))}]{difference}", markup=False)
    output.print(f"{graph.name}, {decimal(file.size)}: {out}", markup=False)
    return {
        "model": model,
        "format": to,
        "path": str(out),
        "bytes": file.size,
        "shapes": file.shapes,
        "differences": file.differences,
    }

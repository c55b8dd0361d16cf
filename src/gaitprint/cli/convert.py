"""`gaitprint convert`: weights that another framework wrote as a weights file of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from rich.table import Table
from tyro.conf import Positional, arg

from gaitprint.cli.terminal import output
from gaitprint.core.config import to_mapping

if TYPE_CHECKING:
    from gaitprint.interop.tensorflow_conversion import Conversion

# Scopes in which the variables that are left out are counted together: the residual block, the optimiser, ...
_SCOPE_WORDS = {"GaitNN": 5}


def convert(
    source: Positional[Annotated[Literal["tensorflow"], arg(metavar="tensorflow")]],
    checkpoint: Positional[Annotated[Path, arg(metavar="CHECKPOINT")]],
    /,
    *,
    out: Annotated[Path, arg(metavar="FILE.safetensors")],
    pose: Annotated[str | None, arg(metavar="NETWORK")] = None,
    rnn_layers: Annotated[int | None, arg(metavar="1|2")] = None,
) -> dict[str, Any]:
    """Convert a checkpoint of HumanPoseNN, GaitNN or both into a weights file.

    Which of them the checkpoint holds is read off its variables. Needs TensorFlow: pip install "gaitprint[tensorflow]",
    in an environment of its own; the file needs it no more.

    Args:
        source: What wrote the checkpoint.
        checkpoint: Its name (model.ckpt), one of its files, or a folder with a file 'checkpoint'.
        out: The weights file to write.
        pose: For a GaitNN: the pose network whose features it takes, as a name, a run folder or a weights file.
        rnn_layers: For a GaitNN: its recurrent layers, where TensorFlow 1.2 or newer wrote both as one.

    Returns:
        kind, path, card, the values used and left out, and why each variable was left out.
    """
    from gaitprint.interop.tensorflow_conversion import convert_checkpoint

    done = convert_checkpoint(checkpoint, out, pose, rnn_layers)
    unused = sum(done.left_out_values.values())
    output.print(_table(done))
    output.print(
        f"{done.kind}: {done.used.values:,} values of the checkpoint are live, {unused:,} are dead or serve training"
    )
    if done.one_cell:
        layers = "both recurrent layers have its values" if done.shared_cell else "one recurrent layer is assumed"
        output.print(
            f"one recurrent cell found: {layers} (TensorFlow 1.2 and newer write one for two; --rnn-layers decides)"
        )
    output.print(f"{done.path}")
    return {
        "kind": done.kind,
        "path": str(done.path),
        "card": to_mapping(done.card),
        "parts": {part: count._asdict() for part, count in done.parts.items()},
        "live_values": done.used.values,
        "left_out_values": unused,
        "left_out": done.left_out,
    }


def _table(done: Conversion) -> Table:
    """What the file holds by part, then what the checkpoint held besides."""
    table = Table(title=f"{done.path.name} ({done.kind})", title_justify="left")
    table.add_column("part or variables", overflow="fold")
    table.add_column("tensors", justify="right")
    table.add_column("values", justify="right")
    table.add_column("what became of them", overflow="fold")
    for part, count in done.parts.items():
        table.add_row(part, str(count.tensors), f"{count.values:,}", "converted")
    table.add_section()
    groups: dict[tuple[str, str], list[int]] = {}
    for name, why in done.left_out.items():
        words = name.split("/")
        scope = "/".join(words[: min(_SCOPE_WORDS.get(words[0], 2), max(len(words) - 1, 1))])
        groups.setdefault((scope, why), []).append(done.left_out_values[name])
    for (scope, why), sizes in groups.items():
        table.add_row(scope, str(len(sizes)), f"{sum(sizes):,}", f"left out: {why}")
    return table
